"""The dialer shows numbers of a pool: each in turn, and none more often than its caps allow."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faststream.kafka import KafkaBroker

from services.dialer.compare_and_set import Marked, mark_dialing
from shared.kafka.messages.attempts import AttemptDue
from tests.support.caller_ids import a_number_pool
from tests.support.campaigns import a_tenant, some_contacts
from tests.support.claiming import a_claimer
from tests.support.dialing import Bench
from tests.support.waiting import until

EAST, WEST = "+12025550100", "+13105550111"
RECONCILE = timedelta(seconds=10)
# Limits of calls to a person have another way through the compare-and-set.
DEFINITIONS: list[dict[str, Any]] = [{}, {"frequency_caps": [{"max_calls": 9, "hours": 24}]}]


async def pooled(bench: Bench, count: int, **parts: Any) -> list[AttemptDue]:
    """Claimed attempts of a campaign that names a pool; `parts` are of the pool or the campaign."""
    tenant_id = await a_tenant(bench.pool)
    of_pool = {name: parts.pop(name) for name in list(parts) if name.startswith("max_calls_per")}
    pool_id = await a_number_pool(bench.pool, tenant_id, EAST, WEST, **of_pool)
    messages = await bench.claimed(count, tenant_id=tenant_id, number_pool="north", **parts)
    await bench.pool.execute(
        "UPDATE campaigns SET number_pool_id = $1, revision = revision + 1", pool_id
    )
    return messages


async def uses(bench: Bench) -> dict[str, tuple[int, int]]:
    rows = await bench.pool.fetch("SELECT number, hour_calls, day_calls FROM caller_id_uses")
    return {row["number"]: (row["hour_calls"], row["day_calls"]) for row in rows}


@pytest.mark.parametrize("definition", DEFINITIONS)
async def test_calls_show_the_numbers_in_turn(bench: Bench, definition: dict[str, Any]) -> None:
    messages = await pooled(bench, 7, **definition)

    await bench.dialer.on_attempts_due(messages)
    await bench.dialer.on_attempts_due(messages)

    await bench.becomes(*["placed"] * 7)
    shown = Counter(request.caller_id for request in bench.provider.asked)
    assert sorted(shown.values()) == [3, 4]
    assert await uses(bench) == {number: (calls, calls) for number, calls in shown.items()}
    rows = await bench.pool.fetch("SELECT caller_id, count(*) AS calls FROM attempts GROUP BY 1")
    assert {row["caller_id"]: row["calls"] for row in rows} == shown


@pytest.mark.parametrize("definition", DEFINITIONS)
async def test_two_dialers_never_exceed_the_cap_of_a_number(
    bench: Bench, definition: dict[str, Any]
) -> None:
    messages = await pooled(bench, 100, max_calls_per_day=20, **definition)
    candidates = await bench.dialer.candidates.read(messages)

    async def mark(start: int) -> Marked:
        return await mark_dialing(bench.pool, candidates[start : start + 25], reconcile=RECONCILE)

    done = await asyncio.gather(*(mark(start) for start in (0, 25, 50, 75, 0, 50)))

    dialed = [number for marked in done for number in marked.dialed.values()]
    assert Counter(dialed) == {EAST: 20, WEST: 20}
    assert await uses(bench) == {EAST: (20, 20), WEST: (20, 20)}
    tomorrow = datetime.now(UTC) + timedelta(days=1, hours=8)
    for marked in done:
        assert {blocked.reason for _, blocked in marked.blocked} <= {"caller_id"}
        assert all(blocked.retry_at < tomorrow for _, blocked in marked.blocked)


async def test_a_spent_pool_drops_what_was_claimed_until_a_number_has_room(bench: Bench) -> None:
    messages = await pooled(bench, 3, max_calls_per_day=1)

    await bench.dialer.on_attempts_due(messages)

    async def all_are_settled() -> bool:
        return sorted(await bench.states()) == ["dropped", "placed", "placed"]

    await until(all_are_settled)
    row = await bench.pool.fetchrow(
        "SELECT attempts, waits_for, not_before FROM contacts WHERE state = 'pending'"
    )
    assert row is not None
    assert (row["attempts"], row["waits_for"]) == (0, "caller_id")
    assert row["not_before"] > datetime.now(UTC)


async def test_no_more_is_claimed_than_the_numbers_have_room_for(
    bench: Bench, broker: KafkaBroker
) -> None:
    await pooled(bench, 0, max_calls_per_day=2)
    await some_contacts(bench.pool, bench.campaign, 10)
    claimer = a_claimer(bench.pool, broker)

    for _ in range(3):
        await claimer.run_once(datetime.now(UTC))

    assert await bench.states() == ["claimed"] * 4
