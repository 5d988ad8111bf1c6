"""A campaign claims what its spend ceilings allow; then its contacts wait without rows."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.scheduler.claimer import Claimer
from shared.db import spend
from shared.db.spend import SpendDay
from shared.db.types import Pool
from shared.domain.campaigns import CampaignKey
from shared.domain.spend import CeilingKind, Ceilings, day_of
from shared.runtime.metrics import CAMPAIGNS_AT_SPEND_CEILING
from tests.support.campaigns import (
    a_definition,
    a_running_campaign,
    a_tenant,
    some_contacts,
)

CEILING: dict[str, Any] = {"currency": "USD", "call_most": "0.50", "per_day": "5"}


def utc_now() -> datetime:
    return datetime.now(UTC)


async def claims(pool: Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM attempts")
    return count


async def set_ceiling(pool: Pool, campaign: int, **parts: str) -> None:
    await pool.execute(
        "UPDATE campaigns SET revision = revision + 1, definition = $2 WHERE id = $1",
        campaign,
        json.dumps(a_definition(spend_ceiling=CEILING | parts)),
    )


async def test_contacts_wait_without_rows_until_the_ceiling_is_raised(
    pool: Pool, claimer: Claimer
) -> None:
    tenant = await a_tenant(pool)
    definition = a_definition(spend_ceiling=CEILING)
    campaign = await a_running_campaign(pool, definition, tenant_id=tenant, now=utc_now())
    await some_contacts(pool, campaign, 100)
    today = SpendDay(tenant, campaign, day_of(utc_now()), "USD")
    await spend.add(pool, {today: Decimal("3.20")})

    await claimer.run_once(utc_now())
    await claimer.run_once(utc_now())

    # What is claimed may be dialed: three of 0.50 fit beside 3.20.
    assert await claims(pool) == 3
    await pool.execute(
        "UPDATE attempts SET state = 'dialing', dialing_at = $1, reserved = 0.5", utc_now()
    )
    await claimer.run_once(utc_now())
    assert await claims(pool) == 3
    assert CAMPAIGNS_AT_SPEND_CEILING._value.get() == 1

    await set_ceiling(pool, campaign, per_day="6")
    await claimer.run_once(utc_now())

    assert await claims(pool) == 5
    assert CAMPAIGNS_AT_SPEND_CEILING._value.get() == 0


async def test_each_campaign_has_its_own_spend_and_that_of_its_tenant(pool: Pool) -> None:
    tenant, other = await a_tenant(pool), await a_tenant(pool, name="other")
    keys = []
    for owner in (tenant, tenant, other):
        definition = a_definition(spend_ceiling=CEILING)
        made = await a_running_campaign(pool, definition, tenant_id=owner, now=utc_now())
        keys.append(CampaignKey(owner, made))
    today = day_of(utc_now())
    for key, amount in zip(keys, (1, 2, 4), strict=True):
        await spend.add(
            pool,
            {
                SpendDay(*key, today, "USD"): Decimal(amount),
                SpendDay(*key, today.replace(year=2020), "USD"): Decimal(10 * amount),
            },
        )
    ceilings = Ceilings(currency="USD", call_most=Decimal(1), amounts={})

    found = await spend.by_campaign(pool, dict.fromkeys((keys[0], keys[2]), ceilings))

    amounts = {
        key: tuple(int(own[kind].spent) for kind in CeilingKind) for key, own in found.items()
    }
    assert amounts == {keys[0]: (1, 11, 3), keys[2]: (4, 44, 4)}


async def test_the_spend_of_another_day_and_of_another_currency_does_not_count(
    pool: Pool, claimer: Claimer
) -> None:
    tenant = await a_tenant(pool)
    definition = a_definition(spend_ceiling=CEILING)
    campaign = await a_running_campaign(pool, definition, tenant_id=tenant, now=utc_now())
    await some_contacts(pool, campaign, 100)
    today = day_of(utc_now())
    await spend.add(
        pool,
        {
            SpendDay(tenant, campaign, today.replace(year=2020), "USD"): Decimal(5),
            SpendDay(tenant, campaign, today, "EUR"): Decimal(5),
        },
    )

    await claimer.run_once(utc_now())

    assert await claims(pool) == 10
    await set_ceiling(pool, campaign, total="5")
    await claimer.run_once(utc_now())
    assert await claims(pool) == 10
