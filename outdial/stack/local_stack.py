"""The whole local stack: servers, schema and topics, the carrier, and the four services."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from aiokafka.errors import KafkaError

from outdial.stack import known
from outdial.stack.errors import StackError, first_error
from outdial.stack.http_process import HttpProcess
from outdial.stack.kafka_jars import cached_jars
from outdial.stack.ownership import stop_leftovers
from outdial.stack.processes import Child, run
from outdial.stack.server import GivenServer, LocalServer, variable
from outdial.stack.servers import LocalServers
from outdial.stack.services import carrier_process, job, service_processes
from outdial.stack.state import STOP_ORDER, Process, Role, State, key_file
from shared.db import trunks
from shared.kafka.topics import AWAY, create_topics

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
        kept: State | None = None,
    ) -> None:
        """Unless `detached`, all processes end with this one; `environment` is for the services."""
        self.directory = directory.absolute()
        self.state = kept or State.new(
            self.directory, detached=detached, carrier_options=carrier_options
        )
        self.servers = LocalServers(
            self.directory,
            fsync=fsync,
            tied=not detached,
            on_start=self._record_server,
            environment=_given(kept) if kept else os.environ,
        )
        self._environment = DEVELOPMENT | dict(environment or {})
        self._report = report
        tie = None if detached else signal.SIGKILL
        self.carrier = carrier_process(
            self.directory, self.state.carrier_options, tie=tie, on_start=self._record_carrier
        )
        self.services = service_processes(
            self.directory,
            scale or {},
            environment=self.environment,
            tie=tie,
            on_start=self._record_service,
        )

    @classmethod
    def running(cls, kept: State, *, report: Callable[[str], None]) -> "LocalStack":
        """A detached stack that runs already, with the addresses and options of its start."""
        names = [process.name for process in kept.processes.values() if process.role == "service"]
        scale = Counter(name.partition("-")[0] for name in names)
        stack = cls(Path(kept.directory), scale=scale, detached=True, report=report, kept=kept)
        for process in stack._processes():
            if process.name in kept.processes:
                process.keep(port_of(kept.addresses[process.name]))
        return stack

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

    async def heal(self) -> None:
        """Start the processes that have ended, on their addresses; the others run on.

        Servers come first and services last; a process that does not start is an error.
        """
        ended = {process.name for process in self.state.ended()}
        for roles in reversed(STOP_ORDER):
            with first_error():
                async with asyncio.TaskGroup() as group:
                    for process in self._processes():
                        if (
                            process.name in ended
                            and self.state.processes[process.name].role in roles
                        ):
                            group.create_task(self._start_one(process))

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
        self._report("starting PostgreSQL, Redis, Kafka and the carrier")
        with first_error():
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_postgres())
                group.create_task(self._start_one(self.servers.redis))
                group.create_task(self._start_kafka())
                group.create_task(self._start_one(self.carrier))
        await self._route_calls_to_carrier()
        self._report("starting the services")
        # The other dialers need the address of the first, which is known once that is up.
        others = self._dialers[1:]
        for processes in ([service for service in self.services if service not in others], others):
            with first_error():
                async with asyncio.TaskGroup() as group:
                    for process in processes:
                        group.create_task(self._start_one(process))
        self.state.ready = True
        self.state.save()
        known.note(self.directory)

    async def _start_postgres(self) -> None:
        await self._start_one(self.servers.postgres)
        await self._run_job("shared.db.migrate", self.servers.postgres)
        self._report("the schema is ready")

    async def _start_kafka(self) -> None:
        if not isinstance(self.servers.kafka, GivenServer) and not cached_jars():
            self._report("fetching Kafka's jars, once for all stacks")
        await self._start_one(self.servers.kafka)
        # In this process: unlike migrations, it needs no heavy import such as Alembic.
        try:
            await create_topics(self.servers.kafka.url)
        except KafkaError:
            raise StackError(AWAY) from None
        self._report("the topics are ready")

    async def _start_one(self, process: LocalServer | GivenServer | HttpProcess) -> None:
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
        address = {"OUTDIAL_EVENTS_SECRET": self.state.secret}
        for first in self._dialers[:1]:
            if first.port and "OUTDIAL_EVENTS_URL" not in os.environ:
                address["OUTDIAL_EVENTS_URL"] = first.url
        return address

    def _processes(self) -> Iterator[HttpProcess | LocalServer]:
        for process in (*self.services, self.carrier, *self.servers.all):
            if not isinstance(process, GivenServer):
                yield process

    def _children(self) -> Iterator[Child]:
        for process in self._processes():
            if process.child is not None:
                yield process.child

    def _record_server(self, server: LocalServer) -> None:
        self._record(server.child, "server", server.stop_signal)

    def _record_carrier(self, process: HttpProcess) -> None:
        self._record(process.child, "carrier", signal.SIGTERM)

    def _record_service(self, process: HttpProcess) -> None:
        self._record(process.child, "service", signal.SIGTERM)

    def _record(self, child: Child | None, role: Role, stop_signal: signal.Signals) -> None:
        if child is not None:
            self.state.record(Process.of(child, role, stop_signal))


def _given(kept: State) -> dict[str, str]:
    return {variable(name): address for name, address in kept.given.items()}


def port_of(address: str) -> int:
    """The port in a URL, or in host:port as Kafka writes it."""
    return urlsplit(address if "://" in address else f"//{address}").port or 0
