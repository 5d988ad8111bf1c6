"""A campaign with several trunks goes by the first that is up and not full."""

from datetime import UTC, datetime, timedelta

import pytest

from services.scheduler.claimer import Claimer
from shared.db import trunk_outages
from shared.db.types import Pool
from shared.domain.capacity.trunk_health import PROBE_MOST
from tests.support.campaigns import (
    a_backup_trunk,
    a_definition,
    a_running_campaign,
    a_trunk,
    some_contacts,
)

# A Wednesday.
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PEOPLE = 100


async def a_campaign(pool: Pool, *, cap: int | None = None, limits: bool = False) -> int:
    """Its first trunk is `default`, with a cap or without, its second `south`, with a cap of 20."""
    await a_trunk(pool, max_concurrent=cap)
    caps = [{"max_calls": 9, "hours": 24}] if limits else []
    campaign = await a_running_campaign(pool, a_definition(frequency_caps=caps), now=NOW)
    await a_backup_trunk(pool, campaign, max_concurrent=20)
    await some_contacts(pool, campaign, PEOPLE)
    return campaign


async def is_down(pool: Pool, trunk: str, *, probe_in: timedelta) -> None:
    trunk_id = await pool.fetchval("SELECT id FROM trunks WHERE name = $1", trunk)
    since = NOW - MINUTE
    await trunk_outages.begin(pool, trunk_id, since=since, cause="unreachable", now=since)
    await pool.execute(
        "UPDATE trunk_outages SET probe_at = $2 WHERE trunk_id = $1", trunk_id, NOW + probe_in
    )


async def is_granted_only(pool: Pool, *trunks: str) -> None:
    """Of all trunks, these alone are granted to the tenant."""
    await pool.execute("UPDATE trunks SET for_every_tenant = false")
    await pool.execute(
        """
        INSERT INTO trunk_grants (tenant_id, trunk_id)
        SELECT tenants.id, trunks.id FROM tenants, trunks WHERE trunks.name = ANY ($1)
        """,
        trunks,
    )


async def claimed(pool: Pool) -> dict[str, int]:
    """The claimed attempts by trunk, as the attempts keep it."""
    rows = await pool.fetch(
        """
        SELECT trunk.name, count(*) AS attempts FROM attempts AS attempt
        JOIN campaigns AS campaign ON campaign.id = attempt.campaign_id
        JOIN trunks AS trunk ON trunk.id = coalesce(attempt.trunk_id, campaign.trunk_id)
        GROUP BY trunk.name
        """
    )
    return {row["name"]: row["attempts"] for row in rows}


@pytest.mark.parametrize("limits", [False, True])
@pytest.mark.parametrize(
    ("cap", "down", "by_trunk"),
    [
        # No cap is never full, although the queue of a trunk has an end.
        (None, {}, {"default": PEOPLE}),
        (30, {}, {"default": 33, "south": 22}),
        (30, {"south": MINUTE}, {"default": 33}),
        (None, {"default": MINUTE}, {"south": 22}),
        (None, {"default": -MINUTE}, {"default": PROBE_MOST, "south": 22}),
        (None, {"default": MINUTE, "south": -MINUTE}, {"south": PROBE_MOST}),
        (None, {"default": MINUTE, "south": MINUTE}, {}),
    ],
)
async def test_attempts_go_by_the_first_trunk_that_is_up_and_not_full(
    pool: Pool,
    claimer: Claimer,
    cap: int | None,
    down: dict[str, timedelta],
    by_trunk: dict[str, int],
    limits: bool,
) -> None:
    await a_campaign(pool, cap=cap, limits=limits)
    for trunk, probe_in in down.items():
        await is_down(pool, trunk, probe_in=probe_in)

    for _ in range(3):
        await claimer.run_once(NOW)

    assert await claimed(pool) == by_trunk


@pytest.mark.parametrize(
    ("granted", "down", "by_trunk"),
    [
        (["default", "south"], {}, {"default": 33, "south": 22}),
        (["default"], {}, {"default": 33}),
        (["south"], {}, {"south": 22}),
        (["south"], {"south": -MINUTE}, {"south": PROBE_MOST}),
        (["south"], {"south": MINUTE}, {}),
        # The dialer drops these and says why.
        ([], {}, {"default": 33, "south": 22}),
    ],
)
async def test_a_trunk_without_a_grant_is_passed_over_while_another_has_one(
    pool: Pool,
    claimer: Claimer,
    granted: list[str],
    down: dict[str, timedelta],
    by_trunk: dict[str, int],
) -> None:
    await a_campaign(pool, cap=30)
    await is_granted_only(pool, *granted)
    for trunk, probe_in in down.items():
        await is_down(pool, trunk, probe_in=probe_in)

    for _ in range(3):
        await claimer.run_once(NOW)

    assert await claimed(pool) == by_trunk


async def test_a_trunk_is_shared_by_those_who_prefer_it_and_those_whose_own_is_full(
    pool: Pool, claimer: Claimer
) -> None:
    first = await a_campaign(pool, cap=10)
    second = await a_running_campaign(pool, a_definition(), now=NOW)
    await some_contacts(pool, second, PEOPLE, first=1_000)
    await pool.execute(
        """
        UPDATE campaigns SET trunk_id = (SELECT id FROM trunks WHERE name = 'south') WHERE id = $1
        """,
        second,
    )

    await claimer.run_once(NOW)

    assert await claimed(pool) == {"default": 12, "south": 22}
    others = await pool.fetchval("SELECT count(*) FROM attempts WHERE campaign_id = $1", first)
    assert 12 <= others < 12 + 22
