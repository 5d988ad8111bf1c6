"""Prices by the rate tables of trunks, in the fold: estimated at the end, corrected later."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.events.fold import CallFolder
from shared.db import rate_tables, trunks
from shared.db.api import call_records
from shared.db.api.call_records import CallRecord
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState, Price, PriceSource
from shared.domain.outcomes import Outcome
from shared.domain.rates import Rate
from tests.support.folding import NOW, an_attempt, an_end, progress

HUMAN = Outcome.ANSWERED_HUMAN
TOLD = Price(amount=Decimal("0.0130"), currency="USD")


async def set_rates(pool: Pool, price: str, *, since: datetime = NOW, prefix: str = "1") -> None:
    [trunk] = await trunks.every(pool)
    rates = {prefix: Rate(per_minute=Decimal(price))} if prefix else {}
    async with pool.acquire() as conn, conn.transaction():
        await rate_tables.replace(conn, trunk.id, currency="USD", effective_from=since, rates=rates)


async def record(pool: Pool, attempt: CallReference) -> CallRecord:
    async with pool.acquire() as conn:
        found = await call_records.get(
            conn, tenant_id=attempt.tenant_id, attempt_id=attempt.attempt_id
        )
    assert found is not None
    return found


def estimate(amount: str) -> Price:
    return Price(amount=Decimal(amount), currency="USD", source=PriceSource.RATE_TABLE)


def talked(attempt: CallReference, seconds: float, **facts: Any) -> Any:
    end = an_end(attempt, HUMAN, **facts)
    return end.model_copy(update={"data": end.data.model_copy(update={"talk_seconds": seconds})})


async def test_a_call_without_a_price_is_estimated_and_the_carriers_word_corrects_it(
    pool: Pool,
) -> None:
    attempt = await an_attempt(pool)
    await set_rates(pool, "0.02")
    folder = CallFolder(pool)
    end = talked(attempt, 61.0)
    settled = progress(attempt, CallState.SETTLED, at=NOW + timedelta(minutes=1), price=TOLD)

    await folder.on_call_reports([end, end])
    await folder.on_call_reports([end])
    estimated = await record(pool, attempt)
    await folder.on_call_reports([settled])
    corrected = await record(pool, attempt)

    assert (estimated.version, estimated.facts.price) == (1, estimate("0.04"))
    assert [report.facts.price for report in estimated.reports] == [None]
    assert (corrected.version, corrected.facts.price) == (2, TOLD)
    assert [report.facts.price for report in corrected.reports] == [TOLD, None]
    public = json.loads(await pool.fetchval("SELECT payload FROM public_events"))
    assert public["data"]["facts"]["price"] == {
        "amount": "0.0400",
        "currency": "USD",
        "source": "rate_table",
    }


async def test_the_estimate_outlasts_other_corrections(pool: Pool) -> None:
    """Also in a process that has no table any more, or has read none yet."""
    attempt = await an_attempt(pool)
    await set_rates(pool, "0.02")

    await CallFolder(pool).on_call_reports([talked(attempt, 1.0, digits="1")])
    await CallFolder(pool).on_call_reports(
        [progress(attempt, CallState.SETTLED, recording_url="https://a.example/1")]
    )

    call = await record(pool, attempt)
    assert call.facts.price == estimate("0.02")
    assert (call.facts.digits, call.version) == ("1", 2)


@pytest.mark.parametrize(
    ("price", "since", "prefix", "expected"),
    [
        ("0.03", NOW, "1", "0.03"),
        # Calls that began before keep the table of before.
        ("0.03", NOW + timedelta(seconds=1), "1", "0.02"),
        # A table without rates, or without one for the number, ends it.
        ("0.03", NOW, "", None),
        ("0.03", NOW, "44", None),
    ],
)
async def test_a_table_replaces_the_one_before_as_a_whole(
    pool: Pool, price: str, since: datetime, prefix: str, expected: str | None
) -> None:
    attempt = await an_attempt(pool)
    await set_rates(pool, "0.02", since=NOW - timedelta(days=30))
    folder = CallFolder(pool)
    folder.rate_tables.rates = await rate_tables.in_force(pool)
    await set_rates(pool, price, since=since, prefix=prefix)

    await folder.on_call_reports([talked(attempt, 1.0)])

    call = await record(pool, attempt)
    assert call.facts.price == (None if expected is None else estimate(expected))


async def test_the_price_that_the_end_tells_stands(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    await set_rates(pool, "0.02")

    await CallFolder(pool).on_call_reports([talked(attempt, 1.0, price=TOLD)])

    call = await record(pool, attempt)
    assert call.facts == replace(call.facts, price=TOLD)
    assert call.facts.price == TOLD
