"""A dialer and a fold around a scripted provider."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest_asyncio
from faststream.kafka import KafkaBroker
from pydantic import SecretStr
from redis.asyncio import Redis
from typing_extensions import override

from outdial.stack.servers import LocalServers
from services.dialer.candidates import CandidateReader
from services.dialer.handlers import AttemptDialer
from services.dialer.originator import Originator
from services.dialer.permits.permits import Permits
from services.dialer.permits.slow_originates import SlowOriginates
from services.dialer.provider_events import EventsAddress
from services.dialer.providers.protocol import (
    Provider,
)
from services.dialer.providers.trunks import ConnectedTrunk, Trunks
from services.dialer.reconciler import Reconciler
from services.dialer.reporter import CallReporter
from services.dialer.trunk_health import TrunkHealth
from services.events.fold import CallFolder
from shared.db.trunks import Trunk
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import INSTALLATION, Caps
from shared.kafka.broker import consume, make_broker
from shared.kafka.messages.attempts import AttemptDue, AttemptDueData
from shared.kafka.messages.calls import CALL_REPORTS, CallEvent
from tests.support.campaigns import (
    a_definition,
    a_rulebook,
    a_running_campaign,
    some_contacts,
    tenant_of,
)
from tests.support.pipeline import ScriptedProvider, settings_for
from tests.support.waiting import until

INTERVAL = timedelta(seconds=10)
EVENTS = EventsAddress("http://dialers", SecretStr("a-word-of-the-test"))


class OneTrunk(Trunks):
    """Trunks that all use the scripted provider."""

    provider_: Provider

    @override
    async def connected(self, trunk_id: int) -> ConnectedTrunk:
        return ConnectedTrunk(Trunk(id=trunk_id, provider="", settings={}), self.provider_, 0.0)


@dataclass
class Bench:
    """A dialer and a fold around one provider."""

    pool: Pool
    provider: ScriptedProvider
    dialer: AttemptDialer
    originator: Originator
    reporter: CallReporter
    health: TrunkHealth
    reconciler: Reconciler
    redis: Redis
    campaign: int = 0
    tenant: int = 0

    async def claimed(
        self, count: int = 1, *, tenant_id: int | None = None, **definition: object
    ) -> list[AttemptDue]:
        """Insert claimed attempts, and return the messages that the scheduler would publish."""
        now = datetime.now(UTC)
        self.campaign = await a_running_campaign(
            self.pool, a_definition(**definition), tenant_id=tenant_id, now=now
        )
        self.tenant = await tenant_of(self.pool, self.campaign)
        await some_contacts(self.pool, self.campaign, count)
        rows = await self.pool.fetch(
            """
            WITH taken AS (
                UPDATE contacts SET state = 'active' WHERE campaign_id = $1
                RETURNING tenant_id, id, number
            )
            INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
                window_closes_at, revisit_at, number, state, tzdata_version, phone)
            SELECT tenant_id, uuidv7(), $1, id, $2, $3, $3, 1, 'claimed', 'test', number FROM taken
            RETURNING tenant_id, id, contact_id
            """,
            self.campaign,
            now,
            now + timedelta(hours=1),
        )
        return [
            AttemptDue.of(
                AttemptDueData(
                    tenant_id=row["tenant_id"],
                    attempt_id=row["id"],
                    campaign_id=self.campaign,
                    contact_id=row["contact_id"],
                ),
                at=now,
            )
            for row in rows
        ]

    async def states(self) -> list[str]:
        rows = await self.pool.fetch("SELECT state FROM attempts ORDER BY id")
        return [row["state"] for row in rows]

    async def becomes(self, *states: str) -> None:
        async def same() -> bool:
            return await self.states() == list(states)

        try:
            await until(same)
        except TimeoutError:
            assert await self.states() == list(states)

    async def column(self, name: str) -> object:
        [row] = await self.pool.fetch("SELECT * FROM attempts")
        return row[name]

    async def contact(self) -> tuple[str, int, str | None]:
        [row] = await self.pool.fetch("SELECT state, attempts, outcome FROM contacts")
        return row["state"], row["attempts"], row["outcome"]

    async def leases(self) -> int:
        held: int = await self.redis.zcard("outdial:leases:installation:0")
        return held

    def reference(self, message: AttemptDue) -> CallReference:
        return CallReference(self.tenant, message.data.attempt_id)


@dataclass
class CallReports:
    """Hands the call reports to the fold of the running test; outside of a test they are dropped.

    Its consumer runs all the session, because to join a consumer group takes a second.
    """

    folder: CallFolder | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def on_call_reports(self, reports: list[CallEvent]) -> None:
        async with self._turn:
            if self.folder is not None:
                await self.folder.on_call_reports(reports)

    @asynccontextmanager
    async def folded_by(self, folder: CallFolder) -> AsyncIterator[None]:
        self.folder = folder
        try:
            yield
        finally:
            async with self._turn:
                self.folder = None


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def call_reports(servers: LocalServers, topics: None) -> AsyncIterator[CallReports]:
    reports = CallReports()
    broker = make_broker(settings_for(servers, servers.postgres.url), "events")
    group = f"events.{uuid4()}"
    consume(broker, CALL_REPORTS, CallEvent, reports.on_call_reports, group=group)
    await broker.start()
    yield reports
    await broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def bench(
    pool: Pool, redis: Redis, broker: KafkaBroker, call_reports: CallReports
) -> AsyncIterator[Bench]:
    permits = Permits(redis, pool, 60)
    # Redis is empty, so the leases must be rebuilt, which takes longer than a permit is valid.
    await permits.acquire([], {INSTALLATION: Caps(1, 1)})
    reporter = CallReporter(pool, broker, permits)
    trunks = OneTrunk(pool, reporter.on_report)
    health = TrunkHealth(pool)
    originator = Originator(reporter, SlowOriginates(permits), EVENTS, health)
    trunks.provider_ = provider = ScriptedProvider()
    dialer = AttemptDialer(
        pool,
        CandidateReader(pool, a_rulebook()),
        permits,
        trunks,
        originator,
        reporter,
        health,
        Caps(100, 100),
        INTERVAL,
    )
    reconciler = Reconciler(pool, trunks, reporter, INTERVAL, timedelta(hours=1))
    async with call_reports.folded_by(CallFolder(pool)):
        yield Bench(pool, provider, dialer, originator, reporter, health, reconciler, redis)
        await originator.drain()
