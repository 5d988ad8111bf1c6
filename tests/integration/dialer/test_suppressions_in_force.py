"""Both checks of the dialer see a suppression for its campaigns, until it expires."""

from datetime import UTC, datetime, timedelta

from shared.db import dialing
from shared.db.calling_groups import CallingGroups
from shared.domain.attempts import CallReference
from tests.support.campaigns import a_running_campaign, a_tenant
from tests.support.dialing import Bench

HOUR = timedelta(hours=1)


async def suppress(bench: Bench, *, campaign_id: int = 0, expires_in: timedelta) -> None:
    await bench.pool.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason, campaign_id, expires_at)
        SELECT m.tenant_id, c.number, 'asked', $2, $3
        FROM contacts c JOIN campaigns m ON m.id = c.campaign_id
        WHERE c.campaign_id = $1
        """,
        bench.campaign,
        campaign_id,
        datetime.now(UTC) + expires_in,
    )


async def wins(bench: Bench, *, now: datetime) -> list[bool]:
    """Whether the check before the permit, and the compare-and-set, let each attempt pass."""
    rows = await bench.pool.fetch("SELECT tenant_id, id AS attempt_id FROM attempts ORDER BY id")
    references = [CallReference(**row) for row in rows]
    [number] = {row["number"] for row in await bench.pool.fetch("SELECT number FROM contacts")}
    due = await dialing.due(bench.pool, references, CallingGroups())
    looked = {attempt.reference: not attempt.suppressed for attempt in due}
    won = await dialing.dial(
        bench.pool,
        references,
        [number] * len(references),
        [0] * len(references),
        [None] * len(references),
        now=now,
        open_until=now,
        revisit_at=now + HOUR,
    )
    assert len(looked) == len(references)
    assert won == {attempt_id for attempt_id, may in looked.items() if may}
    return [reference in won for reference in references]


async def test_it_holds_for_its_campaign_until_it_expires(bench: Bench) -> None:
    await bench.claimed()
    await suppress(bench, campaign_id=bench.campaign, expires_in=HOUR)

    assert await wins(bench, now=datetime.now(UTC)) == [False]


async def test_an_expired_one_holds_no_more(bench: Bench) -> None:
    await bench.claimed()
    await suppress(bench, expires_in=-HOUR)

    assert await wins(bench, now=datetime.now(UTC)) == [True]


async def test_that_of_another_campaign_or_tenant_does_not_hold(bench: Bench) -> None:
    await bench.claimed()
    now = datetime.now(UTC)
    other = await a_running_campaign(bench.pool, now=now)
    await suppress(bench, campaign_id=other, expires_in=HOUR)
    await bench.pool.execute(
        "INSERT INTO suppressions (tenant_id, number, reason) SELECT $1, number, 'x' FROM contacts",
        await a_tenant(bench.pool),
    )

    assert await wins(bench, now=now) == [True]


async def test_two_that_match_are_one_stop(bench: Bench) -> None:
    await bench.claimed()
    await suppress(bench, expires_in=HOUR)
    await suppress(bench, campaign_id=bench.campaign, expires_in=2 * HOUR)

    assert await wins(bench, now=datetime.now(UTC)) == [False]
