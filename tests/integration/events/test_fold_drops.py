"""The state of a contact after its attempt was dropped or its number was suppressed."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.db.types import Pool
from shared.domain.reasons import Reason
from tests.support.ends import reasons
from tests.support.folding import (
    BUSY,
    HOUR,
    NOW,
    a_drop,
    an_attempt,
    an_end,
    fold,
    is_finished,
    waits,
)

LATER = NOW + timedelta(seconds=5)
NEXT_YEAR = datetime.now(UTC).replace(microsecond=0) + timedelta(days=365)
FOREVER = "infinity"


async def suppress(pool: Pool, *, campaign: str = "0", expires_at: str = FOREVER) -> None:
    await pool.execute(
        f"""
        INSERT INTO suppressions (tenant_id, number, reason, campaign_id, expires_at)
        SELECT m.tenant_id, c.number, 'asked', {campaign}, $1::text::timestamptz
        FROM contacts c JOIN campaigns m ON m.id = c.campaign_id
        """,
        expires_at,
    )


@pytest.mark.parametrize(
    ("reason", "waits_for"),
    [
        (Reason.WINDOW, "window"),
        (Reason.BLACKOUT, "window"),
        (Reason.SILENCE, "silence"),
        (Reason.FREQUENCY_CAP, "frequency_cap"),
        (Reason.CALL_UP, "capacity"),
        (Reason.CAMPAIGN, "capacity"),
        (Reason.PERMIT_EXPIRED, "capacity"),
        (Reason.REFUSED, "capacity"),
        (Reason.SUPPRESSION, "suppression"),
    ],
)
async def test_a_drop_costs_nothing_and_gives_the_reason_to_wait(
    pool: Pool, reason: Reason, waits_for: str
) -> None:
    attempt = await an_attempt(pool, contact={"waits_for": "retry"})

    contact = await fold(pool, a_drop(attempt, reason, retry_at=LATER))

    assert waits(contact) == ("pending", LATER, waits_for)
    assert (contact["attempts"], contact["attempts_in_window"]) == (0, 0)
    assert contact["window_closes_at"] is None


async def test_a_callback_that_was_dropped_is_still_a_callback(pool: Pool) -> None:
    attempt = await an_attempt(pool, contact={"waits_for": "callback"})

    contact = await fold(pool, a_drop(attempt, Reason.REFUSED, retry_at=LATER))

    assert waits(contact) == ("pending", LATER, "callback")


async def test_a_dropped_request_that_is_void_by_then_is_finished(pool: Pool) -> None:
    attempt = await an_attempt(pool, contact={"expires_at": LATER})

    contact = await fold(pool, a_drop(attempt, Reason.REFUSED, retry_at=LATER))

    assert is_finished(contact) == ("finished", "out_of_time", None)
    assert await reasons(pool) == ["expiry"]


async def test_an_attempt_dropped_because_its_request_is_void_finishes_it(pool: Pool) -> None:
    attempt = await an_attempt(pool, contact={"expires_at": NOW})

    contact = await fold(pool, a_drop(attempt, Reason.EXPIRY))

    assert is_finished(contact) == ("finished", "out_of_time", None)
    assert await reasons(pool) == ["expiry"]


async def test_a_request_that_was_given_more_time_meanwhile_is_kept(pool: Pool) -> None:
    attempt = await an_attempt(pool, contact={"expires_at": NOW + 24 * HOUR})

    contact = await fold(pool, a_drop(attempt, Reason.EXPIRY))

    assert contact["state"] == "pending"


@pytest.mark.parametrize("reason", [Reason.BUDGET, Reason.DESTINATION, Reason.MISSING_VARIABLE])
async def test_a_drop_that_waiting_cannot_mend_finishes_the_contact(
    pool: Pool, reason: Reason
) -> None:
    attempt = await an_attempt(pool)

    contact = await fold(pool, a_drop(attempt, reason))

    assert is_finished(contact) == ("finished", "excluded", None)
    assert await reasons(pool) == [reason]


@pytest.mark.parametrize("campaign", ["0", "m.id"])
async def test_a_number_that_is_suppressed_for_good_is_finished(pool: Pool, campaign: str) -> None:
    attempt = await an_attempt(pool, max_total=3, retry=BUSY)
    await suppress(pool, campaign=campaign)

    assert is_finished(await fold(pool, an_end(attempt))) == ("finished", "excluded", None)
    assert await reasons(pool) == []


async def test_a_dropped_number_that_is_suppressed_for_good_is_finished(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    await suppress(pool)
    await suppress(pool, campaign="m.id", expires_at=NEXT_YEAR.isoformat())

    contact = await fold(pool, a_drop(attempt, Reason.SUPPRESSION))

    assert is_finished(contact) == ("finished", "excluded", None)
    assert await reasons(pool) == ["suppression"]


async def test_a_suppression_that_expires_is_waited_for(pool: Pool) -> None:
    attempt = await an_attempt(pool, max_total=3, retry=BUSY)
    await suppress(pool, expires_at=NEXT_YEAR.isoformat())

    assert waits(await fold(pool, an_end(attempt))) == ("pending", NEXT_YEAR, "suppression")


async def test_a_suppression_ends_no_contact_that_has_ended_by_itself(pool: Pool) -> None:
    attempt = await an_attempt(pool)
    await suppress(pool, expires_at=NEXT_YEAR.isoformat())

    assert is_finished(await fold(pool, an_end(attempt))) == ("finished", "busy", None)


@pytest.mark.parametrize(
    ("campaign", "expires_at"), [("m.id + 1", FOREVER), ("0", "2020-01-01"), ("m.id", "2020-01-01")]
)
async def test_a_suppression_of_another_campaign_or_time_is_none(
    pool: Pool, campaign: str, expires_at: str
) -> None:
    attempt = await an_attempt(pool, max_total=3, retry=BUSY)
    await suppress(pool, campaign=campaign, expires_at=expires_at)

    assert waits(await fold(pool, an_end(attempt))) == ("pending", NOW + HOUR, "retry")
