"""An edit reaches the contacts that already wait for a time."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.scheduler import replanner
from services.scheduler.replanner import Replanner
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.outcomes import Outcome
from tests.state_machine import recount
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts
from tests.support.ends import told_ends
from tests.support.folding import (
    BUSY,
    HOUR,
    NOW,
    an_attempt,
    an_end,
    fold,
    is_finished,
    waits,
)

SOON = {"busy": {"delay_seconds": 5}}
SECONDS = timedelta(seconds=5)


async def a_busy_contact(pool: Pool, outcome: Outcome = Outcome.BUSY, **options: Any) -> None:
    """A contact that was called once, and waits an hour for the next call."""
    attempt: CallReference = await an_attempt(pool, max_total=3, retry=BUSY)
    await pool.execute("UPDATE waiting_contacts SET contacts = 0")
    await pool.execute("UPDATE campaign_counters SET value = 1 WHERE name = 'attempts'")
    await fold(pool, an_end(attempt, outcome, **options))


async def edited(pool: Pool, **attempts: Any) -> None:
    """Edit the policy, as the API does, and let the scheduler go through all contacts."""
    await pool.execute(
        "UPDATE campaigns SET definition = $1, revision = revision + 1, replan_after = ''",
        json.dumps(a_definition(attempts=attempts)),
    )
    await replanned(pool)


async def replanned(pool: Pool) -> None:
    """Go through all contacts, and once more, which must change nothing."""
    scheduler = Replanner(pool)
    for _ in range(2):
        while await scheduler.run_once(NOW):
            pass
    assert await pool.fetchval("SELECT count(replan_after) FROM campaigns") == 0


async def contact_of(pool: Pool) -> Any:
    [row] = await pool.fetch("SELECT * FROM contacts")
    return row


async def wrong_counts(pool: Pool) -> list[str]:
    async with pool.acquire() as conn:
        faults = await recount.faults(conn) + await recount.untold(conn)
    # The attempt of these tests was inserted without its claim.
    return [fault for fault in faults if "counter attempts" not in fault]


async def test_a_shorter_delay_holds_for_those_that_wait_for_the_longer_one(pool: Pool) -> None:
    await a_busy_contact(pool)

    await edited(pool, max_total=3, retry=SOON)

    assert waits(await contact_of(pool)) == ("pending", NOW + SECONDS, "retry")
    assert await wrong_counts(pool) == []


async def test_a_longer_delay_and_a_gap_hold_too(pool: Pool) -> None:
    await a_busy_contact(pool)

    await edited(pool, max_total=3, retry=SOON, min_gap_seconds=7_200)

    assert waits(await contact_of(pool)) == ("pending", NOW + 2 * HOUR, "retry")
    assert await wrong_counts(pool) == []


@pytest.mark.parametrize(
    "attempts", [{"max_total": 1, "retry": BUSY}, {"max_total": 3, "retry": {"fax": BUSY["busy"]}}]
)
async def test_a_contact_without_a_further_attempt_is_finished_and_told(
    pool: Pool, attempts: dict[str, Any]
) -> None:
    await a_busy_contact(pool)

    await edited(pool, **attempts)

    assert is_finished(await contact_of(pool)) == ("finished", "excluded", None)
    [end] = await told_ends(pool)
    assert (end["reason"], end["last_outcome"], end["attempts"]) == ("budget", "busy", 1)
    assert await wrong_counts(pool) == []


async def test_a_time_for_which_the_person_asked_stays(pool: Pool) -> None:
    at = NOW + 5 * HOUR
    await a_busy_contact(pool, Outcome.CALLBACK_REQUESTED, callback_at=at)

    await edited(pool, max_total=3, retry=SOON)

    assert waits(await contact_of(pool)) == ("pending", at, "callback")


async def test_a_contact_that_waits_for_an_hour_that_was_moved_is_due(pool: Pool) -> None:
    await some_contacts(pool, await a_running_campaign(pool, now=NOW), 1)
    await pool.execute("UPDATE contacts SET waits_for = 'window', not_before = $1", NOW + HOUR)
    await pool.execute("UPDATE waiting_contacts SET contacts = 0")
    await pool.execute(
        """
        INSERT INTO waiting_contacts
            (tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts)
        SELECT tenant_id, campaign_id, calling_group_id, 'window', five_minutes_of(not_before), 1
        FROM contacts
        """
    )

    await edited(pool)

    contact = await contact_of(pool)
    assert (contact["state"], contact["not_before"]) == ("pending", NOW)
    assert contact["waits_for"] is None
    assert await wrong_counts(pool) == []


async def test_an_edit_goes_through_many_contacts_page_by_page_and_leaves_new_ones(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanner, "PAGE", 2)
    await a_busy_contact(pool)
    campaign: int = await pool.fetchval("SELECT id FROM campaigns")
    await some_contacts(pool, campaign, 5, first=10)

    await edited(pool, max_total=3, retry=SOON)

    rows = await pool.fetch("SELECT waits_for, not_before FROM contacts ORDER BY number")
    assert [row["waits_for"] for row in rows] == ["retry", *[None] * 5]
    assert rows[0]["not_before"] == NOW + SECONDS


async def test_an_edit_that_comes_meanwhile_begins_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanner, "PAGE", 1)
    await a_busy_contact(pool)
    campaign: int = await pool.fetchval("SELECT id FROM campaigns")
    await some_contacts(pool, campaign, 2, first=10)
    await pool.execute("UPDATE campaigns SET replan_after = ''")
    await Replanner(pool).run_once(NOW)

    await edited(pool, max_total=3, retry=SOON)

    row = await pool.fetchrow("SELECT waits_for, not_before FROM contacts ORDER BY number LIMIT 1")
    assert row is not None
    assert tuple(row) == ("retry", NOW + SECONDS)
