"""A claim takes a contact at the number that is called next, in the group of that number."""

from datetime import UTC, datetime, timedelta

from services.scheduler.replanner import Replanner
from shared.db.policies import Policies
from shared.db.scheduler import claims
from shared.db.scheduler.claims import ClaimableGroup, NewAttempt
from shared.db.types import Pool
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts, tenant_of
from tests.support.contact_numbers import FIRST, SECOND, TOKYO, give_numbers

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


async def go_on(pool: Pool, contact_id: int) -> int:
    """To the second number, as a fold does; returns its calling group."""
    _, group_id = await give_numbers(pool, contact_id, [(SECOND, TOKYO)])
    await pool.execute(
        "UPDATE contacts SET next_number = $2, calling_group_id = $3 WHERE id = $1",
        contact_id,
        SECOND,
        group_id,
    )
    return group_id


async def claimed(pool: Pool, campaign_id: int, group_id: int) -> list[int]:
    async with pool.acquire() as conn, conn.transaction():
        attempts, _ = await claims.claim(
            conn,
            tenant_id=await tenant_of(conn, campaign_id),
            campaign_id=campaign_id,
            backup_id=None,
            groups=[ClaimableGroup(group_id, LATER, "")],
            limit=10,
            tzdata_version="test",
            revisit_at=LATER,
            now=NOW,
        )
    return [attempt.contact_id for attempt in attempts]


async def held(pool: Pool) -> list[str]:
    return [row["phone"] for row in await pool.fetch("SELECT phone FROM attempts")]


async def test_a_claim_holds_the_number_that_is_called_next(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    [contact_id] = await some_contacts(pool, campaign, 1)
    first_group = await pool.fetchval("SELECT calling_group_id FROM contacts")
    group_id = await go_on(pool, contact_id)

    assert await claimed(pool, campaign, first_group) == []
    assert await claimed(pool, campaign, group_id) == [contact_id]
    assert await held(pool) == [SECOND]


async def test_a_claim_that_decides_on_each_contact_reads_the_number_that_is_called_next(
    pool: Pool,
) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    [contact_id] = await some_contacts(pool, campaign, 1)
    group_id = await go_on(pool, contact_id)
    tenant_id = await tenant_of(pool, campaign)

    async with pool.acquire() as conn, conn.transaction():
        key = {"tenant_id": tenant_id, "campaign_id": campaign}
        [due] = await claims.lock_due(
            conn, **key, groups=[group_id], callbacks=False, limit=5, now=NOW
        )
        await claims.insert(
            conn,
            [NewAttempt(contact_id=contact_id, closes_at=LATER, rules="")],
            **key,
            backup_id=None,
            tzdata_version="test",
            revisit_at=LATER,
            now=NOW,
        )

    assert due.number == SECOND
    assert await held(pool) == [SECOND]


async def test_two_contacts_that_share_a_number_are_not_claimed_at_once(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    [single] = await some_contacts(pool, campaign, 1)
    [several] = await some_contacts(pool, campaign, 1, first=7)
    group_id = await pool.fetchval("SELECT calling_group_id FROM contacts LIMIT 1")
    await give_numbers(pool, several, [(FIRST, ["UTC"])])
    await pool.execute("UPDATE contacts SET next_number = $2 WHERE id = $1", several, FIRST)

    taken = await claimed(pool, campaign, group_id)

    assert taken in ([single], [several])
    assert await held(pool) == [FIRST]
    assert await claimed(pool, campaign, group_id) == []


async def test_an_edit_plans_a_contact_that_has_gone_on_from_a_dead_number(pool: Pool) -> None:
    attempts = {"max_total": 3, "min_gap_seconds": 7_200, "retry": {}}
    campaign = await a_running_campaign(pool, a_definition(attempts=attempts), now=NOW)
    [contact_id] = await some_contacts(pool, campaign, 1)
    await go_on(pool, contact_id)
    await pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            dialing_at, ended_at, number, state, tzdata_version, outcome)
        SELECT tenant_id, uuidv7(), campaign_id, id, $1, $1, $1, $1, 1, 'ended', 'test',
            'unobtainable'
        FROM contacts
        """,
        NOW,
    )
    await pool.execute(
        "UPDATE contacts SET attempts = 1, not_before = $1, waits_for = 'retry'", LATER
    )
    await pool.execute("UPDATE campaigns SET replan_after = ''")

    await Replanner(pool, Policies()).run_once(NOW)

    contact = await pool.fetchrow("SELECT state, not_before, phone FROM contacts")
    assert contact is not None
    assert tuple(contact) == ("pending", NOW + timedelta(hours=2), SECOND)
