"""A fold moves a contact with several numbers to the next one, in the transaction of the end."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.events.fold import CallFolder
from shared.db.types import Pool
from shared.domain.attempts import CallReference, UnknownReason
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.calls import CallUnknown, CallUnknownData
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts
from tests.support.contact_numbers import FIRST, SECOND, THIRD, TOKYO, give_numbers
from tests.support.ends import reasons
from tests.support.folding import (
    CLOSING,
    HOUR,
    NOW,
    a_drop,
    an_end,
    another_attempt,
    fold,
    is_finished,
    waits,
)

RETRIED = {outcome: {"delay_seconds": 3_600} for outcome in ("busy", "unknown")}


async def an_attempt(pool: Pool, **definition: Any) -> tuple[CallReference, list[int]]:
    """The dialed first attempt of a contact with three numbers, and the group of each number."""
    attempts = {"max_total": 5, "retry": RETRIED, "min_gap_seconds": 60}
    wanted = a_definition(attempts=attempts, **definition)
    campaign = await a_running_campaign(pool, wanted, now=NOW)
    [contact_id] = await some_contacts(pool, campaign, 1)
    groups = await give_numbers(pool, contact_id, [(SECOND, TOKYO), (THIRD, ["UTC"])])
    return await dialed(pool), groups


async def dialed(pool: Pool) -> CallReference:
    """An attempt at the number that is called next."""
    await pool.execute("DELETE FROM waiting_contacts")
    reference = await another_attempt(pool, at=NOW, closes_at=CLOSING)
    await pool.execute(
        "UPDATE attempts SET phone = (SELECT phone FROM contacts) WHERE id = $1",
        reference.attempt_id,
    )
    return reference


async def suppress(pool: Pool, number: str, *, until: str = "infinity") -> None:
    await pool.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason, expires_at)
        SELECT id, $1, 'asked', $2::text::timestamptz FROM tenants
        """,
        number,
        until,
    )


async def passed_over(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT number FROM contact_numbers WHERE is_passed_over")
    return [row["number"] for row in rows]


async def waiting(pool: Pool) -> list[tuple[int, str, int]]:
    rows = await pool.fetch(
        "SELECT calling_group_id, waits_for, contacts FROM waiting_contacts WHERE contacts <> 0"
    )
    return [tuple(row) for row in rows]


async def test_a_call_that_reaches_nobody_is_followed_by_one_at_the_next_number(
    pool: Pool,
) -> None:
    attempt, groups = await an_attempt(pool)

    contact = await fold(pool, an_end(attempt, Outcome.BUSY))

    assert waits(contact) == ("pending", NOW + HOUR, "retry")
    assert (contact["number"], contact["phone"]) == (FIRST, SECOND)
    assert contact["calling_group_id"] == groups[1]
    assert await waiting(pool) == [(groups[1], "retry", 1)]
    assert await passed_over(pool) == []
    [record] = await pool.fetch("SELECT number FROM call_records")
    assert record["number"] == FIRST


async def test_all_numbers_are_tried_in_turn_and_count_for_one_budget(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)
    called = []
    while True:
        contact = await fold(pool, an_end(attempt, Outcome.BUSY))
        if contact["state"] == "finished":
            break
        called.append(contact["phone"])
        attempt = await dialed(pool)

    assert called == [SECOND, THIRD, FIRST, SECOND]
    assert (contact["attempts"], contact["outcome"]) == (5, "busy")


async def test_a_number_at_which_nobody_is_reached_is_passed_over_for_ever(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)

    contact = await fold(pool, an_end(attempt, Outcome.UNOBTAINABLE))

    assert waits(contact) == ("pending", NOW + timedelta(minutes=1), "retry")
    assert contact["phone"] == SECOND
    assert await passed_over(pool) == [FIRST]

    await fold(pool, an_end(await dialed(pool), Outcome.INVALID_NUMBER))
    contact = await fold(pool, an_end(await dialed(pool), Outcome.BUSY))
    assert (contact["state"], contact["phone"]) == ("pending", THIRD)

    contact = await fold(pool, an_end(await dialed(pool), Outcome.UNOBTAINABLE))
    assert is_finished(contact) == ("finished", "unobtainable", None)


async def test_the_event_of_an_end_says_which_number_was_called(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)
    await fold(pool, an_end(attempt, Outcome.BUSY))
    await fold(pool, an_end(await dialed(pool), Outcome.BUSY))

    rows = await pool.fetch("SELECT payload FROM public_events ORDER BY position")
    told = [json.loads(row["payload"])["data"] for row in rows]
    assert [data["number_position"] for data in told] == [1, 2]
    assert not any(number in row["payload"].decode() for row in rows for number in (FIRST, SECOND))


async def test_an_answer_ends_the_contact(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)

    contact = await fold(pool, an_end(attempt, Outcome.ANSWERED_HUMAN))

    assert is_finished(contact) == ("finished", "answered_human", None)


async def test_a_drop_because_of_a_suppression_goes_on_to_the_next_number(pool: Pool) -> None:
    attempt, groups = await an_attempt(pool)
    await suppress(pool, FIRST)
    await suppress(pool, SECOND, until="2126-01-01")

    contact = await fold(pool, a_drop(attempt, Reason.SUPPRESSION))

    assert waits(contact) == ("pending", NOW, "capacity")
    assert (contact["phone"], contact["attempts"]) == (THIRD, 0)
    assert await waiting(pool) == [(groups[2], "capacity", 1)]


async def test_a_drop_ends_a_contact_whose_numbers_are_all_suppressed_for_good(
    pool: Pool,
) -> None:
    attempt, _ = await an_attempt(pool)
    for number in (FIRST, SECOND, THIRD):
        await suppress(pool, number)

    contact = await fold(pool, a_drop(attempt, Reason.SUPPRESSION))

    assert is_finished(contact) == ("finished", "excluded", None)
    assert await reasons(pool) == ["suppression"]


async def test_a_drop_for_a_destination_passes_the_number_over(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)

    contact = await fold(pool, a_drop(attempt, Reason.DESTINATION))

    assert (contact["state"], contact["phone"]) == ("pending", SECOND)
    assert await passed_over(pool) == [FIRST]


@pytest.mark.parametrize("moved", [False, True])
async def test_an_opt_out_suppresses_the_number_that_was_called(pool: Pool, moved: bool) -> None:
    attempt, _ = await an_attempt(pool)
    if moved:
        data = CallUnknownData(**attempt._asdict(), reason=UnknownReason.NO_ENDING, ended_at=NOW)
        contact = await fold(pool, CallUnknown.of(data, at=NOW))
        assert contact["phone"] == SECOND

    await fold(pool, an_end(attempt, Outcome.OPT_OUT))

    rows = await pool.fetch("SELECT number FROM suppressions")
    assert [row["number"] for row in rows] == [FIRST]


async def test_an_opt_out_at_a_further_number_suppresses_that_one(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)
    await fold(pool, an_end(attempt, Outcome.BUSY))

    await fold(pool, an_end(await dialed(pool), Outcome.OPT_OUT))

    rows = await pool.fetch("SELECT number FROM suppressions")
    assert [row["number"] for row in rows] == [SECOND]


async def test_an_opt_out_that_is_told_late_finds_a_number_that_was_removed(pool: Pool) -> None:
    attempt, _ = await an_attempt(pool)
    await fold(pool, an_end(attempt, Outcome.BUSY))
    attempt = await dialed(pool)
    await fold(pool, an_end(attempt, Outcome.BUSY))
    await pool.execute("DELETE FROM contact_numbers WHERE number <> $1", THIRD)
    await pool.execute("UPDATE contacts SET next_number = NULL")

    await fold(pool, an_end(attempt, Outcome.OPT_OUT))

    rows = await pool.fetch("SELECT number FROM suppressions")
    assert [row["number"] for row in rows] == [SECOND]


async def test_a_drop_leads_back_from_a_number_that_was_removed(pool: Pool) -> None:
    attempt, groups = await an_attempt(pool)
    await fold(pool, an_end(attempt, Outcome.BUSY))
    attempt = await dialed(pool)
    await pool.execute("DELETE FROM contact_numbers WHERE number = $1", SECOND)

    contact = await fold(pool, a_drop(attempt, Reason.CALL_UP))

    assert (contact["state"], contact["phone"]) == ("pending", FIRST)
    assert contact["calling_group_id"] == groups[0]
    assert await waiting(pool) == [(groups[0], "capacity", 1)]


async def test_a_text_message_is_about_the_number_that_was_called(pool: Pool) -> None:
    sms = {"sender": "ACME", "on": ["busy"], "text": "We called {{number}}."}
    attempt, _ = await an_attempt(pool, sms=sms)

    await fold(pool, an_end(attempt, Outcome.BUSY))

    rows = await pool.fetch("SELECT text FROM sms_messages")
    assert [row["text"] for row in rows] == [f"We called {FIRST}."]


async def test_contacts_with_one_number_and_with_several_are_folded_in_one_batch(
    pool: Pool,
) -> None:
    attempt, _ = await an_attempt(pool)
    campaign = await pool.fetchval("SELECT id FROM campaigns")
    [other] = await some_contacts(pool, campaign, 1, first=50)
    single = await pool.fetchrow(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, dialing_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, $2, $3, $3, $2, 1, 'dialing', 'test'
        FROM contacts WHERE id = $1 RETURNING tenant_id, id AS attempt_id
        """,
        other,
        NOW,
        CLOSING,
    )
    assert single is not None

    ends = [an_end(attempt), an_end(CallReference(**single))]
    await CallFolder(pool).on_call_reports([*ends, *ends])

    rows = await pool.fetch("SELECT phone, next_number FROM contacts ORDER BY id")
    assert [tuple(row) for row in rows] == [(SECOND, SECOND), ("+12025550050", None)]
