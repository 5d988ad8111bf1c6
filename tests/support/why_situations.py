"""Ten contacts in ten situations, on a Sunday at noon in New York."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from shared.db import person_calls, trunks
from shared.db.api import suppressions
from shared.db.person_calls import NewCall, Person
from shared.db.types import Pool
from shared.domain.capacity.scopes import Caps
from shared.domain.outcomes import Outcome
from tests.support.api import Api, a_tenant, serving

# A Sunday, noon in New York.
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FREE = {"kind": "informational", "automated": False}


def hours(days: list[str], start: str = "09:00", end: str = "20:00") -> dict[str, Any]:
    return {"windows": [{"days": days, "start": start, "end": end}]}


@asynccontextmanager
async def asking_on_sunday(pool: Pool) -> AsyncIterator[Api]:
    """A tenant with a trunk that has caps, and a fixed clock."""
    async with pool.acquire() as conn:
        await trunks.upsert(
            conn, name="default", provider="null", settings={}, caps=Caps(200, None)
        )
    tenant_id, key = await a_tenant(pool, "sunday")
    async with serving(pool, _unpublished, now=NOW) as http:
        yield Api(http=http, pool=pool, tenant_id=tenant_id, key=key)


async def _unpublished(_messages: object) -> None:
    """Drops the messages of commands: the tests read the database."""


async def a_contact(api: Api, number: str, **changes: Any) -> int:
    """Insert a running campaign with one contact."""
    definition = {"calendar": hours(WEEK)} | changes
    campaign_id = await api.campaign(**definition)
    await api.import_csv(campaign_id, f"number\n{number}\n".encode())
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    await api.pool.execute(
        "UPDATE campaigns SET state = 'running', started_at = $2 WHERE id = $1", campaign_id, NOW
    )
    contact_id: int = await api.pool.fetchval(
        "SELECT id FROM contacts WHERE campaign_id = $1", campaign_id
    )
    return contact_id


async def a_call(
    api: Api, contact_id: int, *, at: datetime, outcome: Outcome = Outcome.NO_ANSWER
) -> None:
    """Insert an ended attempt and its call to the person, as the dialer and events write them."""
    attempt_id, ended_at = uuid7(), at + timedelta(minutes=2)
    row = await api.pool.fetchrow(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
            window_closes_at, dialing_at, ended_at, number, state, tzdata_version,
            outcome)
        SELECT c.tenant_id, $1, c.campaign_id, c.id, $3::timestamptz, $3, $3, $4, 1, 'ended',
            '2026b', $5
        FROM contacts c WHERE c.id = $2
        RETURNING (SELECT c.number FROM contacts c WHERE c.id = $2) AS number,
            (SELECT coalesce(m.definition ->> 'subject', '')
                FROM campaigns m WHERE m.id = campaign_id) AS subject
        """,
        attempt_id,
        contact_id,
        at,
        ended_at,
        outcome,
    )
    assert row is not None
    person = Person(api.tenant_id, row["number"])
    async with api.pool.acquire() as conn:
        await person_calls.note(conn, [NewCall(attempt_id, person, row["subject"])], at=at)
        await person_calls.end(conn, [(attempt_id, person, outcome, ended_at)])


async def wait(api: Api, contact_id: int, waits_for: str, *, until: datetime) -> None:
    await api.pool.execute(
        """
        UPDATE contacts SET not_before = $2, waits_for = $3, attempts = 2, attempts_on_day = 2,
            day = '2026-11-22'
        WHERE id = $1
        """,
        contact_id,
        until,
        waits_for,
    )


async def window_closed(api: Api) -> int:
    return await a_contact(api, "+12125550101", calendar=hours(WEEK[:5], end="18:00"), **FREE)


async def law_closed(api: Api) -> int:
    return await a_contact(api, "+12155550102")


async def no_zone(api: Api) -> int:
    return await a_contact(api, "+80012345678")


async def suppressed(api: Api) -> int:
    number = "+12125550104"
    contact_id = await a_contact(api, number, **FREE)
    campaign_id = await api.pool.fetchval(
        "SELECT campaign_id FROM contacts WHERE id = $1", contact_id
    )
    await suppressions.put(
        api.pool,
        tenant_id=api.tenant_id,
        campaign_id=campaign_id,
        number=number,
        reason="asked not to be called before January",
        expires_at=datetime(2027, 1, 1, 5, tzinfo=UTC),
    )
    await api.pool.execute("UPDATE suppressions SET created_at = $1", NOW - timedelta(days=3))
    return contact_id


async def called_often(api: Api) -> int:
    """The person was called once in an earlier campaign and twice in this one."""
    number, subject = "+13055550105", "solar-offer"
    earlier = await a_contact(api, number, subject=subject, name="Solar, first round")
    contact_id = await a_contact(api, number, subject=subject, name="Solar, second round")
    for called, hours_ago in ((earlier, 18.5), (contact_id, 3), (contact_id, 1)):
        await a_call(api, called, at=NOW - timedelta(hours=hours_ago))
    return contact_id


async def talked_to(api: Api) -> int:
    contact_id = await a_contact(
        api, "+15125550106", kind="debt_collection", subject="account-4711"
    )
    at = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)
    await a_call(api, contact_id, at=at, outcome=Outcome.ANSWERED_HUMAN)
    return contact_id


async def retried(api: Api) -> int:
    contact_id = await a_contact(api, "+12125550107", attempts={"max_total": 5}, **FREE)
    await wait(api, contact_id, "retry", until=NOW + timedelta(minutes=40))
    return contact_id


async def day_spent(api: Api) -> int:
    budget = {"max_total": 5, "max_per_day": 2}
    contact_id = await a_contact(api, "+12125550108", attempts=budget, **FREE)
    await wait(api, contact_id, "day", until=datetime(2026, 11, 23, 5, tzinfo=UTC))
    return contact_id


async def blacked_out(api: Api) -> int:
    contact_id = await a_contact(api, "+15045550109", **FREE)
    await api.pool.execute(
        """
        INSERT INTO blackouts (tenant_id, jurisdiction, starts_at, reason)
        VALUES ($1, 'US-LA', $2, 'state of emergency after a hurricane')
        """,
        api.tenant_id,
        NOW - timedelta(days=1),
    )
    return contact_id


async def allowed(api: Api) -> int:
    caps = {"max_concurrent": 5, "calls_per_second": 2}
    contact_id = await a_contact(api, "+12125550110", caps=caps, **FREE)
    for n in range(7):
        await api.pool.execute(
            """
            INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
                window_closes_at, revisit_at, dialing_at, number, state, tzdata_version)
            SELECT tenant_id, $1, campaign_id, $2::bigint + $3::bigint, $4::timestamptz, $4, $4,
                CASE WHEN $5 = 'dialing' THEN $4 END, 1, $5, '2026b'
            FROM contacts WHERE id = $2
            """,
            uuid7(),
            contact_id,
            n + 1,
            NOW,
            "dialing" if n < 5 else "claimed",
        )
    return contact_id


@dataclass(frozen=True, slots=True)
class Situation:
    title: str
    text: str
    make: Callable[[Api], Awaitable[int]]


SITUATIONS = (
    Situation(
        "The window is closed",
        "The campaign calls from Monday to Friday, and it is Sunday.",
        window_closed,
    ),
    Situation(
        "The law says no",
        "The campaign would sell on a Sunday, and the number is one of Pennsylvania.",
        law_closed,
    ),
    Situation(
        "Nobody knows the zone",
        "The number is an international freephone number, and the file names no zone.",
        no_zone,
    ),
    Situation(
        "Suppressed for a time",
        "The number is on the campaign's own list until the end of the year.",
        suppressed,
    ),
    Situation(
        "Called too often",
        "Florida allows three sales calls on one subject in 24 hours, and two campaigns made them.",
        called_often,
    ),
    Situation(
        "Talked to",
        "A debt was talked about on Thursday, so there are seven days without a call about it.",
        talked_to,
    ),
    Situation(
        "Tried a short time ago",
        "The line was busy, and the campaign's delay has not passed.",
        retried,
    ),
    Situation(
        "The day's attempts are used up",
        "The campaign allows two attempts on a day, and both were made.",
        day_spent,
    ),
    Situation(
        "Black-out",
        "The tenant stopped all calls into Louisiana until further notice.",
        blacked_out,
    ),
    Situation(
        "Allowed",
        "Nothing forbids the call; five others of the campaign are up, which is its cap.",
        allowed,
    ),
)
