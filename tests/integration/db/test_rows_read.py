"""The hot statements read only the rows that they need, even with wrong planner statistics."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.db import dialing, tenants
from shared.db.calling_groups import CallingGroups
from shared.db.events import folding, opt_outs
from shared.db.events.folding import AttemptEnd, ContactNext
from shared.db.scheduler import claims, completion, live_attempts
from shared.db.scheduler.claims import DeferredContact
from shared.db.types import Connection, Pool
from shared.domain.attempts import AttemptState, CallReference
from shared.domain.campaigns import CampaignKey
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from tests.support.campaigns import a_running_campaign, a_tenant, some_contacts, tenant_of

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
CONTACTS, LIVE, WANTED = 3_000, 10, 200
ROWS_READ = """
    SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables
    WHERE relname IN ('attempts', 'contacts')
"""

Statement = Callable[[Connection, list[CallReference]], Awaitable[object]]


async def dial(conn: Connection, references: list[CallReference]) -> object:
    count = len(references)
    return await dialing.dial(
        conn,
        references,
        ["+12025550000"] * count,
        [0] * count,
        [None] * count,
        now=NOW,
        open_until=NOW,
        revisit_at=NOW,
    )


async def end(conn: Connection, references: list[CallReference]) -> object:
    ends = [
        AttemptEnd(
            reference=reference,
            from_state=None,
            state=AttemptState.ENDED,
            ended_at=NOW,
            outcome=Outcome.BUSY,
            reason=None,
            provider_call_id=None,
        )
        for reference in references
    ]
    return await folding.end(conn, ends)


async def move_on(conn: Connection, references: list[CallReference]) -> None:
    contact_ids = range(1, len(references) + 1)
    nexts = [
        ContactNext(
            tenant_id=references[0].tenant_id,
            id=contact_id,
            state=ContactState.PENDING,
            not_before=NOW,
            waits_for=None,
            resumes_at=None,
            attempts=1,
            attempts_on_day=1,
            day=NOW.date(),
            attempts_in_window=1,
            last_window=NOW,
            outcome=None,
        )
        for contact_id in contact_ids
    ]
    await folding.move_on(conn, nexts)


async def defer(conn: Connection, references: list[CallReference]) -> None:
    deferred = [
        DeferredContact(contact_id=contact_id, until=NOW, waits_for="retry")
        for contact_id in range(1, len(references) + 1)
    ]
    await claims.defer(conn, deferred, tenant_id=references[0].tenant_id)


async def republish(conn: Connection, references: list[CallReference]) -> object:
    return await live_attempts.republish(
        conn, tenant_id=references[0].tenant_id, now=NOW, revisit_at=NOW, limit=1_000
    )


async def claim_unreported(conn: Connection, references: list[CallReference]) -> object:
    tenant_id = references[0].tenant_id
    return await dialing.claim_unreported(conn, tenant_id, now=NOW, revisit_at=NOW, limit=1_000)


async def remainder(conn: Connection, _references: list[CallReference]) -> object:
    row = await conn.fetchrow("SELECT tenant_id, id FROM campaigns ORDER BY id LIMIT 1")
    assert row is not None
    return await completion.remainder(conn, CampaignKey(*row))


BY_REFERENCE: dict[str, Statement] = {
    "due": lambda conn, references: dialing.due(conn, references, CallingGroups()),
    "leases_of": dialing.leases_of,
    "ended": dialing.ended,
    "dial": dial,
    "hand_back": lambda conn, references: dialing.hand_back(
        conn, references, [NOW] * len(references)
    ),
    "placed": lambda conn, references: dialing.placed(
        conn, references, ["x"] * len(references), [NOW] * len(references)
    ),
    "facts": lambda conn, references: folding.facts(conn, references, CallingGroups()),
    "end": end,
    "move_on": move_on,
    "defer": defer,
    "opt_outs": lambda conn, references: opt_outs.suppress(conn, dict.fromkeys(references)),
}
BY_LIVE_ATTEMPTS: dict[str, Statement] = {
    "live": lambda conn, references: live_attempts.by_campaign(
        conn, {reference.tenant_id for reference in references}, now=NOW
    ),
    "live_leases": lambda conn, _references: dialing.live_leases(conn),
    "overdue claimed": lambda conn, _references: tenants.with_overdue_attempts(
        conn, claimed=True, now=NOW
    ),
    "overdue dialed": lambda conn, _references: tenants.with_overdue_attempts(
        conn, claimed=False, now=NOW
    ),
    "republish": republish,
    "claim_unreported": claim_unreported,
    "remainder": remainder,
}


async def attempts_of(pool: Pool) -> list[CallReference]:
    """Thousands of ended attempts and a few live ones; the statistics say that all are live."""
    for name in ("one", "two"):
        tenant_id = await a_tenant(pool, name=name)
        campaign = await a_running_campaign(pool, tenant_id=tenant_id, now=NOW)
        await some_contacts(pool, campaign, CONTACTS)
    await pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
            window_closes_at, revisit_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, $1, $2, $1, 1, 'claimed', 'x' FROM contacts
        """,
        NOW,
        NOW + timedelta(hours=1),
    )
    await pool.execute("ANALYZE attempts")
    await pool.execute("ANALYZE contacts")
    await pool.execute(
        """
        UPDATE attempts SET state = 'dropped', ended_at = $1, revisit_at = NULL
        WHERE id NOT IN (SELECT id FROM attempts ORDER BY contact_id LIMIT $2)
        """,
        NOW,
        LIVE,
    )
    rows = await pool.fetch(
        "SELECT tenant_id, id AS attempt_id FROM attempts ORDER BY contact_id % $1 LIMIT $2",
        CONTACTS,
        WANTED,
    )
    return [CallReference(**row) for row in rows]


async def rows_read(
    pool: Pool, statement: Statement, references: list[CallReference]
) -> dict[str, int]:
    async with pool.acquire() as conn, conn.transaction():
        before = {row["relname"]: row for row in await conn.fetch(ROWS_READ)}
        await statement(conn, references)
        after = {row["relname"]: row for row in await conn.fetch(ROWS_READ)}
    for table, row in after.items():
        assert row["seq_tup_read"] == before[table]["seq_tup_read"] if table in before else True
    return {
        table: row["idx_tup_fetch"] - (before[table]["idx_tup_fetch"] if table in before else 0)
        for table, row in after.items()
    }


@pytest.mark.parametrize("name", BY_REFERENCE)
async def test_a_statement_on_known_attempts_reads_those_only(pool: Pool, name: str) -> None:
    references = await attempts_of(pool)

    read = await rows_read(pool, BY_REFERENCE[name], references)

    assert read.get("attempts", 0) <= WANTED
    assert read.get("contacts", 0) <= WANTED


@pytest.mark.parametrize("name", BY_LIVE_ATTEMPTS)
async def test_a_look_at_the_live_attempts_reads_those_only(pool: Pool, name: str) -> None:
    references = await attempts_of(pool)
    # The first scan still reads index entries of ended attempts, and marks them dead.
    await pool.fetch("SELECT FROM attempts WHERE ended_at IS NULL")

    read = await rows_read(pool, BY_LIVE_ATTEMPTS[name], references)

    assert read["attempts"] <= 2 * LIVE + 1
    assert read.get("contacts", 0) <= 10


async def test_the_tenant_of_a_reference_must_be_the_attempts_own(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    await some_contacts(pool, campaign, 1)
    own = await tenant_of(pool, campaign)
    attempt_id = await pool.fetchval(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
            window_closes_at, revisit_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, $1, $2, $1, 1, 'claimed', 'x' FROM contacts
        RETURNING id
        """,
        NOW,
        NOW + timedelta(hours=1),
    )
    other = await a_tenant(pool, name="other")
    references = [CallReference(other, attempt_id), CallReference(own, attempt_id)]

    async with pool.acquire() as conn:
        due = await dialing.due(conn, references, CallingGroups())
        facts = await folding.facts(conn, references, CallingGroups())
        await dialing.hand_back(conn, references[:1], [NOW + timedelta(days=1)])
        won = await dial(conn, references[:1])

    assert [attempt.reference for attempt in due] == [references[1]]
    assert set(facts) == {references[1]}
    assert await pool.fetchval("SELECT revisit_at FROM attempts") == NOW
    assert won == set()
