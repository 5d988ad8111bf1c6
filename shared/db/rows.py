"""Values of the domain made of rows: one function per value.

Rows of campaigns come from the view `campaign_terms`, those of groups from `calling_groups`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import asyncpg

from shared.definitions.campaign import CampaignDefinition
from shared.definitions.policy import CampaignPolicy, Revision
from shared.domain.calendar.intervals import NEVER
from shared.domain.campaigns import CampaignKey
from shared.domain.capacity.scopes import Caps, Scope, caps_of, scopes_of
from shared.domain.places.calling_groups import CallingGroup
from shared.rulepacks.tenant_choices import TenantRulesDefinition

Id = TypeVar("Id")


def revision(row: asyncpg.Record) -> Revision:
    return Revision(row["revision"], row["rules_revision"])


def campaign_key(row: asyncpg.Record) -> CampaignKey:
    return CampaignKey(row["tenant_id"], row["id"])


def campaign_policy(row: asyncpg.Record) -> CampaignPolicy:
    return CampaignPolicy.of(
        campaign_key(row),
        revision(row),
        CampaignDefinition.stored(row["definition"]),
        TenantRulesDefinition.stored(row["tenant_rules"]).tenant_rules(),
    )


def campaign_caps(row: asyncpg.Record, policy: CampaignPolicy) -> dict[Scope, Caps]:
    """The caps above a campaign's calls, without the installation's."""
    tenant_concurrent, tenant_rate, trunk_concurrent, trunk_rate = row["caps"]
    return caps_of(
        scopes_of(tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["id"]),
        tenant=Caps(tenant_concurrent, tenant_rate),
        trunk=Caps(trunk_concurrent, trunk_rate),
        campaign=policy.definition.caps.caps(),
    )


def calling_group(row: asyncpg.Record) -> CallingGroup:
    return CallingGroup(
        zones=tuple(row["zones"]),
        source=row["source"],
        jurisdictions=tuple(row["jurisdictions"]),
        jurisdiction_source=row["jurisdiction_source"],
    )


def suppressed_until(row: asyncpg.Record) -> datetime | None:
    """NEVER for a suppression for good: asyncpg reads infinity as an instant without a zone."""
    until: datetime | None = row["suppressed_until"]
    return NEVER if until is not None and until.tzinfo is None else until


def columns(keys: Iterable[tuple[int, Id]]) -> tuple[list[int], list[Id]]:
    """Keys (tenant_id, id) as the two arrays that a statement unnests."""
    pairs = list(keys)
    return [tenant_id for tenant_id, _ in pairs], [id_ for _, id_ in pairs]
