"""voice_campaigns: campaigns as VoiceAIWrapper's clients write them, and what they name by id.

An OUTBOUND one has the id of its campaign; an INBOUND one has no campaign, and an id of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from shared.db.api.campaigns import Campaign, campaign_of
from shared.db.types import Connection
from shared.domain.agents import AgentKind
from shared.domain.campaigns import CampaignKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCampaign:
    """`settings` are the vendor's fields. No `campaign`: it is INBOUND."""

    id: int
    settings: Mapping[str, Any]
    created_at: datetime
    campaign: Campaign | None


async def insert(conn: Connection, campaign: CampaignKey, settings: Mapping[str, Any]) -> None:
    """Add what the client wrote of an OUTBOUND campaign."""
    await conn.execute(
        """
        INSERT INTO voice_campaigns (tenant_id, id, campaign_id, settings) VALUES ($1, $2, $2, $3)
        """,
        *campaign,
        orjson.dumps(settings).decode(),
    )


async def insert_inbound(
    conn: Connection, tenant_id: int, settings: Mapping[str, Any], *, number: str | None
) -> int | None:
    """The id of a new INBOUND campaign; None if another one is bound to the number."""
    new_id: int | None = await conn.fetchval(
        """
        INSERT INTO voice_campaigns (tenant_id, id, settings, number)
        VALUES ($1, nextval('campaigns_id_seq'), $2, $3)
        ON CONFLICT (tenant_id, number) DO NOTHING RETURNING id
        """,
        tenant_id,
        orjson.dumps(settings).decode(),
        number,
    )
    return new_id


async def update(
    conn: Connection,
    tenant_id: int,
    voice_campaign_id: int,
    settings: Mapping[str, Any],
    *,
    number: str | None = None,
) -> bool:
    """Replace the settings; False if another INBOUND campaign is bound to the number.

    The transaction can then only be rolled back.
    """
    try:
        await conn.execute(
            """
            UPDATE voice_campaigns SET settings = $3, number = $4 WHERE tenant_id = $1 AND id = $2
            """,
            tenant_id,
            voice_campaign_id,
            orjson.dumps(settings).decode(),
            number,
        )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def get(conn: Connection, tenant_id: int, voice_campaign_id: int) -> VoiceCampaign | None:
    record = await conn.fetchrow(
        """
        SELECT own.id AS own_id, own.settings, own.created_at AS added_at, campaign.id,
            campaign.name, campaign.state, campaign.wanted_state, campaign.created_at,
            campaign.started_at, campaign.ended_at, campaign.definition, campaign.call_flow_version
        FROM voice_campaigns AS own
        LEFT JOIN campaigns AS campaign
            ON campaign.tenant_id = own.tenant_id AND campaign.id = own.campaign_id
        WHERE own.tenant_id = $1 AND own.id = $2
        """,
        tenant_id,
        voice_campaign_id,
    )
    return None if record is None else _voice_campaign(record)


async def lock(conn: Connection, tenant_id: int, voice_campaign_id: int) -> VoiceCampaign | None:
    """Until the transaction ends, no other one changes the settings."""
    await conn.execute(
        "SELECT FROM voice_campaigns WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tenant_id,
        voice_campaign_id,
    )
    return await get(conn, tenant_id, voice_campaign_id)


async def page(
    conn: Connection, tenant_id: int, *, before: int | None, limit: int, type_: str | None = None
) -> list[VoiceCampaign]:
    """A page of them, newest first; all, or those of a type."""
    records = await conn.fetch(
        """
        SELECT own.id AS own_id, own.settings, own.created_at AS added_at, campaign.id,
            campaign.name, campaign.state, campaign.wanted_state, campaign.created_at,
            campaign.started_at, campaign.ended_at, campaign.definition, campaign.call_flow_version
        FROM voice_campaigns AS own
        LEFT JOIN campaigns AS campaign
            ON campaign.tenant_id = own.tenant_id AND campaign.id = own.campaign_id
        WHERE own.tenant_id = $1 AND ($2::bigint IS NULL OR own.id < $2)
            AND ($4::text IS NULL OR (own.campaign_id IS NULL) = ($4 = 'INBOUND'))
        ORDER BY own.id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
        type_,
    )
    return [_voice_campaign(record) for record in records]


def _voice_campaign(record: asyncpg.Record) -> VoiceCampaign:
    values = dict(record)
    own_id, settings = values.pop("own_id"), orjson.loads(values.pop("settings"))
    added_at = values.pop("added_at")
    campaign = None if values["id"] is None else campaign_of(values)
    return VoiceCampaign(id=own_id, settings=settings, created_at=added_at, campaign=campaign)


async def trunk_name(conn: Connection, tenant_id: int, trunk_id: int) -> str | None:
    """The name of a trunk that the tenant may use."""
    name: str | None = await conn.fetchval(
        """
        SELECT name FROM trunks
        WHERE id = $2 AND (
            trunks.for_every_tenant OR EXISTS (
                SELECT FROM trunk_grants
                WHERE trunk_grants.tenant_id = $1 AND trunk_grants.trunk_id = trunks.id
            )
        )
        """,
        tenant_id,
        trunk_id,
    )
    return name


async def agent_name(
    conn: Connection,
    tenant_id: int,
    provider_agent_id: str,
    *,
    trunk_id: int,
    kind: AgentKind | None,
) -> str | None:
    """The name of the active agent with this id at the provider of the trunk; the oldest one."""
    name: str | None = await conn.fetchval(
        """
        SELECT name FROM agents
        WHERE tenant_id = $1 AND provider_agent_id = $2 AND trunk_id = $3
            AND ($4::text IS NULL OR kind = $4) AND state = 'active' AND deleted_at IS NULL
        ORDER BY id LIMIT 1
        """,
        tenant_id,
        provider_agent_id,
        trunk_id,
        kind,
    )
    return name


async def call_flow_name(conn: Connection, tenant_id: int, call_flow_id: int) -> str | None:
    name: str | None = await conn.fetchval(
        "SELECT name FROM call_flows WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
        tenant_id,
        call_flow_id,
    )
    return name


async def number_pool_name(conn: Connection, tenant_id: int, number_pool_id: int) -> str | None:
    name: str | None = await conn.fetchval(
        "SELECT name FROM number_pools WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
        tenant_id,
        number_pool_id,
    )
    return name
