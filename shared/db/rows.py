"""Values of the domain made of the rows that hold them: one function per value."""

from datetime import datetime

import asyncpg

from shared.definitions.campaign import CampaignDefinition
from shared.definitions.policy import CampaignPolicy, Revision
from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.scopes import Caps, Scope, caps_of, scopes_of
from shared.domain.places.calling_groups import CallingGroup
from shared.rulepacks.tenant_choices import TenantRulesDefinition


def revision(row: asyncpg.Record) -> Revision:
    return Revision(row["revision"], row["rules_revision"])


def campaign_policy(row: asyncpg.Record) -> CampaignPolicy:
    """From a campaign's row with the rules of its tenant; both JSON columns as text."""
    return CampaignPolicy.of(
        row["id"],
        revision(row),
        CampaignDefinition.stored(row["definition"]),
        TenantRulesDefinition.stored(row["tenant_rules"]).tenant_rules(),
    )


def campaign_caps(row: asyncpg.Record, policy: CampaignPolicy) -> dict[Scope, Caps]:
    """The caps above a campaign's calls, from its row with those of its tenant and its trunk."""
    return caps_of(
        scopes_of(tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["id"]),
        tenant=Caps(row["tenant_concurrent"], row["tenant_rate"]),
        trunk=Caps(row["trunk_concurrent"], row["trunk_rate"]),
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
