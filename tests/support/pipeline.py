"""A broker on the session's Kafka, an empty Redis, and a scripted provider."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import pytest_asyncio
from faststream.kafka import KafkaBroker
from redis.asyncio import Redis
from typing_extensions import override

from outdial.stack.servers import LocalServers
from services.dialer.providers.protocol import (
    CallReport,
    Capabilities,
    Originate,
    Provider,
    Report,
)
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome
from shared.kafka.broker import make_broker
from shared.kafka.topics import create_topics
from shared.runtime.settings import Settings


def settings_for(servers: LocalServers, dsn: str) -> Settings:
    return Settings.model_validate(
        {"postgres_url": dsn, "redis_url": servers.redis.url, "kafka_url": servers.kafka.url}
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def topics(servers: LocalServers) -> None:
    await create_topics(servers.kafka.url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(servers: LocalServers, topics: None) -> AsyncIterator[KafkaBroker]:
    """A broker for publishing; a test with a consumer starts a broker of its own."""
    made = make_broker(settings_for(servers, servers.postgres.url), "test")
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def redis(servers: LocalServers) -> AsyncIterator[Redis]:
    client = Redis.from_url(servers.redis.url, decode_responses=True)
    await client.flushdb()
    yield client
    await client.aclose()


def an_ending(
    reference: CallReference,
    outcome: Outcome = Outcome.ANSWERED_HUMAN,
    *,
    at: datetime | None = None,
) -> CallReport:
    return CallReport(
        reference=reference,
        provider_call_id=f"call-{reference}",
        state=CallState.ENDED,
        at=at or datetime.now(UTC),
        outcome=outcome,
    )


async def accept(request: Originate) -> str:
    return f"call-{request.reference}"


@dataclass
class ScriptedProvider(Provider):
    """Keeps each originate and calls `answer`; `known` has the calls for `lookup`.

    `asked_for` has the calls' ids with which it was asked.
    """

    answer: Callable[[Originate], Awaitable[str]] = accept
    asked: list[Originate] = field(default_factory=list)
    known: dict[CallReference, CallReport] = field(default_factory=dict)
    asked_for: list[str | None] = field(default_factory=list)
    hung_up: list[CallReference] = field(default_factory=list)
    lookup_error: Exception | None = None
    abilities: Capabilities = field(default_factory=Capabilities)

    @classmethod
    @override
    def connect(cls, trunk: Trunk, report: Report) -> Self:
        return cls()

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self.abilities

    @override
    async def originate(self, request: Originate) -> str:
        self.asked.append(request)
        return await self.answer(request)

    @override
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        self.asked_for.append(call_id)
        if self.lookup_error:
            raise self.lookup_error
        return self.known.get(reference)

    @override
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        self.hung_up.append(reference)

    @override
    async def close(self) -> None:
        return None
