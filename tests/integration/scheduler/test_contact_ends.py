"""The ends of contacts without a call: by their campaign's end, its cancellation, their expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.scheduler import end_teller, lifecycle
from services.scheduler.claimer import Claimer
from services.scheduler.lifecycle import Lifecycle
from shared.db import locks
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.outcomes import Outcome
from tests.support.campaigns import (
    a_definition,
    a_rulebook,
    a_running_campaign,
    some_contacts,
    tenant_of,
)
from tests.support.contact_numbers import give_numbers
from tests.support.ends import reasons, told_ends
from tests.support.folding import an_end, fold

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def scheduler(pool: Pool) -> Lifecycle:
    return Lifecycle(pool, a_rulebook())


async def cancel(pool: Pool) -> None:
    await pool.execute("UPDATE campaigns SET wanted_state = 'cancelled'")


async def clear(scheduler: Lifecycle) -> None:
    """Sweep until no contact is left, and once more."""
    while await scheduler.clear(NOW):
        pass
    await scheduler.clear(NOW)


async def counted(pool: Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT name, value FROM campaign_counters")
    waiting = await pool.fetchval("SELECT sum(contacts)::int FROM waiting_contacts")
    return {row["name"]: row["value"] for row in rows} | {"waiting": waiting}


async def campaign_states(pool: Pool) -> list[str]:
    """The states that public events tell, with the ends of contacts between them."""
    rows = await pool.fetch(
        """
        SELECT coalesce(data ->> 'state', data ->> 'reason') AS told FROM public_events
        CROSS JOIN LATERAL (SELECT convert_from(payload, 'UTF8')::json -> 'data' AS data) AS event
        ORDER BY position
        """
    )
    return [row["told"] for row in rows]


async def test_contacts_without_a_further_window_end_with_the_reason(
    pool: Pool, scheduler: Lifecycle
) -> None:
    calendar: dict[str, Any] = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    await some_contacts(pool, campaign, 2)
    await some_contacts(pool, campaign, 1, zones=[], first=10)

    for _ in range(2):
        await scheduler.run_once(TOMORROW + timedelta(days=1))

    assert sorted(await reasons(pool)) == ["ended", "ended", "unknown_zone"]


async def test_a_campaign_is_completed_after_its_last_end_is_told(
    pool: Pool, scheduler: Lifecycle
) -> None:
    await some_contacts(pool, await a_running_campaign(pool, now=NOW), 1, zones=[])

    await scheduler.run_once(NOW)
    await scheduler.run_once(NOW)
    before = await pool.fetchval("SELECT state FROM campaigns")
    await told_ends(pool)
    await scheduler.run_once(NOW)

    assert before == "running"
    assert await campaign_states(pool) == ["unknown_zone", "completed"]


async def test_an_expired_contact_is_told_once(pool: Pool, scheduler: Lifecycle) -> None:
    await some_contacts(pool, await a_running_campaign(pool, now=NOW), 2)
    await pool.execute("UPDATE contacts SET expires_at = $1 WHERE number LIKE '%0'", NOW)

    for _ in range(2):
        await scheduler.expire(NOW)

    assert await reasons(pool) == ["expiry"]


async def test_the_contacts_of_a_cancelled_campaign_end_some_at_a_time(
    pool: Pool, scheduler: Lifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "FINISH_MOST", 4)
    monkeypatch.setattr(end_teller, "TELL_MOST", 3)
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 7)
    await some_contacts(pool, campaign, 3, zones=["Asia/Tokyo"], first=10)
    await cancel(pool)

    await scheduler.run_once(NOW)
    assert await scheduler.clear(NOW)
    some = await pool.fetchval("SELECT count(*) FROM contacts WHERE state = 'finished'")
    await clear(scheduler)
    await clear(scheduler)

    assert some == 4
    assert await reasons(pool) == ["cancelled"] * 10
    assert await counted(pool) == {"contacts": 10, "finished.cancelled": 10, "waiting": 0}
    assert await campaign_states(pool) == ["cancelled", *["cancelled"] * 10]
    assert await pool.fetchval("SELECT cleared_at FROM campaigns") == NOW


async def test_a_call_may_outlive_its_campaign_and_its_contact_ends_after_it(
    pool: Pool, scheduler: Lifecycle, claimer: Claimer
) -> None:
    attempts = {"max_total": 3, "retry": {"busy": {"delay_seconds": 60}}}
    await some_contacts(
        pool, await a_running_campaign(pool, a_definition(attempts=attempts), now=NOW), 1
    )
    await claimer.run_once(NOW)
    await pool.execute("UPDATE attempts SET state = 'dialing', dialing_at = $1", NOW)
    [row] = await pool.fetch("SELECT tenant_id, id AS attempt_id FROM attempts")
    reference = CallReference(**row)
    await cancel(pool)
    await scheduler.run_once(NOW)
    await clear(scheduler)
    during = await pool.fetchrow("SELECT cleared_at FROM campaigns")

    await fold(pool, an_end(reference, Outcome.BUSY, at=NOW))
    await clear(scheduler)
    await clear(scheduler)

    assert during is not None
    assert during["cleared_at"] is None
    [end] = await told_ends(pool)
    assert (end["reason"], end["last_outcome"], end["attempts"]) == ("cancelled", "busy", 1)
    assert await pool.fetchval("SELECT cleared_at FROM campaigns") == NOW


async def test_an_import_that_began_before_the_cancel_is_cleared_too(
    pool: Pool, scheduler: Lifecycle
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await cancel(pool)
    await scheduler.run_once(NOW)

    async with pool.acquire() as conn, conn.transaction():
        await locks.block_completion(conn, campaign)
        await clear(scheduler)
        await some_contacts(conn, campaign, 2)
    await clear(scheduler)

    assert await reasons(pool) == ["cancelled"] * 2
    assert await pool.fetchval("SELECT cleared_at FROM campaigns") == NOW


async def test_ends_of_many_tenants_are_told_each_to_its_own(
    pool: Pool, scheduler: Lifecycle
) -> None:
    campaigns = [await a_running_campaign(pool, now=NOW) for _ in range(3)]
    for campaign in campaigns:
        await some_contacts(pool, campaign, 1)
    await cancel(pool)

    await scheduler.run_once(NOW)
    await clear(scheduler)

    tenants = [await tenant_of(pool, campaign) for campaign in campaigns]
    assert [end["tenant_id"] for end in await told_ends(pool)] == sorted(tenants)


async def test_the_end_of_a_contact_is_told_in_the_trace_that_it_is_called_for(
    pool: Pool, scheduler: Lifecycle
) -> None:
    sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await some_contacts(pool, await a_running_campaign(pool, now=NOW), 2, zones=[])
    await pool.execute(
        "UPDATE contacts SET traceparent = $1 WHERE id = (SELECT min(id) FROM contacts)", sent
    )
    await scheduler.run_once(NOW)
    await told_ends(pool)

    told = await pool.fetch(
        """
        SELECT convert_from(payload, 'UTF8')::json ->> 'traceparent' AS traceparent
        FROM public_events WHERE type = 'outdial.contact.finished.v1' ORDER BY position
        """
    )
    assert [row["traceparent"] for row in told] == [sent, None]


async def test_a_running_campaign_whose_last_contact_is_deleted_is_completed(
    pool: Pool, scheduler: Lifecycle
) -> None:
    await some_contacts(pool, await a_running_campaign(pool, now=NOW), 1)
    await scheduler.run_once(NOW)
    before = await pool.fetchval("SELECT state FROM campaigns")
    await pool.execute("DELETE FROM contacts")

    await scheduler.run_once(NOW)

    assert before == "running"
    assert await pool.fetchval("SELECT state FROM campaigns") == "completed"


async def test_an_open_campaign_without_contacts_goes_on(pool: Pool, scheduler: Lifecycle) -> None:
    await a_running_campaign(pool, a_definition(keep_open=True), now=NOW)

    await scheduler.run_once(NOW)

    assert await pool.fetchval("SELECT state FROM campaigns") == "running"


async def test_a_contact_goes_on_from_a_number_whose_hours_are_over(
    pool: Pool, scheduler: Lifecycle
) -> None:
    """On the last day it is night in Tokyo already, and not yet in Los Angeles."""
    calendar: dict[str, Any] = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    goes_on, suppressed, single = await some_contacts(pool, campaign, 3, zones=["Asia/Tokyo"])
    west = ["America/Los_Angeles"]
    await give_numbers(pool, goes_on, [("+13105550177", west)])
    await give_numbers(pool, suppressed, [("+13105550188", west)])
    await pool.execute(
        "INSERT INTO suppressions (tenant_id, number, reason) VALUES ($1, '+13105550188', 'asked')",
        await tenant_of(pool, campaign),
    )

    for _ in range(3):
        await scheduler.run_once(NOW + timedelta(hours=6))

    rows = await pool.fetch("SELECT id, state, phone FROM contacts ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (goes_on, "pending", "+13105550177"),
        (suppressed, "pending", "+12025550001"),
        (single, "pending", "+12025550002"),
    ]
    assert (await counted(pool))["waiting"] == 3

    for _ in range(2):
        await scheduler.run_once(TOMORROW + timedelta(hours=6))

    assert sorted(await reasons(pool)) == ["ended", "ended", "ended"]
    assert (await counted(pool))["waiting"] == 0


async def test_a_contact_goes_on_while_others_of_its_campaign_are_called(
    pool: Pool, scheduler: Lifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contacts that have nowhere to go on to hold up no other."""
    monkeypatch.setattr(lifecycle, "FINISH_MOST", 1)
    calendar: dict[str, Any] = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    stays, goes_on = await some_contacts(pool, campaign, 2, zones=["Asia/Tokyo"])
    west = ["America/Los_Angeles"]
    await some_contacts(pool, campaign, 1, zones=west, first=10)
    await give_numbers(pool, stays, [("+81355550002", ["Asia/Tokyo"])])
    await give_numbers(pool, goes_on, [("+13105550177", west)])

    assert await scheduler.run_once(NOW + timedelta(hours=6))
    assert not await scheduler.run_once(NOW + timedelta(hours=6))

    rows = await pool.fetch("SELECT id, state, phone FROM contacts ORDER BY id LIMIT 2")
    assert [tuple(row) for row in rows] == [
        (stays, "pending", "+12025550000"),
        (goes_on, "pending", "+13105550177"),
    ]
    assert (await counted(pool))["waiting"] == 3
