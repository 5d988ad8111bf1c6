"""The process of the simulated carrier: serves until a signal stops it."""

import asyncio
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import typer
from aiohttp import web

from outdial.carrier.behaviour import Behaviour
from outdial.carrier.caps import Caps
from outdial.carrier.events import EventSender
from outdial.carrier.log import CallLog, Line, read
from outdial.carrier.messages import Messages
from outdial.carrier.server import CarrierApi, StampingServer
from outdial.carrier.switch import Switch

_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierOptions:
    host: str
    port: int
    log: Path
    seed: int
    max_concurrent: int
    calls_per_second: int
    time_scale: float
    behaviour: Behaviour


async def serve(options: CarrierOptions) -> None:
    log = CallLog.open(options.log)
    sender = EventSender()
    switch = Switch(
        log,
        sender,
        behaviour=options.behaviour,
        seed=options.seed,
        caps=Caps(options.max_concurrent, options.calls_per_second),
        time_scale=options.time_scale,
    )
    messages = Messages(log, sender, options.behaviour, options.seed, options.time_scale)
    switch.restore(_calls(read(options.log), messages))
    server = StampingServer(CarrierApi(switch, messages, time_scale=options.time_scale).handle)
    runner = web.ServerRunner(server)
    try:
        stopped = _on_stop_signal()
        await _listen(runner, options)
        await stopped.wait()
    finally:
        await runner.cleanup()
        switch.drop_live()
        await log.close()
        await sender.close()


def _calls(lines: Iterable[Line], messages: Messages) -> Iterator[Line]:
    """The lines about calls, when those about messages have been taken up."""
    for line in lines:
        if line["kind"] == "message":
            messages.restore(line)
        else:
            yield line


async def _listen(runner: web.ServerRunner, options: CarrierOptions) -> None:
    await runner.setup()
    site = web.TCPSite(
        runner, options.host, options.port, shutdown_timeout=_STOP_SECONDS, backlog=1024
    )
    await site.start()
    url = f"http://{options.host}:{site.port}"
    typer.echo(orjson.dumps({"event": "carrier ready", "url": url, "log": str(options.log)}))


def _on_stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
