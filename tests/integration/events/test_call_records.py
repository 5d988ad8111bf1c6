"""The record of each call, whatever is told of it, how often, and in which order."""

import asyncio
import itertools
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.events.fold import CallFolder
from shared.db.api import call_records
from shared.db.api.call_records import CallFilter, CallRecord
from shared.db.types import Pool
from shared.domain.attempts import CallReference, UnknownReason
from shared.domain.calls import AnsweredBy, CallFacts, CallState, Price
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.calls import CallUnknown, CallUnknownData
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts, tenant_of
from tests.support.folding import NOW, a_drop, an_attempt, an_end, progress
from tests.support.waiting import until

SECOND = timedelta(seconds=1)
PRICE = Price(amount=Decimal("0.0130"), currency="USD")


async def fold(pool: Pool, *batches: list[Any]) -> None:
    for batch in batches:
        await CallFolder(pool).on_call_reports(batch)


async def record(pool: Pool, attempt: CallReference) -> CallRecord | None:
    async with pool.acquire() as conn:
        return await call_records.get(
            conn, tenant_id=attempt.tenant_id, attempt_id=attempt.attempt_id
        )


async def behind(
    pool: Pool, tenant_id: int, after: int = 0, limit: int = 1_000
) -> list[CallRecord]:
    async with pool.acquire() as conn, conn.transaction():
        await call_records.plan_by_values(conn)
        return await call_records.page(
            conn, tenant_id=tenant_id, wanted=CallFilter(), after=after, limit=limit
        )


async def end_facts(pool: Pool) -> Any:
    payload = await pool.fetchval("SELECT payload FROM public_events")
    return json.loads(payload)["data"].get("facts")


async def test_the_end_of_a_call_makes_its_record(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    end = an_end(attempt, Outcome.BUSY, at=NOW + SECOND, sip_code=486, cause="USER_BUSY")

    await fold(pool, [end, end], [end])

    call = await record(pool, attempt)
    assert call is not None
    assert (call.position, call.version, call.outcome) == (1, 1, Outcome.BUSY)
    assert (call.dialing_at, call.ended_at) == (NOW, NOW + SECOND)
    assert call.facts == CallFacts(sip_code=486, cause="USER_BUSY")
    assert call.number == await pool.fetchval("SELECT number FROM contacts")
    assert call.trunk_id == await pool.fetchval("SELECT trunk_id FROM campaigns")
    assert await behind(pool, attempt.tenant_id) == [
        CallRecord(**{**fields_of(call), "reports": ()})
    ]
    assert await end_facts(pool) == {"sip_code": 486, "cause": "USER_BUSY"}


def fields_of(call: CallRecord) -> dict[str, Any]:
    return {name: getattr(call, name) for name in CallRecord.__slots__}


async def test_what_is_told_before_the_end_is_in_record_and_event(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    digits = progress(attempt, digits="4", stages=("menu",))
    await fold(pool, [digits], [digits])

    live = await record(pool, attempt)
    assert live is not None
    assert (live.position, live.outcome, live.ended_at) == (None, None, None)
    assert live.facts == CallFacts(digits="4", stages=("menu",))
    assert await behind(pool, attempt.tenant_id) == []

    more = progress(attempt, at=NOW + SECOND, answered_by=AnsweredBy.HUMAN, digits="42")
    await fold(pool, [more, an_end(attempt, Outcome.ANSWERED_HUMAN, at=NOW + 9 * SECOND)])

    call = await record(pool, attempt)
    assert call is not None
    assert (call.position, call.version, call.outcome) == (1, 1, Outcome.ANSWERED_HUMAN)
    assert call.facts == CallFacts(answered_by=AnsweredBy.HUMAN, digits="42", stages=("menu",))
    assert [report.state for report in call.reports] == [
        CallState.ENDED,
        CallState.ANSWERED,
        CallState.ANSWERED,
    ]
    assert await end_facts(pool) == {"answered_by": "human", "digits": "42", "stages": ["menu"]}


async def test_a_price_after_the_end_corrects_the_record_once(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    settled = progress(attempt, CallState.SETTLED, at=NOW + 60 * SECOND, price=PRICE)

    await fold(pool, [an_end(attempt, Outcome.BUSY, cause="x")], [settled, settled], [settled])

    [call] = await behind(pool, attempt.tenant_id)
    assert (call.version, call.position, call.outcome) == (2, 2, Outcome.BUSY)
    assert call.facts == CallFacts(cause="x", price=PRICE)
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_any_order_gives_the_same_facts(pool: Pool, order: tuple[int, ...]) -> None:
    attempt = await an_attempt(pool)
    reports: list[Any] = [
        progress(attempt, answered_by=AnsweredBy.MACHINE, detection_seconds=1.5, cause="early"),
        an_end(attempt, Outcome.MACHINE_NO_MESSAGE, at=NOW + SECOND, cause="end"),
        progress(attempt, CallState.SETTLED, at=NOW + 2 * SECOND, price=PRICE),
    ]

    await fold(pool, *([reports[index]] for index in order))

    call = await record(pool, attempt)
    assert call is not None
    assert call.outcome is Outcome.MACHINE_NO_MESSAGE
    assert call.facts == CallFacts(
        answered_by=AnsweredBy.MACHINE, detection_seconds=1.5, cause="end", price=PRICE
    )
    assert len(call.reports) == 3


async def test_a_second_end_that_contradicts_is_kept_and_counts_for_nothing(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    first = an_end(attempt, Outcome.BUSY, cause="first")
    second = an_end(attempt, Outcome.NO_ANSWER, at=NOW + SECOND, cause="second", sip_code=480)

    await fold(pool, [first], [second], [second])

    call = await record(pool, attempt)
    assert call is not None
    assert (call.outcome, call.version, call.ended_at) == (Outcome.BUSY, 2, NOW)
    assert call.facts == CallFacts(cause="first", sip_code=480)
    assert [report.outcome for report in call.reports] == [Outcome.BUSY, Outcome.NO_ANSWER]
    assert await pool.fetchval("SELECT outcome FROM attempts") == "busy"


async def test_of_two_ends_in_one_batch_the_first_counts(pool: Pool) -> None:
    attempt = await an_attempt(pool)

    await fold(pool, [an_end(attempt, Outcome.BUSY), an_end(attempt, Outcome.NO_ANSWER)])

    call = await record(pool, attempt)
    assert call is not None
    assert call.outcome is Outcome.BUSY
    assert {report.outcome for report in call.reports} == {Outcome.BUSY, Outcome.NO_ANSWER}


async def test_an_end_that_comes_after_it_was_given_up_is_kept(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    data = CallUnknownData(
        **attempt._asdict(), reason=UnknownReason.NO_REPLY, ended_at=NOW + SECOND
    )

    await fold(pool, [CallUnknown.of(data, at=NOW)], [an_end(attempt, Outcome.BUSY, sip_code=486)])

    call = await record(pool, attempt)
    assert call is not None
    assert (call.outcome, call.facts.sip_code, call.version) == (Outcome.UNKNOWN, 486, 2)


async def test_an_attempt_that_was_not_placed_has_no_record(pool: Pool) -> None:
    attempt = await an_attempt(pool)

    await fold(pool, [a_drop(attempt, Reason.REFUSED)], [progress(attempt, digits="1")])

    assert await record(pool, attempt) is None


async def test_a_report_on_an_unknown_call_or_tenant_leaves_no_row(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    foreign = CallReference(attempt.tenant_id + 9_000, attempt.attempt_id)

    await fold(pool, [progress(foreign, digits="1"), an_end(foreign, digits="1")])

    assert await pool.fetchval("SELECT count(*) FROM call_records") == 0
    assert await pool.fetchval("SELECT count(*) FROM event_heads") == 0


async def test_a_reader_that_follows_misses_no_row_of_another_process(pool: Pool) -> None:
    """Four processes fold and correct the calls of one tenant while a reader follows the list."""
    count = 120
    campaign = await a_running_campaign(pool, a_definition(), now=NOW)
    tenant_id = await tenant_of(pool, campaign)
    await some_contacts(pool, campaign, count)
    rows = await pool.fetch(
        """
        WITH taken AS (UPDATE contacts SET state = 'active' RETURNING tenant_id, id, campaign_id)
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
            window_closes_at, revisit_at, dialing_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, $1, $1, $1, $1, 1, 'dialing', 'test'
        FROM taken RETURNING tenant_id, id
        """,
        NOW,
    )
    references = [CallReference(*row) for row in rows]
    seen: dict[Any, int] = {}

    async def process(mine: list[CallReference]) -> None:
        for begin in range(0, len(mine), 3):
            part = mine[begin : begin + 3]
            await fold(pool, [an_end(reference) for reference in part])
            await fold(
                pool, [progress(each, CallState.SETTLED, price=PRICE) for each in reversed(part)]
            )

    async def follow() -> None:
        after = 0

        async def all_seen() -> bool:
            nonlocal after
            page = await behind(pool, tenant_id, after, limit=7)
            positions = [call.position for call in page]
            assert positions == sorted(positions, key=lambda position: position or 0)
            for call in page:
                seen[call.attempt_id] = max(seen.get(call.attempt_id, 0), call.version)
                after = call.position or after
            return len(seen) == count and set(seen.values()) == {2}

        await until(all_seen, every=0.001)

    await asyncio.gather(follow(), *(process(references[n::4]) for n in range(4)))

    assert set(seen.values()) == {2}
