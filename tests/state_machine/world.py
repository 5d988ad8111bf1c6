"""One database, one Redis and one carrier for all examples of the state machine."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import asyncpg
import uvloop
from redis.asyncio import Redis

from services.api.http.resources import Resources
from shared.db import trunks
from shared.db.api import api_keys, campaigns, tenants
from shared.db.api.pool import ApiPool
from shared.db.pool import open_pool
from shared.db.types import Pool, Session
from shared.definitions.campaign import CampaignDefinition
from shared.kafka.messages.envelope import Message
from tests.state_machine import clock, recount
from tests.state_machine.carrier import Carrier
from tests.state_machine.clock import Clock
from tests.state_machine.mail import Mail
from tests.state_machine.owner import PLANS, Campaign, Owner
from tests.state_machine.people import POLICIES
from tests.state_machine.processes import Processes
from tests.support.api import a_caller
from tests.support.campaigns import a_rulebook
from tests.support.database import api_pool

Run = Callable[[Coroutine[Any, Any, Any]], Any]

EMPTIED = """
    TRUNCATE campaigns, campaign_changes, campaign_edits, campaign_groups, contacts, attempts,
        campaign_counters, suppressions, blackouts, person_calls, waiting_contacts, inbox,
        trunk_outages, untold_ends,
        public_events, event_heads, event_relays, webhook_endpoints, webhook_deliveries
        CASCADE
"""
ENDS = """
    SELECT coalesce(a.outcome, a.reason) AS how, count(*) FROM attempts a
    WHERE a.ended_at IS NOT NULL GROUP BY 1
    UNION ALL
    SELECT 'waits for ' || coalesce(waits_for, 'its first call'), count(*) FROM contacts
    WHERE state = 'pending' GROUP BY 1
"""


class World:
    def __init__(
        self, pool: Pool, own: ApiPool, conn: Session, redis: Redis, tenant_id: int, key_id: int
    ):
        self.pool, self.redis, self._conn = pool, redis, conn
        self.clock = Clock(conn)
        self.mail = Mail()
        self.carrier = Carrier(clock=self.clock)
        book = a_rulebook()
        self.processes = Processes(pool, redis, self.mail, self.carrier, book)
        self.resources = Resources(pool=own, publish=_to_nobody, rulebook=book)
        self.caller = a_caller(tenant_id, key_id)
        # Over all examples: how attempts ended, and what contacts waited for at the end.
        self.seen: Counter[str] = Counter()
        # Whether a step has begun and not succeeded.
        self.is_broken = False

    @property
    def owner(self) -> Owner:
        return self.carrier.owner

    async def begin(self, at: datetime) -> None:
        """Empty everything for a new example."""
        await self._conn.execute(EMPTIED)
        await self.redis.flushdb()
        await self.clock.set(at)
        self.mail.clear()
        self.carrier.clear()
        self.is_broken = False
        self.processes.restart_dialers()

    async def campaign(self, kind: str) -> Campaign:
        """Create another campaign of this kind."""
        plan, flow = PLANS["always"], f"{kind}-{len(self.owner.campaigns)}"
        definition = CampaignDefinition.model_validate(
            {
                "name": kind,
                "call_flow": flow,
                "calendar": plan.definition(),
                **POLICIES[kind].definition(),
            }
        )
        tenant_id = self.caller.tenant_id
        trunks = await campaigns.find_trunks(self._conn, tenant_id=tenant_id, names=["default"])
        made = await campaigns.insert(
            self._conn,
            tenant_id=tenant_id,
            trunk_ids=[trunks["default"]],
            definition=definition,
        )
        campaign = Campaign(id=made.id, kind=kind, flow=flow, plan=plan)
        self.owner.campaigns.append(campaign)
        return campaign

    async def faults(self) -> list[str]:
        rows = await recount.faults(self._conn) + await recount.untold(self._conn)
        return self.carrier.faults + rows

    async def rows(self, query: str, *values: object) -> Sequence[asyncpg.Record]:
        return await self._conn.fetch(query, *values)

    async def note(self) -> None:
        for how, count in await self._conn.fetch(ENDS):
            self.seen[how] += count


@asynccontextmanager
async def a_world(dsn: str, redis_url: str) -> AsyncIterator[World]:
    await clock.install(dsn)
    conn = await asyncpg.connect(dsn)
    redis = Redis.from_url(redis_url, decode_responses=True)
    try:
        async with await open_pool(dsn) as pool, api_pool(pool) as own:
            await trunks.upsert(conn, name="default", provider="null", settings={})
            tenant_id = await tenants.create(conn, "tenant")
            key = await api_keys.find(conn, await api_keys.create(conn, tenant_id))
            assert key is not None
            world = World(pool, own, conn, redis, tenant_id, key.id)
            with world.clock.shown():
                yield world
    finally:
        await redis.aclose()
        await conn.close()


async def _to_nobody(_messages: Sequence[Message]) -> None:
    """Drops messages of commands: they only wake the scheduler, which the machine runs itself."""


@contextmanager
def a_running_world(dsn: str, redis_url: str) -> Iterator[tuple[World, Run]]:
    """A world on an event loop of its own, because the machine's steps are not coroutines."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        run, stack = runner.get_loop().run_until_complete, AsyncExitStack()
        try:
            yield run(stack.enter_async_context(a_world(dsn, redis_url))), run
        finally:
            run(stack.aclose())
