"""The cache of campaign policies: read again only when a revision has changed."""

import json
from datetime import UTC, datetime

import pytest

from shared.db import policies
from shared.db.api import api_keys, campaigns, tenants
from shared.db.policies import Policies
from shared.db.types import Pool
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.policy import CampaignPolicy
from shared.domain.campaigns import CampaignKey
from shared.rulepacks.tenant_choices import TenantRulesDefinition
from tests.support.campaigns import a_definition, a_running_campaign, a_tenant, tenant_of

NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)


async def key_of(pool: Pool, campaign: int) -> CampaignKey:
    return CampaignKey(await tenant_of(pool, campaign), campaign)


async def policy(kept: Policies, pool: Pool, campaign: int) -> CampaignPolicy:
    key = await key_of(pool, campaign)
    return (await kept.current(pool, [key]))[key]


async def test_a_policy_is_read_once_until_its_campaign_is_edited(pool: Pool) -> None:
    campaign = await a_running_campaign(pool, now=NOW)
    kept = Policies()
    first = await policy(kept, pool, campaign)

    assert await policy(kept, pool, campaign) is first

    edited = CampaignDefinition.model_validate(a_definition(caps={"max_concurrent": 5}))
    await campaigns.edit(pool, await key_of(pool, campaign), edited, api_key_id=await _a_key(pool))
    assert (await policy(kept, pool, campaign)).definition.caps.max_concurrent == 5


async def test_a_change_of_the_tenants_rules_is_read_also_for_a_campaign_that_has_ended(
    pool: Pool,
) -> None:
    tenant = await a_tenant(pool)
    campaign = await a_running_campaign(pool, tenant_id=tenant, now=NOW)
    await pool.execute(
        "UPDATE campaigns SET state = 'completed', ended_at = $2 WHERE id = $1", campaign, NOW
    )
    kept = Policies()
    assert (await policy(kept, pool, campaign)).tenant_rules.overridden == frozenset()

    choice = {"rule": "us.hours", "person": "Dana", "reason": "consent", "at": NOW.isoformat()}
    chosen = TenantRulesDefinition.stored(json.dumps({"overridden": [choice]}))
    await tenants.change_rules(pool, tenant, chosen, api_key_id=await _a_key(pool))

    assert (await policy(kept, pool, campaign)).tenant_rules.overridden == {"us.hours"}


async def test_no_more_are_kept_than_one_question_needs(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "KEPT_MOST", 2)
    keys = [await key_of(pool, await a_running_campaign(pool, now=NOW)) for _ in range(3)]
    kept = Policies()

    first = await kept.current(pool, keys[:2])
    await kept.current(pool, keys[2:])

    again = await kept.current(pool, keys[:2])
    assert again == first
    assert again[keys[0]] is not first[keys[0]]


async def _a_key(pool: Pool) -> int:
    await api_keys.create(pool, await pool.fetchval("SELECT min(id) FROM tenants"))
    key: int = await pool.fetchval("SELECT id FROM api_keys")
    return key
