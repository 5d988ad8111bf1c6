"""Claiming, rescuing and the life of a campaign, on real PostgreSQL and Kafka."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faststream.kafka import KafkaBroker

from services.scheduler.claimer import Claimer
from services.scheduler.lifecycle import Lifecycle
from shared.db import locks
from shared.db.scheduler import claims
from shared.db.scheduler.claims import ClaimableGroup
from shared.db.types import Pool
from shared.domain.campaigns import Command
from shared.kafka.messages.commands import CampaignCommand, CampaignCommandData
from tests.support.campaigns import (
    a_definition,
    a_rulebook,
    a_running_campaign,
    some_contacts,
    tenant_of,
)
from tests.support.claiming import LEASE, a_claimer
from tests.support.ends import told_ends

# A Wednesday: 12:00 in London, 07:00 in New York, 21:00 in Tokyo.
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
DAYTIME = {"windows": [{"days": ["wed"], "start": "09:00", "end": "20:00"}]}


@pytest.fixture
def lifecycle(pool: Pool) -> Lifecycle:
    return Lifecycle(pool, a_rulebook())


async def claimed(pool: Pool) -> list[int]:
    rows = await pool.fetch("SELECT contact_id FROM attempts ORDER BY contact_id")
    return [row["contact_id"] for row in rows]


async def state_of(pool: Pool, campaign: int) -> str:
    state: str = await pool.fetchval("SELECT state FROM campaigns WHERE id = $1", campaign)
    return state


async def work_off(pool: Pool, lifecycle: Lifecycle, now: datetime) -> None:
    """Sweep until no contact is left, and once more after all ends are told."""
    while await lifecycle.run_once(now):
        pass
    await told_ends(pool)
    await lifecycle.run_once(now)


async def test_only_groups_that_are_open_are_claimed(pool: Pool, claimer: Claimer) -> None:
    campaign = await a_running_campaign(pool, a_definition(calendar=DAYTIME), now=NOW)
    london = await some_contacts(pool, campaign, 2, zones=["Europe/London"])
    await some_contacts(pool, campaign, 2, zones=["America/New_York"], first=10)
    await some_contacts(pool, campaign, 2, zones=["Asia/Tokyo"], first=20)
    await some_contacts(pool, campaign, 2, zones=["America/New_York", "Europe/London"], first=30)
    await some_contacts(pool, campaign, 2, zones=[], first=40)

    await claimer.run_once(NOW)
    await claimer.run_once(NOW)

    assert await claimed(pool) == london
    closes = await pool.fetchval("SELECT window_closes_at FROM attempts LIMIT 1")
    assert closes == NOW.replace(hour=20)


async def test_the_window_that_closes_first_is_called_first(pool: Pool, claimer: Claimer) -> None:
    definition = a_definition(calendar=DAYTIME, caps={"max_concurrent": 1})
    campaign = await a_running_campaign(pool, definition, now=NOW)
    await some_contacts(pool, campaign, 5, zones=["Europe/London"])
    cairo = await some_contacts(pool, campaign, 3, zones=["Africa/Cairo"], first=10)

    await claimer.run_once(NOW)

    assert await claimed(pool) == cairo


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ({"max_concurrent": 10}, 12),
        ({"max_concurrent": 100, "calls_per_second": 20}, 22),
        ({"calls_per_second": 5}, 7),
    ],
)
async def test_no_more_is_claimed_than_the_caps_can_use(
    pool: Pool, claimer: Claimer, caps: dict[str, int], expected: int
) -> None:
    campaign = await a_running_campaign(pool, a_definition(caps=caps), now=NOW)
    await some_contacts(pool, campaign, 200)

    for _ in range(3):
        await claimer.run_once(NOW)

    assert len(await claimed(pool)) == expected


async def test_a_trunks_cap_is_shared_by_its_campaigns(pool: Pool, claimer: Claimer) -> None:
    first = await a_running_campaign(pool, now=NOW)
    second = await a_running_campaign(pool, now=NOW)
    await pool.execute("UPDATE trunks SET max_concurrent = 20")
    await some_contacts(pool, first, 100)
    await some_contacts(pool, second, 100)

    for _ in range(4):
        await claimer.run_once(NOW)

    # Twenty, and two ahead.
    assert len(await claimed(pool)) == 22


async def test_two_schedulers_at_once_claim_each_contact_once(
    pool: Pool, broker: KafkaBroker
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    contacts = await some_contacts(pool, campaign, 3_000)
    claimers = [a_claimer(pool, broker) for _ in range(2)]

    for _ in range(4):
        await asyncio.gather(*(claimer.run_once(NOW) for claimer in claimers))

    assert await claimed(pool) == contacts
    counted = await pool.fetchval("SELECT value FROM campaign_counters WHERE name = 'attempts'")
    assert counted == 3_000


async def test_a_contact_is_not_claimed_before_its_time(pool: Pool, claimer: Claimer) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 1)
    await pool.execute("UPDATE contacts SET not_before = $1", NOW + timedelta(seconds=1))

    await claimer.run_once(NOW)
    before = await claimed(pool)
    await claimer.run_once(NOW + timedelta(seconds=1))

    assert (len(before), len(await claimed(pool))) == (0, 1)


@pytest.mark.parametrize("wanted", ["paused", "cancelled"])
async def test_contacts_of_a_stopped_campaign_are_not_claimed(
    pool: Pool, claimer: Claimer, wanted: str
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 1)
    await pool.execute("UPDATE campaigns SET wanted_state = $1", wanted)

    await claimer.run_once(NOW)

    assert await claimed(pool) == []


async def test_the_claim_reads_the_due_index_and_no_more_rows_than_it_takes(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 20_000)
    await some_contacts(pool, campaign, 20_000, zones=["Asia/Tokyo"], first=30_000)
    await pool.execute("ANALYZE contacts")
    groups = [row["id"] for row in await pool.fetch("SELECT id FROM calling_groups ORDER BY id")]

    async with pool.acquire() as conn, conn.transaction():
        taken, places = await claims.claim(
            conn,
            tenant_id=await tenant_of(conn, campaign),
            campaign_id=campaign,
            backup_id=None,
            groups=[ClaimableGroup(id_, NOW + LEASE, "") for id_ in groups],
            limit=100,
            tzdata_version="test",
            revisit_at=NOW,
            now=NOW,
        )
        read = await conn.fetchrow(
            """
            SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables
            WHERE relname = 'contacts'
            """
        )

    assert (len(taken), len(places)) == (100, 100)
    assert read is not None
    assert read["seq_tup_read"] == 0
    # Each row is read for the claim and again for the update; the limit reads a few more.
    assert read["idx_tup_fetch"] <= 210


async def test_a_lost_attempt_is_published_again_until_it_is_dialed(
    pool: Pool, claimer: Claimer, broker: KafkaBroker
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 3)
    await claimer.run_once(NOW)
    later = NOW + LEASE

    await claimer.run_once(NOW + timedelta(seconds=1))
    early = await pool.fetchval("SELECT count(*) FROM attempts WHERE revisit_at > $1", later)
    await claimer.run_once(later)
    again = await pool.fetchval("SELECT count(*) FROM attempts WHERE revisit_at > $1", later)

    assert (early, again) == (0, 3)


async def test_a_lost_attempt_of_a_paused_campaign_is_published_again_too(
    pool: Pool, claimer: Claimer
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 3)
    await claimer.run_once(NOW)
    await pool.execute("UPDATE campaigns SET state = 'paused', wanted_state = 'paused'")
    later = NOW + LEASE

    await claimer.rescuer.run_once(later)
    again = await pool.fetchval("SELECT count(*) FROM attempts WHERE revisit_at > $1", later)

    assert again == 3


@pytest.mark.parametrize(
    ("state", "wanted", "expected"),
    [
        ("draft", "running", "running"),
        ("running", "paused", "paused"),
        ("paused", "running", "running"),
        ("paused", "cancelled", "cancelled"),
        ("running", "cancelled", "cancelled"),
    ],
)
async def test_a_campaign_follows_its_owner_with_or_without_the_command(
    pool: Pool, lifecycle: Lifecycle, state: str, wanted: str, expected: str
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 1)
    await pool.execute("UPDATE campaigns SET state = $1, wanted_state = $2", state, wanted)

    await lifecycle.run_once(NOW)
    data = CampaignCommandData(
        tenant_id=await tenant_of(pool, campaign), campaign_id=campaign, command=Command.START
    )
    command = CampaignCommand.of(data, at=NOW)
    await lifecycle.on_commands([command, command], now=NOW)

    assert await state_of(pool, campaign) == expected
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 1


async def test_a_campaign_waits_for_its_first_day_anywhere(
    pool: Pool, lifecycle: Lifecycle
) -> None:
    calendar = a_definition()["calendar"] | {"start_date": "2026-11-20"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    await some_contacts(pool, campaign, 1)
    await pool.execute("UPDATE campaigns SET state = 'draft'")

    await lifecycle.run_once(NOW)
    early = await state_of(pool, campaign)
    await lifecycle.run_once(datetime(2026, 11, 19, 10, 0, tzinfo=UTC))

    assert (early, await state_of(pool, campaign)) == ("scheduled", "running")


async def finish_all(pool: Pool) -> None:
    await pool.execute("UPDATE contacts SET state = 'finished', outcome = 'busy'")


async def test_a_campaign_is_completed_when_no_contact_is_left(
    pool: Pool, lifecycle: Lifecycle, claimer: Claimer
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 2)
    await claimer.run_once(NOW)
    await finish_all(pool)

    await lifecycle.run_once(NOW)
    with_live_attempts = await state_of(pool, campaign)
    await pool.execute("DELETE FROM attempts")
    await lifecycle.run_once(NOW)

    assert (with_live_attempts, await state_of(pool, campaign)) == ("running", "completed")


async def test_a_campaign_is_not_completed_while_contacts_are_imported(
    pool: Pool, lifecycle: Lifecycle
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 1)
    await finish_all(pool)

    async with pool.acquire() as conn, conn.transaction():
        await locks.block_completion(conn, campaign)
        await lifecycle.run_once(NOW)
        during = await state_of(pool, campaign)
    await lifecycle.run_once(NOW)

    assert (during, await state_of(pool, campaign)) == ("running", "completed")


async def test_retries_planned_after_the_last_date_are_given_up_with_those_never_tried(
    pool: Pool, lifecycle: Lifecycle
) -> None:
    calendar: dict[str, Any] = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    (tried, *_) = await some_contacts(pool, campaign, 3)
    await pool.execute(
        "UPDATE contacts SET attempts = 1, waits_for = 'retry', not_before = $2 WHERE id = $1",
        tried,
        NOW + timedelta(days=1),
    )
    await pool.execute(
        """
        WITH left_new AS (UPDATE waiting_contacts SET contacts = contacts - 1 RETURNING *)
        INSERT INTO waiting_contacts
            (tenant_id, campaign_id, calling_group_id, waits_for, five_minutes, contacts)
        SELECT tenant_id, campaign_id, calling_group_id, 'retry', five_minutes_of($1), 1
        FROM left_new
        """,
        NOW + timedelta(days=1),
    )

    await lifecycle.run_once(NOW.replace(hour=23))
    on_the_last_date = await state_of(pool, campaign)
    await work_off(pool, lifecycle, NOW + timedelta(days=1))

    assert (on_the_last_date, await state_of(pool, campaign)) == ("running", "completed")
    rows = await pool.fetch("SELECT state, outcome, attempts FROM contacts ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("finished", "out_of_time", 1),
        ("finished", "out_of_time", 0),
        ("finished", "out_of_time", 0),
    ]
    waiting = await pool.fetch("SELECT DISTINCT contacts FROM waiting_contacts")
    assert [row["contacts"] for row in waiting] == [0]


async def test_contacts_that_can_never_be_called_are_finished_last(
    pool: Pool, lifecycle: Lifecycle
) -> None:
    calendar: dict[str, Any] = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    await some_contacts(pool, campaign, 2, zones=["Asia/Tokyo"])
    await some_contacts(pool, campaign, 1, zones=["America/New_York"], first=10)
    await some_contacts(pool, campaign, 3, zones=[], first=20)

    await lifecycle.run_once(NOW.replace(hour=16))
    while_new_york_is_open = await state_of(pool, campaign)
    await work_off(pool, lifecycle, NOW + timedelta(days=1))

    assert while_new_york_is_open == "running"
    assert await state_of(pool, campaign) == "completed"
    rows = await pool.fetch("SELECT outcome, count(*) FROM contacts GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [("excluded", 3), ("out_of_time", 3)]
    counted = await pool.fetch(
        "SELECT name, value FROM campaign_counters WHERE name LIKE 'finished.%' ORDER BY 1"
    )
    assert [tuple(row) for row in counted] == [
        ("finished.excluded", 3),
        ("finished.out_of_time", 3),
    ]
