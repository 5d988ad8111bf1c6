"""The SQL of suppressions gives the results of shared/domain/policy/suppression.py."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from shared.db.api import contacts, exclusions
from shared.db.api.contacts import NewContact
from shared.db.types import Pool
from shared.domain.calendar.intervals import AT_ONCE, NEVER
from shared.domain.policy.attempt_policy import Again
from shared.domain.policy.suppression import put_off, settle
from shared.domain.reasons import Reason
from tests.support.campaigns import a_running_campaign, some_contacts, tenant_of

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
TIMES = (NOW - HOUR, NOW + HOUR, NOW + 3 * HOUR)
ENDS = (None, NOW + 2 * HOUR, NOW + 5 * HOUR, NEVER)


def waits() -> Iterator[tuple[Again, int]]:
    """Contacts with each reason to wait, and their attempts."""
    yield Again(not_before=AT_ONCE, waits_for=None), 0
    for at in TIMES:
        yield Again(not_before=at, waits_for=Reason.RETRY), 2
        for own, attempts in product((None, *TIMES), (0, 2)):
            yield Again(not_before=at, waits_for=Reason.CALLBACK, resumes_at=own), attempts
            yield Again(not_before=at, waits_for=Reason.SUPPRESSION, resumes_at=own), attempts


async def suppress(pool: Pool, tenant_id: int, number: str, until: datetime) -> None:
    await pool.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason, expires_at)
        VALUES ($1, $2, 'test', coalesce($3::timestamptz, 'infinity'))
        """,
        tenant_id,
        number,
        None if until == NEVER else until,
    )


async def state_of(pool: Pool, number: str) -> Again | None:
    row = await pool.fetchrow(
        """
        SELECT state, NULLIF(not_before, '-infinity') AS not_before, waits_for, resumes_at
        FROM contacts WHERE number = $1
        """,
        number,
    )
    assert row is not None
    if row["state"] == "finished":
        return None
    waits_for = None if row["waits_for"] is None else Reason(row["waits_for"])
    return Again(
        not_before=row["not_before"] or AT_ONCE, waits_for=waits_for, resumes_at=row["resumes_at"]
    )


async def test_each_waiting_contact_is_settled_as_the_domain_says(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    tenant_id = await tenant_of(pool, campaign)
    cases = list(product(waits(), ENDS))
    ids = await some_contacts(pool, campaign, len(cases))
    numbers = {}
    for id_, ((waiting, attempts), until) in zip(ids, cases, strict=True):
        numbers[id_] = await pool.fetchval(
            """
            UPDATE contacts SET not_before = coalesce($2::timestamptz, '-infinity'),
                waits_for = $3, resumes_at = $4, attempts = $5
            WHERE id = $1 RETURNING number
            """,
            id_,
            None if waiting.not_before == AT_ONCE else waiting.not_before,
            waiting.waits_for,
            waiting.resumes_at,
            attempts,
        )
        if until is not None:
            await suppress(pool, tenant_id, numbers[id_], until)

    await exclusions.settle(
        pool, tenant_id=tenant_id, campaign_id=0, numbers=list(numbers.values()), now=NOW
    )

    for id_, ((waiting, attempts), until) in zip(ids, cases, strict=True):
        expected = settle(waiting, until, attempts=attempts, now=NOW)
        assert await state_of(pool, numbers[id_]) == expected, (waiting, attempts, until)


async def test_a_new_contact_is_put_off_as_the_domain_says(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    tenant_id = await tenant_of(pool, campaign)
    (first,) = await some_contacts(pool, campaign, 1, first=9_000)
    group_id = await pool.fetchval("SELECT calling_group_id FROM contacts WHERE id = $1", first)
    for index, until in enumerate(ENDS):
        number = f"+1202555{index:04}"
        if until is not None:
            await suppress(pool, tenant_id, number, until)
        row = NewContact(
            number=number,
            calling_group_id=group_id,
            external_id=None,
            attributes=None,
            expires_at=None,
        )
        await contacts.insert(pool, [row], tenant_id=tenant_id, campaign_id=campaign)

        expected = put_off(Again(not_before=AT_ONCE, waits_for=None), until)
        assert await state_of(pool, number) == expected


async def test_the_planner_puts_the_function_into_the_query(pool: Pool) -> None:
    rows = await pool.fetch(
        """
        EXPLAIN SELECT c.id, s.until FROM contacts c
        CROSS JOIN LATERAL suppressed_until(c.tenant_id, c.campaign_id, c.number,
            statement_timestamp()) s
        """
    )

    plan = "\n".join(row[0] for row in rows)
    assert "Function Scan" not in plan
    assert "suppressions" in plan
