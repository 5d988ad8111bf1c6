"""Bugs of I8 and I3: calls after a pause, a cancellation, a suppression or a black-out."""

from datetime import datetime

from tests.planted_bugs.acts import Plant
from tests.support.histories import BERLIN, LATER, SECOND, START, History, want

CHICAGO = "America/Chicago"
BLACKED_OUT = LATER + 300 * SECOND


async def stopped(history: History, state: str) -> None:
    await want(history, state, at=START + 55 * SECOND)
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")
    await want(history, "running", at=START + 61 * SECOND)


async def dialed_after_pause(history: History) -> None:
    await stopped(history, "paused")


async def dialed_after_cancel(history: History) -> None:
    await stopped(history, "cancelled")


async def suppressed(
    history: History, *, campaign_id: int = 0, expires_at: datetime | None = None
) -> None:
    """A suppression five seconds before a call; campaign 0 means all campaigns of the tenant."""
    await history.conn.execute(
        """
        INSERT INTO suppressions (tenant_id, campaign_id, number, reason, created_at, expires_at)
        VALUES ($1, $2, '+4930123456', 'opt_out', $3, coalesce($4, 'infinity'::timestamptz))
        """,
        history.tenant_id,
        campaign_id,
        LATER - 5 * SECOND,
        expires_at,
    )


async def dialed_after_suppression(history: History) -> None:
    await suppressed(history)


async def dialed_after_suppression_in_the_campaign(history: History) -> None:
    await suppressed(history, campaign_id=history.campaign_id)


async def dialed_after_suppression_in_another_campaign(history: History) -> None:
    await suppressed(history, campaign_id=await history.campaign())


async def dialed_after_the_end_of_a_suppression(history: History) -> None:
    await suppressed(history, expires_at=LATER)


async def called_in_a_blackout(
    history: History,
    *,
    area: str | None = None,
    tenant_id: int | None = None,
    seconds: float = 5,
    ends_at: datetime | None = None,
) -> None:
    """A black-out, and a call into Louisiana so many seconds later; without an area: everywhere."""
    dora = await history.contact("+12255550101", CHICAGO, places=["US-LA", "US-MS"])
    await history.call(dora, at=BLACKED_OUT, outcome="declined")
    await history.conn.execute(
        """
        INSERT INTO blackouts (tenant_id, jurisdiction, starts_at, ends_at, reason)
        VALUES ($1, $2, $3, coalesce($4, 'infinity'::timestamptz), 'hurricane')
        """,
        tenant_id,
        area,
        BLACKED_OUT - seconds * SECOND,
        ends_at,
    )


async def called_in_a_blackout_of_one_of_its_states(history: History) -> None:
    await called_in_a_blackout(history, area="US-MS", tenant_id=history.tenant_id)


async def called_in_a_blackout_of_its_country(history: History) -> None:
    await called_in_a_blackout(history, area="US")


async def called_in_a_blackout_elsewhere(history: History) -> None:
    await called_in_a_blackout(history, area="US-L")


async def called_in_a_blackout_of_another_tenant(history: History) -> None:
    other = "INSERT INTO tenants (name) VALUES ('b') RETURNING id"
    await called_in_a_blackout(history, tenant_id=await history.conn.fetchval(other))


async def called_at_the_end_of_a_blackout(history: History) -> None:
    await called_in_a_blackout(history, ends_at=BLACKED_OUT)


async def called_within_the_bound_of_a_blackout(history: History) -> None:
    await called_in_a_blackout(history, seconds=1.9)


BUGS: list[tuple[str, Plant]] = [
    ("I8", dialed_after_pause),
    ("I8", dialed_after_cancel),
    ("I8", dialed_after_suppression),
    ("I8", dialed_after_suppression_in_the_campaign),
    ("I3", called_in_a_blackout),
    ("I3", called_in_a_blackout_of_one_of_its_states),
    ("I3", called_in_a_blackout_of_its_country),
]
NEAR_MISSES: list[Plant] = [
    dialed_after_suppression_in_another_campaign,
    dialed_after_the_end_of_a_suppression,
    called_in_a_blackout_elsewhere,
    called_in_a_blackout_of_another_tenant,
    called_at_the_end_of_a_blackout,
    called_within_the_bound_of_a_blackout,
]
