"""A spend ceiling holds: dialed calls reserve, ended ones count with their prices."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.dialer.providers.protocol import Originate
from services.events.fold import CallFolder
from shared.db import rate_tables, spend
from shared.db.policies import Policies
from shared.domain.calls import CallState, Price
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.rates import Rate
from shared.domain.spend import CeilingKind, SpendCeiling
from tests.support.dialing import Bench
from tests.support.folding import an_end, progress
from tests.support.waiting import until

CEILING = {"currency": "USD", "call_most": "0.50", "total": "2"}
TENANTS = {
    "spend_ceiling": {
        "currency": "USD",
        "call_most": "0.50",
        "per_day": "1.5",
        "person": "Dana Reyes",
        "reason": "Budget.",
        "at": datetime(2026, 11, 1, tzinfo=UTC).isoformat(),
    }
}


def price(amount: str, currency: str = "USD") -> Price:
    return Price(amount=Decimal(amount), currency=currency)


async def ceiling(bench: Bench) -> SpendCeiling:
    key = CampaignKey(bench.tenant, bench.campaign)
    policies = await Policies().current(bench.pool, [key])
    return (await spend.standing_of(bench.pool, policies))[key][0]


async def amounts(bench: Bench) -> tuple[Decimal, Decimal]:
    found = await ceiling(bench)
    return found.spent, found.reserved


async def end(bench: Bench, request: Originate, outcome: Outcome, **facts: Any) -> None:
    message = an_end(request.reference, outcome, at=datetime.now(UTC), **facts)
    folder = CallFolder(bench.pool)
    await folder.on_call_reports([message, message])
    await folder.on_call_reports([message])


async def asked(bench: Bench, count: int) -> list[Originate]:
    await until(lambda: len(bench.provider.asked) == count)
    return bench.provider.asked


@pytest.mark.parametrize("by_person", [{}, {"frequency_caps": [{"max_calls": 5, "hours": 24}]}])
async def test_two_dialers_dial_no_more_than_the_ceiling_allows(
    bench: Bench, by_person: dict[str, Any]
) -> None:
    messages = await bench.claimed(12, spend_ceiling=CEILING, **by_person)

    await asyncio.gather(
        bench.dialer.on_attempts_due(messages[:6]), bench.dialer.on_attempts_due(messages[6:])
    )

    await asked(bench, 4)
    await bench.originator.drain()
    assert await amounts(bench) == (Decimal(0), Decimal("2.00"))
    states = await bench.states()
    assert (states.count("placed"), states.count("dialing")) == (4, 0)


async def test_what_does_not_fit_is_dropped_without_a_call_once_the_ceiling_is_reached(
    bench: Bench,
) -> None:
    messages = await bench.claimed(5, spend_ceiling=CEILING)
    await bench.dialer.on_attempts_due(messages)

    await bench.dialer.on_attempts_due(messages)

    await asked(bench, 4)

    async def dropped() -> bool:
        return (await bench.states()).count("dropped") == 1

    await until(dropped, seconds=30)
    reason = await bench.pool.fetchval("SELECT reason FROM attempts WHERE state = 'dropped'")
    assert reason == "spend_ceiling"


async def test_a_price_takes_the_place_of_the_reserve_and_is_corrected(bench: Bench) -> None:
    messages = await bench.claimed(4, spend_ceiling=CEILING)
    await bench.dialer.on_attempts_due(messages)
    calls = await asked(bench, 4)
    await bench.originator.drain()

    await end(bench, calls[0], Outcome.ANSWERED_HUMAN, price=price("0.12"))
    assert await amounts(bench) == (Decimal("0.12"), Decimal("1.50"))
    # Nobody took it, so it costs nothing unless the carrier says so.
    await end(bench, calls[1], Outcome.NO_ANSWER)
    assert await amounts(bench) == (Decimal("0.12"), Decimal("1.00"))
    # A price that is not known, or in another currency, counts with the reserve.
    await end(bench, calls[2], Outcome.ANSWERED_HUMAN, price=price("9", "EUR"))
    await end(bench, calls[3], Outcome.ANSWERED_HUMAN)
    assert await amounts(bench) == (Decimal("1.12"), Decimal(0))

    settled = progress(calls[3].reference, CallState.SETTLED, price=price("0.07"))
    late = progress(calls[1].reference, CallState.SETTLED, price=price("0.01"))
    await CallFolder(bench.pool).on_call_reports([settled, settled, late])
    await CallFolder(bench.pool).on_call_reports([settled])
    assert await amounts(bench) == (Decimal("0.70"), Decimal(0))


async def test_a_price_that_was_told_during_the_call_counts_at_its_end(bench: Bench) -> None:
    messages = await bench.claimed(1, spend_ceiling=CEILING)
    await bench.dialer.on_attempts_due(messages)
    [call] = await asked(bench, 1)
    await bench.originator.drain()

    told = progress(call.reference, CallState.ANSWERED, price=price("0.12"))
    await CallFolder(bench.pool).on_call_reports([told])
    assert await amounts(bench) == (Decimal(0), Decimal("0.50"))
    await end(bench, call, Outcome.ANSWERED_HUMAN, digits="1")

    assert await amounts(bench) == (Decimal("0.12"), Decimal(0))


async def test_the_ceiling_of_a_tenant_counts_all_its_campaigns(bench: Bench) -> None:
    first = await bench.claimed(2)
    await bench.pool.execute("UPDATE tenants SET rules = $1::jsonb", json.dumps(TENANTS))
    await bench.dialer.on_attempts_due(first)
    await asked(bench, 2)
    tenant = bench.tenant
    await bench.pool.execute("UPDATE contacts SET number = '+1303555' || (1000 + id)")
    await bench.pool.execute(
        "UPDATE attempts SET phone = contacts.number FROM contacts WHERE contacts.id = contact_id"
    )

    second = await bench.claimed(3, tenant_id=tenant)
    await bench.dialer.on_attempts_due(second)

    await asked(bench, 3)
    found = await ceiling(bench)
    assert (found.kind, found.reserved, found.calls) == (CeilingKind.TENANT_DAY, Decimal("1.5"), 0)


async def test_a_campaign_without_a_ceiling_reserves_nothing(bench: Bench) -> None:
    messages = await bench.claimed(1)

    await bench.dialer.on_attempts_due(messages)

    [call] = await asked(bench, 1)
    await end(bench, call, Outcome.ANSWERED_HUMAN, price=price("0.12"))
    assert await bench.column("reserved") is None
    assert await bench.pool.fetchval("SELECT count(*) FROM spend_days") == 0
    assert await bench.pool.fetchval("SELECT charged FROM call_records") is None


@pytest.mark.parametrize(
    ("per_minute", "limit", "seconds"),
    [("0.20", None, 118), ("0.20", 60, 60), ("0.51", None, None)],
)
async def test_a_call_is_limited_to_what_it_reserves_by_the_rate_of_its_number(
    bench: Bench, per_minute: str, limit: int | None, seconds: int | None
) -> None:
    messages = await bench.claimed(1, spend_ceiling=CEILING, talk_seconds_most=limit)
    trunk_id = await bench.pool.fetchval("SELECT trunk_id FROM campaigns")
    async with bench.pool.acquire() as conn, conn.transaction():
        await rate_tables.replace(
            conn,
            trunk_id,
            currency="USD",
            effective_from=datetime.now(UTC),
            rates={"1202": Rate(per_minute=Decimal(per_minute))},
        )

    await bench.dialer.on_attempts_due(messages)

    if seconds is None:
        await bench.becomes("dropped")
        assert await bench.column("stopped_by") == "too_costly"
        assert await bench.contact() == ("finished", 0, "excluded")
        return
    [call] = await asked(bench, 1)
    assert call.talk_seconds_most == seconds
