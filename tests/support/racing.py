"""Two schedulers and two dialers call the same persons as fast as they can."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from faststream.kafka import KafkaBroker

from services.dialer.providers.protocol import Originate
from services.scheduler.claimer import Claimer
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.outcomes import Outcome
from shared.kafka.messages.attempts import AttemptDue, AttemptDueData
from tests.support.campaigns import (
    a_definition,
    a_running_campaign,
    a_tenant,
    some_contacts,
)
from tests.support.claiming import a_claimer
from tests.support.dialing import Bench
from tests.support.pipeline import an_ending
from tests.support.waiting import until

LEASE = timedelta(minutes=5)
CHOICE = {"person": "Test", "reason": "to see it hold", "at": "2026-11-01T00:00:00Z"}
EAGER = {
    "max_total": 100,
    "retry": {outcome: {"delay_seconds": 0} for outcome in Outcome if outcome != Outcome.UNKNOWN},
}


SECONDS_MOST = 60
RESTLESS = """
    SELECT count(*) FROM contacts WHERE state = 'active'
        OR state = 'pending' AND coalesce(waits_for, '') NOT IN ('frequency_cap', 'silence')
"""


def noon_zone(now: datetime) -> str:
    """A zone in which it is about noon now."""
    ahead = 12 - now.hour
    return "Etc/GMT" if ahead == 0 else f"Etc/GMT{-ahead:+}"


@dataclass
class Race:
    """Campaigns of one tenant that call the same persons again and again."""

    pool: Pool
    bench: Bench
    claimers: Sequence[Claimer]
    campaigns: Sequence[int]
    outcome: Outcome
    # The numbers of the calls that are up, and those that were called during such a call.
    up: set[str] = field(default_factory=set)
    at_once: list[str] = field(default_factory=list)

    async def answer(self, request: Originate) -> str:
        if request.to in self.up:
            self.at_once.append(request.to)
        self.up.add(request.to)
        return f"call-{request.reference}"

    async def run(self) -> None:
        """Claim and dial with all at once, until only frequency caps and silences stop calls."""
        deadline = time.monotonic() + SECONDS_MOST
        while time.monotonic() < deadline:
            # Contacts that wait for a permit or for the end of another call become due at once.
            await self.pool.execute(
                """
                UPDATE contacts AS contact SET not_before = now()
                FROM (
                    SELECT id FROM contacts WHERE waits_for = 'capacity' FOR UPDATE SKIP LOCKED
                ) AS waiting
                WHERE contact.id = waiting.id
                """
            )
            now = datetime.now(UTC)
            await asyncio.gather(*(claimer.run_once(now) for claimer in self.claimers))
            rows = await self.pool.fetch(
                """
                SELECT tenant_id, id, campaign_id, contact_id FROM attempts
                WHERE state = 'claimed'
                """
            )
            due = [
                AttemptDue.of(
                    AttemptDueData(
                        tenant_id=row["tenant_id"],
                        attempt_id=row["id"],
                        campaign_id=row["campaign_id"],
                        contact_id=row["contact_id"],
                    ),
                    at=now,
                )
                for row in rows
            ]
            # Both dialers get all messages, in opposite orders.
            await asyncio.gather(
                self.bench.dialer.on_attempts_due(due),
                self.bench.dialer.on_attempts_due(due[::-1]),
            )
            await self.bench.originator.drain()
            await self._end_calls()
            assert self.at_once == [], "two calls to one number"
            if not await self.pool.fetchval(RESTLESS):
                return
            # The sweep releases leases of attempts that were dropped at the last moment.
            await self.bench.dialer.permits.sweep(now)
        raise AssertionError("a contact may still be called")

    async def _end_calls(self) -> None:
        rows = await self.pool.fetch(
            """
            SELECT campaigns.tenant_id, attempts.id
            FROM attempts JOIN campaigns ON campaigns.id = attempts.campaign_id
            WHERE attempts.state IN ('dialing', 'placed')
            """
        )
        self.up.clear()
        await asyncio.gather(
            *(
                self.bench.reporter.on_report(an_ending(CallReference(*row), self.outcome))
                for row in rows
            )
        )
        await until(self._settled)

    async def _settled(self) -> bool:
        live = await self.pool.fetchval(
            "SELECT count(*) FROM attempts WHERE state IN ('dialing', 'placed')"
        )
        return bool(live == 0)

    def calls_by_number(self) -> Counter[str]:
        return Counter(request.to for request in self.bench.provider.asked)

    async def age(self, span: timedelta) -> None:
        """Move all calls into the past by this span."""
        await self.pool.execute(
            "UPDATE person_calls SET dialing_at = dialing_at - $1::interval,"
            " ended_at = ended_at - $1::interval",
            span,
        )
        await self.pool.execute("UPDATE contacts SET not_before = not_before - $1::interval", span)


async def a_race(
    bench: Bench,
    broker: KafkaBroker,
    *,
    persons: int,
    jurisdiction: str,
    outcome: Outcome,
    overridden: Sequence[str] = (),
    turned_on: Sequence[str] = (),
    max_total: int = 100,
    **definition: Any,
) -> Race:
    """Two campaigns of a tenant with the same persons in both, at noon."""
    pool, now = bench.pool, datetime.now(UTC)
    tenant = await a_tenant(pool)
    rules = {
        "overridden": [CHOICE | {"rule": rule} for rule in overridden],
        "turned_on": [CHOICE | {"rule": rule} for rule in turned_on],
    }
    await pool.execute("UPDATE tenants SET rules = $2 WHERE id = $1", tenant, json.dumps(rules))
    campaigns = []
    for _ in range(2):
        wanted = a_definition(
            attempts=EAGER | {"max_total": max_total}, automated=True, **definition
        )
        campaign = await a_running_campaign(pool, wanted, tenant_id=tenant, now=now)
        await some_contacts(
            pool, campaign, persons, zones=[noon_zone(now)], jurisdictions=[jurisdiction]
        )
        campaigns.append(campaign)
    claimers = [a_claimer(pool, broker, lease=LEASE) for _ in range(2)]
    race = Race(pool, bench, claimers, campaigns, outcome)
    bench.provider.answer = race.answer
    return race
