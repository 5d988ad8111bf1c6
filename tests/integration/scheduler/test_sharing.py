"""Campaigns share the free capacity; campaigns that only wait take none of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.scheduler import lifecycle
from services.scheduler.claimer import Claimer
from services.scheduler.lifecycle import Lifecycle
from services.scheduler.turns import Turns
from shared.db.types import Pool
from shared.domain.decision import gates
from shared.domain.decision.gates import Block
from shared.domain.reasons import Reason
from tests.support.campaigns import (
    a_definition,
    a_rulebook,
    a_running_campaign,
    a_tenant,
    some_contacts,
)
from tests.support.ends import told_ends

# A Wednesday.
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


async def claims_of(pool: Pool, campaign: int) -> int:
    count: int = await pool.fetchval(
        "SELECT count(*) FROM attempts WHERE campaign_id = $1", campaign
    )
    return count


async def a_campaign(pool: Pool, tenant: int, contacts: int, first: int, **parts: object) -> int:
    definition = a_definition(**parts)
    campaign = await a_running_campaign(pool, definition, tenant_id=tenant, now=NOW)
    await some_contacts(pool, campaign, contacts, first=first)
    return campaign


async def test_a_campaign_of_ten_is_not_starved_by_one_of_thousands(
    pool: Pool, claimer: Claimer
) -> None:
    tenant = await a_tenant(pool)
    large = await a_campaign(pool, tenant, 5_000, 0)
    small = await a_campaign(pool, tenant, 10, 6_000)
    await pool.execute("UPDATE tenants SET max_concurrent = 40")

    await claimer.run_once(NOW)

    assert (await claims_of(pool, small), await claims_of(pool, large)) == (10, 34)


@pytest.mark.parametrize("priority", [0, 9])
async def test_campaigns_that_only_wait_do_not_delay_others(
    pool: Pool, claimer: Claimer, priority: int
) -> None:
    tenant = await a_tenant(pool)
    for index in range(30):
        idle = {"share": {"priority": priority, "weight": 5}}
        await a_campaign(pool, tenant, 1, index, **idle)
    await pool.execute("UPDATE contacts SET not_before = $1", NOW + timedelta(hours=1))
    busy = await a_campaign(pool, tenant, 100, 1_000)
    await pool.execute("UPDATE tenants SET max_concurrent = 10")

    await claimer.run_once(NOW)

    assert await claims_of(pool, busy) == 12


async def test_contacts_that_must_wait_for_a_cap_leave_the_share_to_others(
    pool: Pool, claimer: Claimer
) -> None:
    tenant = await a_tenant(pool)
    capped = {"share": {"priority": 5}, "frequency_caps": [{"max_calls": 1, "hours": 24}]}
    first = await a_campaign(pool, tenant, 1_000, 0, **capped)
    await pool.execute(
        """
        INSERT INTO person_calls (
            tenant_id, number, dialing_at, attempt_id, subject, outcome, ended_at
        )
        SELECT $1, number, $2, uuidv7(), '', 'busy', $2 FROM contacts
        """,
        tenant,
        NOW - timedelta(hours=1),
    )
    second = await a_campaign(pool, tenant, 100, 2_000)
    await pool.execute("UPDATE tenants SET max_concurrent = 10")

    await claimer.run_once(NOW)

    assert (await claims_of(pool, first), await claims_of(pool, second)) == (0, 12)


async def test_a_callback_that_must_wait_for_a_cap_is_kept(pool: Pool, claimer: Claimer) -> None:
    tenant = await a_tenant(pool)
    capped = {"frequency_caps": [{"max_calls": 1, "hours": 2}]}
    await a_campaign(pool, tenant, 1, 0, **capped)
    await pool.execute(
        "UPDATE contacts SET waits_for = 'callback', not_before = $1", NOW - timedelta(minutes=1)
    )
    await pool.execute(
        """
        INSERT INTO person_calls (
            tenant_id, number, dialing_at, attempt_id, subject, outcome, ended_at
        )
        SELECT $1, number, $2, uuidv7(), '', 'busy', $2 FROM contacts
        """,
        tenant,
        NOW - timedelta(hours=1),
    )

    await claimer.run_once(NOW)

    row = await pool.fetchrow("SELECT state, waits_for, not_before FROM contacts")
    assert row is not None
    assert tuple(row) == ("pending", "callback", NOW + timedelta(hours=1))


async def test_a_campaign_is_not_completed_while_another_holds_a_contact(pool: Pool) -> None:
    calendar = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_campaign(pool, await a_tenant(pool), 2, 0, calendar=calendar)
    lifecycle, later = Lifecycle(pool, a_rulebook()), NOW + timedelta(days=3)

    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM contacts ORDER BY id LIMIT 1 FOR UPDATE")
        while await lifecycle.run_once(later):
            pass
        held = await pool.fetchval("SELECT state FROM campaigns WHERE id = $1", campaign)
    while await lifecycle.run_once(later):
        pass
    await told_ends(pool)
    await lifecycle.run_once(later)

    assert held == "running"
    assert await pool.fetchval("SELECT state FROM campaigns") == "completed"
    assert await pool.fetchval("SELECT count(*) FROM contacts WHERE state = 'pending'") == 0


async def test_a_gate_that_shuts_a_whole_group_keeps_it_from_being_claimed(
    pool: Pool, claimer: Claimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the dialer would drop its attempts and the scheduler claim them, without an end."""
    campaign = await a_campaign(pool, await a_tenant(pool), 5, 0)
    shut = Block(reason=Reason.LAW, until=None)
    monkeypatch.setattr(gates, "GATES", (*gates.GATES, lambda _rules, _facts, _now: shut))

    await claimer.run_once(NOW)

    assert await claims_of(pool, campaign) == 0


async def test_campaigns_of_many_groups_take_turns_and_delay_no_other_tenant(
    pool: Pool, claimer: Claimer
) -> None:
    busy, quiet = await a_tenant(pool), await a_tenant(pool)
    many = [await a_campaign(pool, busy, 1, index) for index in range(3)]
    one = await a_campaign(pool, quiet, 1, 10)
    claimer = replace(claimer, turns=Turns(groups_at_once=1, few_groups=0))
    await pool.execute("UPDATE contacts SET not_before = $1", NOW + timedelta(hours=1))
    # The first pass learns how many groups each campaign has.
    await claimer.run_once(NOW)
    await pool.execute("UPDATE contacts SET not_before = '-infinity'")

    called = []
    for _ in range(3):
        await claimer.run_once(NOW)
        called.append([bool(await claims_of(pool, campaign)) for campaign in (*many, one)])

    assert called == [
        [True, False, False, True],
        [True, True, False, True],
        [True, True, True, True],
    ]


async def test_a_campaign_of_many_groups_goes_on_until_the_last_of_them_is_over(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "GROUPS_FIRST", 1)
    calendar = a_definition()["calendar"] | {"end_date": "2026-11-18"}
    campaign = await a_running_campaign(pool, a_definition(calendar=calendar), now=NOW)
    for index, zone in enumerate(("Asia/Tokyo", "Europe/Berlin", "America/New_York")):
        await some_contacts(pool, campaign, 1, zones=[zone], first=index)
    pending = []

    # The day is over in Tokyo after 3 hours, in Berlin after 11 and in New York after 17.
    for hours in (0, 4, 12, 18):
        await Lifecycle(pool, a_rulebook()).run_once(NOW + timedelta(hours=hours))
        count = "SELECT count(*) FROM contacts WHERE state = 'pending'"
        pending.append(await pool.fetchval(count))

    assert pending == [3, 3, 3, 0]
