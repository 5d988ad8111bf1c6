"""An attempt is dialed by the trunk that it keeps, and found by it until it has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from services.dialer.providers.protocol import CallUnknownError, Originate
from shared.db import dialing, trunk_outages
from shared.db.api import call_records
from shared.domain.capacity.scopes import Scope
from shared.domain.outcomes import Outcome
from shared.kafka.messages.attempts import AttemptDue
from tests.support.campaigns import a_backup_trunk
from tests.support.dialing import EVENTS, Bench
from tests.support.waiting import until

MINUTE = timedelta(minutes=1)


async def by_backup(bench: Bench, count: int, *, of: int) -> tuple[list[AttemptDue], int]:
    """So many claimed attempts of a campaign, of which the last `count` go by its second trunk."""
    messages = await bench.claimed(of)
    trunk_id = await a_backup_trunk(bench.pool, bench.campaign)
    await bench.pool.execute(
        """
        UPDATE attempts SET trunk_id = $1
        WHERE id IN (SELECT id FROM attempts ORDER BY id DESC LIMIT $2)
        """,
        trunk_id,
        count,
    )
    return sorted(messages, key=lambda message: message.data.attempt_id), trunk_id


async def first_trunk(bench: Bench) -> int:
    trunk_id: int = await bench.pool.fetchval("SELECT trunk_id FROM campaigns")
    return trunk_id


async def test_each_attempt_of_a_batch_is_dialed_by_its_own_trunk(bench: Bench) -> None:
    messages, second = await by_backup(bench, 1, of=2)
    first = await first_trunk(bench)

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("placed", "placed")
    addresses = {request.reference: request.events_url for request in bench.provider.asked}
    references = [bench.reference(message) for message in messages]
    assert [addresses[reference] for reference in references] == [
        EVENTS.of_trunk(first),
        EVENTS.of_trunk(second),
    ]
    # The permit, which a dialer that starts anew leases from the row.
    live = await dialing.live_leases(bench.pool)
    for reference, trunk_id in zip(references, (first, second), strict=True):
        assert await bench.redis.zscore(f"outdial:leases:trunk:{trunk_id}", str(reference))
        assert Scope("trunk", trunk_id) in live[reference]


async def test_the_caps_of_each_trunk_hold_for_its_own_attempts(bench: Bench) -> None:
    messages, second = await by_backup(bench, 3, of=6)
    await bench.pool.execute(
        "UPDATE trunks SET max_concurrent = CASE name WHEN 'default' THEN 2 ELSE 1 END"
    )

    await bench.dialer.on_attempts_due(messages)

    async def dialed() -> dict[int | None, int]:
        rows = await bench.pool.fetch(
            "SELECT trunk_id, count(*) AS calls FROM attempts WHERE state = 'placed' GROUP BY 1"
        )
        return {row["trunk_id"]: row["calls"] for row in rows}

    async def is_full() -> bool:
        return await dialed() == {None: 2, second: 1}

    await until(is_full, seconds=30)
    assert len(bench.provider.asked) == 3


async def test_a_trunk_that_is_down_stops_its_own_attempts_only(bench: Bench) -> None:
    messages, _ = await by_backup(bench, 1, of=2)
    now = datetime.now(UTC)
    await trunk_outages.begin(
        bench.pool, await first_trunk(bench), since=now - MINUTE, cause="unreachable", now=now
    )

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("dropped", "placed")


@pytest.mark.parametrize("is_reconciled", [False, True])
async def test_the_record_and_the_reconciler_find_the_trunk_of_the_call(
    bench: Bench, is_reconciled: bool
) -> None:
    async def lose(_request: Originate) -> str:
        raise CallUnknownError("lost")

    bench.provider.answer = lose
    messages, second = await by_backup(bench, 1, of=1)
    reference = bench.reference(messages[0])
    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()

    assert await dialing.is_of_trunk(bench.pool, reference, second)
    assert not await dialing.is_of_trunk(bench.pool, reference, await first_trunk(bench))
    if is_reconciled:
        later = datetime.now(UTC) + MINUTE
        [unreported] = await dialing.claim_unreported(
            bench.pool, bench.tenant, now=later, revisit_at=later, limit=1
        )
        assert unreported.trunk_id == second
    await bench.reporter.ended(reference, Outcome.BUSY, at=datetime.now(UTC))
    await bench.becomes("ended")
    record = await call_records.get(
        bench.pool, tenant_id=bench.tenant, attempt_id=reference.attempt_id
    )
    assert record is not None
    assert record.trunk_id == second
    # The lease went with the end, also for a process that did not start the call.
    assert await bench.redis.zcard(f"outdial:leases:trunk:{second}") == 0
