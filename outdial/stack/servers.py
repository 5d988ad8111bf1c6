"""PostgreSQL, Redis and Kafka: started concurrently, or taken from the environment."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from outdial.stack.errors import first_error
from outdial.stack.kafka import KafkaServer
from outdial.stack.postgres import PostgresServer
from outdial.stack.redis import RedisServer
from outdial.stack.server import GivenServer, LocalServer, given, variable


class LocalServers:
    """`async with LocalServers(directory)` runs each server that the environment does not name."""

    def __init__(
        self,
        directory: Path,
        *,
        fsync: bool = True,
        tied: bool = True,
        on_start: Callable[[LocalServer], None] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        root = directory.absolute()
        self.directory = root
        self.postgres: PostgresServer | GivenServer = given(
            "postgres", environment
        ) or PostgresServer(root / "postgres", fsync=fsync, tied=tied, on_start=on_start)
        self.redis: RedisServer | GivenServer = given("redis", environment) or RedisServer(
            root / "redis", tied=tied, on_start=on_start
        )
        self.kafka: KafkaServer | GivenServer = given("kafka", environment) or KafkaServer(
            root / "kafka", tied=tied, on_start=on_start
        )

    @property
    def all(self) -> tuple[LocalServer | GivenServer, ...]:
        return (self.postgres, self.redis, self.kafka)

    def environment(self) -> dict[str, str]:
        """The variables by which services find these servers."""
        return {variable(server.name): server.url for server in self.all}

    async def start(self) -> None:
        """Start all; if one fails, stop the others and raise its error."""
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            with first_error():
                async with asyncio.TaskGroup() as group:
                    for server in self.all:
                        group.create_task(server.start())
        except BaseException:
            await self.stop(kill=True)
            raise

    async def stop(self, *, kill: bool = False) -> None:
        await asyncio.gather(*(server.stop(kill=kill) for server in self.all))

    async def __aenter__(self) -> "LocalServers":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
