"""The state of a contact after its attempt has ended; every message comes twice."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.events.fold import CallFolder
from shared.db.types import Pool
from shared.domain.attempts import UnknownReason
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import chance_of
from shared.kafka.messages.calls import CallEnded, CallUnknown, CallUnknownData
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts
from tests.support.folding import (
    BUSY,
    CLOSING,
    HOUR,
    MIDNIGHT,
    NOW,
    an_attempt,
    an_end,
    another_attempt,
    attempts_of_all,
    fold,
    is_finished,
    waits,
)


@pytest.mark.parametrize(
    ("policy", "not_before", "waits_for"),
    [
        ({}, NOW + HOUR, "retry"),
        ({"max_per_day": 1}, MIDNIGHT, "day"),
        ({"max_per_window": 1}, CLOSING, "window"),
        ({"min_gap_seconds": 7_200}, NOW + 2 * HOUR, "retry"),
    ],
)
async def test_a_contact_knows_what_it_waits_for(
    pool: Pool, policy: dict[str, Any], not_before: datetime, waits_for: str
) -> None:
    attempt = await an_attempt(pool, max_total=3, retry=BUSY, **policy)

    contact = await fold(pool, an_end(attempt))

    assert waits(contact) == ("pending", not_before, waits_for)
    assert (contact["attempts"], contact["attempts_on_day"]) == (1, 1)
    assert (contact["attempts_in_window"], contact["window_closes_at"]) == (1, CLOSING)


async def test_the_next_window_has_a_budget_of_its_own(pool: Pool) -> None:
    first = await an_attempt(pool, max_total=9, max_per_window=2, retry=BUSY)
    once = await fold(pool, an_end(first))
    second = await another_attempt(pool, at=NOW + HOUR, closes_at=CLOSING)
    spent = await fold(pool, an_end(second, at=NOW + HOUR))
    third = await another_attempt(pool, at=CLOSING + HOUR, closes_at=CLOSING + 6 * HOUR)
    afresh = await fold(pool, an_end(third, at=CLOSING + HOUR))

    assert waits(once) == ("pending", NOW + HOUR, "retry")
    assert waits(spent) == ("pending", CLOSING, "window")
    assert waits(afresh) == ("pending", CLOSING + 2 * HOUR, "retry")
    assert (afresh["attempts"], afresh["attempts_in_window"]) == (3, 1)


async def test_delays_by_number_and_jitter_are_those_of_the_attempt(pool: Pool) -> None:
    policy: dict[str, Any] = {"delays_seconds": [600, 7_200], "jitter": 0.5, "retry": {"busy": {}}}
    first = await an_attempt(pool, max_total=9, **policy)
    once = await fold(pool, an_end(first))
    second = await another_attempt(pool, at=NOW + HOUR, closes_at=CLOSING)
    twice = await fold(pool, an_end(second, at=NOW + HOUR))

    shortly = timedelta(seconds=600) * (1 + 0.5 * chance_of(first.attempt_id))
    later = HOUR + 2 * HOUR * (1 + 0.5 * chance_of(second.attempt_id))
    assert once["not_before"] - NOW == pytest.approx(shortly, abs=timedelta(microseconds=1))
    assert twice["not_before"] - NOW == pytest.approx(later, abs=timedelta(microseconds=1))


async def test_a_contact_that_asked_for_a_callback_is_called_then(pool: Pool) -> None:
    attempt = await an_attempt(pool, max_total=2, max_per_day=1, min_gap_seconds=60)
    asked = Outcome.CALLBACK_REQUESTED

    contact = await fold(pool, an_end(attempt, asked, callback_at=NOW + 3 * HOUR))

    assert waits(contact) == ("pending", NOW + 3 * HOUR, "callback")
    event = json.loads(await pool.fetchval("SELECT payload FROM public_events"))
    assert event["data"]["contact_finished"] is False
    assert datetime.fromisoformat(event["data"]["next_attempt_not_before"]) == NOW + 3 * HOUR


async def test_a_callback_in_no_sensible_year_ends_the_contact_as_without_it(pool: Pool) -> None:
    attempt = await an_attempt(pool, max_total=2)
    end = an_end(attempt, Outcome.CALLBACK_REQUESTED)
    sent = json.loads(end.encoded())
    sent["data"]["callback_at"] = "9999-12-31T23:59:59-14:00"

    contact = await fold(pool, CallEnded.model_validate_json(json.dumps(sent)))

    assert is_finished(contact) == ("finished", "callback_requested", None)


async def test_a_request_that_is_void_before_the_next_attempt_is_finished(pool: Pool) -> None:
    attempt = await an_attempt(
        pool, max_total=3, retry=BUSY, contact={"expires_at": NOW + HOUR, "waits_for": "retry"}
    )

    contact = await fold(pool, an_end(attempt))

    assert is_finished(contact) == ("finished", "out_of_time", None)
    names = {row["name"] for row in await pool.fetch("SELECT name FROM campaign_counters")}
    assert names == {"contacts", "outcome.busy", "finished.out_of_time"}
    event = json.loads(await pool.fetchval("SELECT payload FROM public_events"))
    assert (event["data"]["contact_finished"], event["data"]["outcome"]) == (True, "busy")


async def test_a_request_that_is_still_good_at_the_next_attempt_goes_on(pool: Pool) -> None:
    expires_at = NOW + HOUR + timedelta(microseconds=1)
    attempt = await an_attempt(pool, max_total=3, retry=BUSY, contact={"expires_at": expires_at})

    assert waits(await fold(pool, an_end(attempt))) == ("pending", NOW + HOUR, "retry")


async def test_the_last_outcome_outweighs_the_expiry(pool: Pool) -> None:
    attempt = await an_attempt(pool, contact={"expires_at": NOW})

    contact = await fold(pool, an_end(attempt, Outcome.ANSWERED_HUMAN))

    assert is_finished(contact) == ("finished", "answered_human", None)


async def test_a_call_of_unknown_end_counts_in_the_window(pool: Pool) -> None:
    attempt = await an_attempt(
        pool, max_total=3, max_per_window=1, retry={"unknown": {"delay_seconds": 60}}
    )
    data = CallUnknownData(**attempt._asdict(), reason=UnknownReason.NO_REPLY, ended_at=NOW)

    contact = await fold(pool, CallUnknown.of(data, at=NOW))

    assert waits(contact) == ("pending", CLOSING, "window")
    assert contact["attempts_in_window"] == 1


@pytest.mark.parametrize("given_up_before", [False, True])
async def test_an_opt_out_suppresses_the_number_whenever_it_is_reported(
    pool: Pool, given_up_before: bool
) -> None:
    attempt = await an_attempt(pool, max_total=3, retry=BUSY)
    if given_up_before:
        data = CallUnknownData(**attempt._asdict(), reason=UnknownReason.NO_ENDING, ended_at=NOW)
        await fold(pool, CallUnknown.of(data, at=NOW))

    await fold(pool, an_end(attempt, Outcome.OPT_OUT))

    rows = await pool.fetch(
        "SELECT number, campaign_id, reason, expires_at = 'infinity' AS for_good FROM suppressions"
    )
    assert [tuple(row) for row in rows] == [("+12025550000", 0, "opt_out", True)]


async def test_a_repeated_opt_out_does_not_bring_a_lifted_suppression_back(pool: Pool) -> None:
    attempt = await an_attempt(pool, max_total=3, retry=BUSY)
    await fold(pool, an_end(attempt, Outcome.OPT_OUT))
    await pool.execute("DELETE FROM suppressions")

    await fold(pool, an_end(attempt, Outcome.OPT_OUT))

    assert await pool.fetch("SELECT FROM suppressions") == []


async def test_reports_that_two_processes_fold_at_once_count_once(pool: Pool) -> None:
    """So it may be for a moment when a partition moves from one process to another."""
    campaign = await a_running_campaign(pool, a_definition(attempts={"max_total": 1}), now=NOW)
    await some_contacts(pool, campaign, 50)
    attempts = await attempts_of_all(pool, at=NOW, closes_at=CLOSING)
    ends = [an_end(attempt, Outcome.OPT_OUT) for attempt in attempts]

    await asyncio.gather(
        *(CallFolder(pool).on_call_reports([*order]) for order in (ends, ends[::-1]) * 3)
    )

    counted = await pool.fetch("SELECT name, value FROM campaign_counters ORDER BY name")
    assert {row["name"]: row["value"] for row in counted} == {
        "contacts": 50,
        "finished.opt_out": 50,
        "outcome.opt_out": 50,
    }
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 50
