"""A black-out whose maker died after its commit raises the revisions all the same, once."""

import pytest

from services.scheduler.revision_raiser import RevisionRaiser
from shared.db import blackouts
from shared.db.types import Pool
from shared.runtime.process import now
from tests.support.campaigns import a_running_campaign, a_tenant


async def revisions(pool: Pool) -> list[int]:
    rows = await pool.fetch("SELECT revision FROM campaigns ORDER BY tenant_id, id")
    return [row["revision"] for row in rows]


async def insert(pool: Pool, tenant_id: int | None, *, seconds_ago: int) -> None:
    await blackouts.insert(
        pool, tenant_id=tenant_id, jurisdiction=None, starts_at=None, ends_at=None, reason="storm"
    )
    await pool.execute(
        "UPDATE blackouts SET created_at = clock_timestamp() - make_interval(secs => $1)",
        seconds_ago,
    )


@pytest.mark.parametrize("of_all", [False, True])
async def test_it_is_made_up_for_once(pool: Pool, of_all: bool) -> None:
    tenants = [await a_tenant(pool, name=name) for name in ("one", "two")]
    for tenant_id in tenants:
        await a_running_campaign(pool, tenant_id=tenant_id, now=now())
    one, two = await revisions(pool)
    await insert(pool, None if of_all else tenants[0], seconds_ago=5)

    for _ in range(2):
        await RevisionRaiser(pool).run_once(now())

    assert await revisions(pool) == [one + 1, two + of_all]


async def test_a_maker_that_lives_is_left_its_moment(pool: Pool) -> None:
    await a_running_campaign(pool, now=now())
    before = await revisions(pool)
    await insert(pool, None, seconds_ago=0)

    await RevisionRaiser(pool).run_once(now())

    assert await revisions(pool) == before
