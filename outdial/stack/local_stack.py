"""The whole local stack: servers, schema and topics, the carrier, and the four services."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg

from outdial.stack.errors import first_error
from outdial.stack.http_process import HttpProcess
from outdial.stack.ownership import stop_leftovers
from outdial.stack.processes import Child, run
from outdial.stack.server import GivenServer, LocalServer
from outdial.stack.servers import LocalServers
from outdial.stack.services import carrier_process, job, service_processes
from outdial.stack.state import Process, Role, State, key_file
from shared.db import trunks
from shared.kafka.topics import create_topics

WATCH_SECONDS = 0.2

# The webhook receivers of a local stack are on this machine, too.
DEVELOPMENT = {"OUTDIAL_WEBHOOKS_ALLOW_PRIVATE": "true"}


class LocalStack:
    """All processes that a campaign needs; each stack has a directory of its own."""

    def __init__(
        self,
        directory: Path,
        *,
        scale: Mapping[str, int] | None = None,
        detached: bool = False,
        fsync: bool = True,
        carrier_options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        report: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Unless `detached`, all processes end with this one; `environment` is for the services."""
        self.directory = directory.absolute()
        self.state = State.new(self.directory, detached=detached)
        self.servers = LocalServers(
            self.directory, fsync=fsync, tied=not detached, on_start=self._record_server
        )
        self._environment = DEVELOPMENT | dict(environment or {})
        self._events_secret = secrets.token_urlsafe(24)
        self._report = report
        tie = None if detached else signal.SIGKILL
        self.carrier = carrier_process(
            self.directory, carrier_options, tie=tie, on_start=self._record_carrier
        )
        self.services = service_processes(
            self.directory,
            scale or {},
            environment=self.environment,
            tie=tie,
            on_start=self._record_service,
        )

    @property
    def api_url(self) -> str:
        return self.services[0].url

    @property
    def carrier_log(self) -> Path:
        return self.directory / "carrier.jsonl"

    def environment(self) -> dict[str, str]:
        return self._events_address() | self._environment | self.servers.environment()

    def service(self, name: str) -> HttpProcess:
        return next(service for service in self.services if service.name == name)

    async def start(self) -> None:
        """Start all processes; after an error or Ctrl-C, stop those that were started."""
        try:
            await self._start()
        except BaseException:
            await self.stop(kill=True)
            raise

    async def stop(self, *, kill: bool = False) -> None:
        """Stop the services first; with `kill`, the servers and the carrier are killed."""
        await asyncio.gather(*(service.stop() for service in self.services))
        await asyncio.gather(self.carrier.stop(kill=kill), self.servers.stop(kill=kill))

    async def ended(self) -> AsyncGenerator[Child]:
        """Yields each process that ends by itself; never returns."""
        seen: set[int] = set()
        while True:
            for child in self._children():
                if child.exit_code is not None and child.pid not in seen:
                    seen.add(child.pid)
                    yield child
            await asyncio.sleep(WATCH_SECONDS)

    async def _start(self) -> None:
        await stop_leftovers(self.directory)
        key_file(self.directory).unlink(missing_ok=True)
        self.state.save()
        with first_error():
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_postgres())
                group.create_task(self._start_server(self.servers.redis))
                group.create_task(self._start_kafka())
                group.create_task(self._start_http(self.carrier))
        await self._route_calls_to_carrier()
        # The other dialers need the address of the first, which is known once that is up.
        others = self._dialers[1:]
        for processes in ([service for service in self.services if service not in others], others):
            with first_error():
                async with asyncio.TaskGroup() as group:
                    for process in processes:
                        group.create_task(self._start_http(process))
        self.state.ready = True
        self.state.save()

    async def _start_postgres(self) -> None:
        await self._start_server(self.servers.postgres)
        await self._run_job("shared.db.migrate", self.servers.postgres)

    async def _start_kafka(self) -> None:
        await self._start_server(self.servers.kafka)
        # In this process: unlike migrations, it needs no heavy import such as Alembic.
        await create_topics(self.servers.kafka.url)

    async def _start_server(self, server: LocalServer | GivenServer) -> None:
        await server.start()
        self.state.addresses[server.name] = server.url
        self.state.save()
        self._report(f"{server.name} is ready")

    async def _start_http(self, process: HttpProcess) -> None:
        await process.start()
        self.state.addresses[process.name] = process.url
        self.state.save()
        self._report(f"{process.name} is ready")

    async def _run_job(self, module: str, server: LocalServer | GivenServer) -> None:
        address = {f"OUTDIAL_{server.name.upper()}_URL": server.url}
        await run(module, job(self.directory, module, self._environment | address))

    async def _route_calls_to_carrier(self) -> None:
        conn = await asyncpg.connect(self.servers.postgres.url)
        try:
            await trunks.upsert(
                conn, name="default", provider="simulated", settings={"url": self.carrier.url}
            )
        finally:
            await conn.close()

    @property
    def _dialers(self) -> list[HttpProcess]:
        return [one for one in self.services if one.name.partition("-")[0] == "dialer"]

    def _events_address(self) -> dict[str, str]:
        """The first dialer serves the carrier's events for all, unless another address is given."""
        address = {"OUTDIAL_EVENTS_SECRET": self._events_secret}
        for first in self._dialers[:1]:
            if first.port and "OUTDIAL_EVENTS_URL" not in os.environ:
                address["OUTDIAL_EVENTS_URL"] = first.url
        return address

    def _children(self) -> Iterator[Child]:
        for process in (*self.services, self.carrier, *self.servers.all):
            child = None if isinstance(process, GivenServer) else process.child
            if child is not None:
                yield child

    def _record_server(self, server: LocalServer) -> None:
        self._record(server.child, "server", server.stop_signal)

    def _record_carrier(self, process: HttpProcess) -> None:
        self._record(process.child, "carrier", signal.SIGTERM)

    def _record_service(self, process: HttpProcess) -> None:
        self._record(process.child, "service", signal.SIGTERM)

    def _record(self, child: Child | None, role: Role, stop_signal: signal.Signals) -> None:
        if child is not None:
            self.state.record(Process.of(child, role, stop_signal))
