"""Runs the carrier simulator as a process of its own: `python -m outdial.carrier`."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer
from aiohttp import web

from outdial.carrier.behaviour import Behaviour
from outdial.carrier.caps import Caps
from outdial.carrier.events import EventTeller
from outdial.carrier.exchange import Exchange
from outdial.carrier.log import CallLog, LogInUseError, read
from outdial.carrier.server import CarrierApi, StampingServer

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


def carrier(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    log: Annotated[Path, typer.Option(help="JSON lines, appended to.")] = Path("carrier.jsonl"),
    seed: int = 1,
    max_concurrent: Annotated[int, typer.Option(min=0, help="0: no cap.")] = 0,
    calls_per_second: Annotated[int, typer.Option(min=0, help="0: no cap.")] = 0,
    time_scale: Annotated[float, typer.Option(min=0, help="0.01 is 100 times faster.")] = 1.0,
    behaviour: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON: outcomes, faults, …")
    ] = None,
) -> None:
    """Run the simulated carrier: it answers originates, plays the calls, and logs all of it."""
    known = Behaviour() if behaviour is None else _read_behaviour(behaviour)
    options = CarrierOptions(
        host=host,
        port=port,
        log=log,
        seed=seed,
        max_concurrent=max_concurrent,
        calls_per_second=calls_per_second,
        time_scale=time_scale,
        behaviour=known,
    )
    try:
        asyncio.run(serve(options))
    except (LogInUseError, OSError) as error:
        typer.echo(f"carrier: {error}", err=True)
        raise typer.Exit(1) from error


async def serve(options: CarrierOptions) -> None:
    log = CallLog.open(options.log)
    teller = EventTeller()
    exchange = Exchange(
        log,
        teller,
        behaviour=options.behaviour,
        seed=options.seed,
        caps=Caps(options.max_concurrent, options.calls_per_second),
        time_scale=options.time_scale,
    )
    exchange.restore(read(options.log))
    server = StampingServer(CarrierApi(exchange, time_scale=options.time_scale).handle)
    runner = web.ServerRunner(server)
    try:
        stopped = _on_stop_signal()
        await _listen(runner, options)
        await stopped.wait()
    finally:
        await runner.cleanup()
        exchange.drop_live()
        await log.close()
        await teller.close()


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


def _read_behaviour(path: Path) -> Behaviour:
    try:
        return Behaviour.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--behaviour") from error


if __name__ == "__main__":
    typer.run(carrier)
