"""Values of the domain made of rows: one function per value.

Rows of campaigns come from the view `campaign_terms`, those of groups from `calling_groups`,
those of calls from `call_records`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import asyncpg
import orjson
from pydantic import TypeAdapter

from shared.definitions.call_flow import CallFlowDefinition
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.policy import CampaignPolicy, Revision
from shared.domain.agents import Agent, AgentKind
from shared.domain.calendar.intervals import NEVER
from shared.domain.call_records import KeptReport
from shared.domain.calls import CallFacts, CallState
from shared.domain.campaigns import CampaignKey
from shared.domain.capacity.caller_ids import NumberPool, Rotation
from shared.domain.capacity.scopes import Caps, Scope, caps_of, scopes_of
from shared.domain.capacity.trunk_health import Outage
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup, unread_number_zones
from shared.rulepacks.tenant_choices import TenantRulesDefinition

Id = TypeVar("Id")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupTrunk:
    """A trunk of a campaign after its first one."""

    trunk_id: int
    caps: Caps
    outage: Outage | None

    @property
    def scope(self) -> Scope:
        return Scope("trunk", self.trunk_id)


# What was not told takes no room.
FACTS = TypeAdapter(CallFacts)
REPORTS = TypeAdapter(tuple[KeptReport, ...])
BACKUPS = TypeAdapter(tuple[BackupTrunk, ...])


def revision(row: asyncpg.Record) -> Revision:
    return Revision(row["revision"], row["rules_revision"])


def campaign_key(row: asyncpg.Record) -> CampaignKey:
    return CampaignKey(row["tenant_id"], row["id"])


def campaign_policy(row: asyncpg.Record) -> CampaignPolicy:
    tenant = TenantRulesDefinition.stored(row["tenant_rules"])
    return CampaignPolicy.of(
        campaign_key(row),
        revision(row),
        CampaignDefinition.stored(row["definition"]),
        tenant.tenant_rules(),
        None if row["call_flow"] is None else CallFlowDefinition.stored(row["call_flow"]),
        caller_ids=row["caller_ids"],
        pool=None if row["number_pool"] is None else _number_pool(row),
        agent=None if row["agent"] is None else _agent(row),
        tenant_spend=tenant.spend_ceiling,
    )


def _agent(row: asyncpg.Record) -> Agent:
    provider_agent_id, kind = row["agent"]
    return Agent(provider_agent_id, AgentKind(kind))


def _number_pool(row: asyncpg.Record) -> NumberPool:
    name, rotation, per_hour, per_day = orjson.loads(row["number_pool"])
    return NumberPool(
        name=name,
        numbers=tuple(row["caller_ids"]),
        rotation=Rotation(rotation),
        max_calls_per_hour=per_hour,
        max_calls_per_day=per_day,
    )


def campaign_caps(row: asyncpg.Record, policy: CampaignPolicy) -> dict[Scope, Caps]:
    """The caps above a campaign's calls by its first trunk, without the installation's."""
    tenant_concurrent, tenant_rate, trunk_concurrent, trunk_rate = row["caps"]
    return caps_of(
        scopes_of(tenant=row["tenant_id"], trunk=row["trunk_id"], campaign=row["id"]),
        tenant=Caps(tenant_concurrent, tenant_rate),
        trunk=Caps(trunk_concurrent, trunk_rate),
        campaign=policy.definition.caps.caps(),
    )


def backups(row: asyncpg.Record) -> tuple[BackupTrunk, ...]:
    """The trunks of a campaign after its first one, in their order."""
    return () if row["backups"] is None else BACKUPS.validate_json(row["backups"])


def outage(row: asyncpg.Record) -> Outage | None:
    """The outage of a first trunk, of the columns trunk, down_since, probe_at and cause."""
    if row["down_since"] is None:
        return None
    return Outage(
        trunk=row["trunk"], since=row["down_since"], probe_at=row["probe_at"], cause=row["cause"]
    )


def calling_group(row: asyncpg.Record) -> CallingGroup:
    """A group that was stored without the zones of its numbers may have them in all its places."""
    zones, source = tuple(row["zones"]), row["source"]
    jurisdictions, number_zones = tuple(row["jurisdictions"]), row["number_zones"]
    if number_zones is None:
        number_zones = unread_number_zones(zones, source, jurisdictions)
    return CallingGroup(
        zones=zones,
        source=source,
        jurisdictions=jurisdictions,
        jurisdiction_source=row["jurisdiction_source"],
        number_zones=tuple(number_zones),
    )


def attributes(text: str | None) -> dict[str, str]:
    """The attributes of a contact as text, like `->>` of PostgreSQL; those that are null are none.

    `text` is the JSON object of the column.
    """
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in (orjson.loads(text) if text else {}).items()
        if value is not None
    }


def call_facts(row: asyncpg.Record) -> CallFacts:
    return FACTS.validate_json(row["facts"])


def call_reports(row: asyncpg.Record) -> tuple[KeptReport, ...]:
    """All reports on a call, the most believed first; a record keeps none beside its end."""
    if row["reports"] is not None:
        return REPORTS.validate_json(row["reports"])
    end = KeptReport(
        state=CallState.ENDED,
        at=row["ended_at"],
        outcome=Outcome(row["outcome"]),
        facts=call_facts(row).told,
    )
    return (end,)


def suppressed_until(row: asyncpg.Record) -> datetime | None:
    """NEVER for a suppression for good: asyncpg reads infinity as an instant without a zone."""
    until: datetime | None = row["suppressed_until"]
    return NEVER if until is not None and until.tzinfo is None else until


def columns(keys: Iterable[tuple[int, Id]]) -> tuple[list[int], list[Id]]:
    """Keys (tenant_id, id) as the two arrays that a statement unnests."""
    pairs = list(keys)
    return [tenant_id for tenant_id, _ in pairs], [id_ for _, id_ in pairs]


def sparse(values: list[Value | None]) -> list[Value | None] | None:
    """A column that a statement unnests; None, which costs nothing, if no row has a value."""
    return None if values.count(None) == len(values) else values
