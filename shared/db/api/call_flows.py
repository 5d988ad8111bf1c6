"""call_flows, call_flow_versions: a tenant's call flows, which campaigns play by version."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.types import Connection
from shared.definitions.call_flow import CallFlowDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """One version of a flow; `created_at` is that of the version."""

    id: int
    name: str
    version: int
    created_at: datetime
    flow: CallFlowDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedVersion:
    """The newest version of a flow; `has_message`: it has steps for an answering machine."""

    name: str
    version: int
    has_message: bool


def _version(record: asyncpg.Record) -> FlowVersion:
    return FlowVersion(**{**record, "flow": CallFlowDefinition.stored(record["flow"])})


async def insert(
    conn: Connection, *, tenant_id: int, name: str, flow: CallFlowDefinition, api_key_id: int | None
) -> FlowVersion | None:
    """The first version of a new flow; None if the tenant has one of this name."""
    record = await conn.fetchrow(
        """
        WITH flow AS (
            INSERT INTO call_flows (tenant_id, name) VALUES ($1, $2)
            ON CONFLICT (tenant_id, name) WHERE deleted_at IS NULL DO NOTHING
            RETURNING tenant_id, id, name
        ), made AS (
            INSERT INTO call_flow_versions (
                tenant_id, call_flow_id, version, definition, api_key_id
            )
            SELECT tenant_id, id, 1, $3::json, $4::bigint FROM flow
            RETURNING tenant_id, call_flow_id, version, created_at, definition
        )
        SELECT flow.id, flow.name, made.version, made.created_at, made.definition AS flow
        FROM flow JOIN made ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
        """,
        tenant_id,
        name,
        flow.model_dump_json(),
        api_key_id,
    )
    return None if record is None else _version(record)


async def get(
    conn: Connection, tenant_id: int, flow_id: int, *, version: int | None = None
) -> FlowVersion | None:
    """A version of a flow, or the newest; also of a flow that was deleted, if one is named."""
    record = await conn.fetchrow(
        """
        SELECT flow.id, flow.name, made.version, made.created_at, made.definition AS flow
        FROM call_flows AS flow JOIN call_flow_versions AS made
            ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
            AND made.version = CASE WHEN $3::integer IS NULL THEN flow.version ELSE $3 END
        WHERE flow.tenant_id = $1 AND flow.id = $2
            AND (flow.deleted_at IS NULL OR $3::integer IS NOT NULL)
        """,
        tenant_id,
        flow_id,
        version,
    )
    return None if record is None else _version(record)


async def find(
    conn: Connection, *, tenant_id: int, name: str, version: int | None
) -> FlowVersion | None:
    """A version of the flow with this name, or the newest; it is not deleted until the commit."""
    record = await conn.fetchrow(
        """
        SELECT flow.id, flow.name, made.version, made.created_at, made.definition AS flow
        FROM call_flows AS flow JOIN call_flow_versions AS made
            ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
            AND made.version = CASE WHEN $3::integer IS NULL THEN flow.version ELSE $3 END
        WHERE flow.tenant_id = $1 AND flow.name = $2 AND flow.deleted_at IS NULL
        FOR KEY SHARE OF flow
        """,
        tenant_id,
        name,
        version,
    )
    return None if record is None else _version(record)


async def played(conn: Connection, *, tenant_id: int, flow_id: int) -> PlayedVersion | None:
    """What a call needs to know of the newest version, without its steps."""
    record = await conn.fetchrow(
        """
        SELECT flow.name, flow.version, made.definition ->> 'on_machine' IS NOT NULL AS has_message
        FROM call_flows AS flow JOIN call_flow_versions AS made
            ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
            AND made.version = flow.version
        WHERE flow.tenant_id = $1 AND flow.id = $2 AND flow.deleted_at IS NULL
        """,
        tenant_id,
        flow_id,
    )
    return None if record is None else PlayedVersion(**record)


async def newest_version(conn: Connection, *, tenant_id: int, name: str) -> int | None:
    """The newest version of the flow with this name; None: there is no such flow."""
    version: int | None = await conn.fetchval(
        "SELECT version FROM call_flows WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL",
        tenant_id,
        name,
    )
    return version


async def page(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[FlowVersion]:
    """A page of flows in their newest versions, newest flow first."""
    records = await conn.fetch(
        """
        SELECT flow.id, flow.name, made.version, made.created_at, made.definition AS flow
        FROM call_flows AS flow JOIN call_flow_versions AS made
            ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
            AND made.version = flow.version
        WHERE flow.tenant_id = $1 AND flow.deleted_at IS NULL
            AND ($2::bigint IS NULL OR flow.id < $2)
        ORDER BY flow.id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [_version(record) for record in records]


async def versions(
    conn: Connection, *, tenant_id: int, flow_id: int, before: int | None, limit: int
) -> list[FlowVersion]:
    """A page of the versions of a flow, newest first."""
    records = await conn.fetch(
        """
        SELECT flow.id, flow.name, made.version, made.created_at, made.definition AS flow
        FROM call_flows AS flow JOIN call_flow_versions AS made
            ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
        WHERE flow.tenant_id = $1 AND flow.id = $2 AND ($3::bigint IS NULL OR made.version < $3)
        ORDER BY made.version DESC LIMIT $4
        """,
        tenant_id,
        flow_id,
        before,
        limit,
    )
    return [_version(record) for record in records]


async def lock(conn: Connection, tenant_id: int, flow_id: int) -> bool:
    """Lock a flow, so that no campaign begins to name it; False if there is none."""
    locked: bool | None = await conn.fetchval(
        """
        SELECT true FROM call_flows
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE
        """,
        tenant_id,
        flow_id,
    )
    return locked or False


async def add_version(
    conn: Connection,
    *,
    tenant_id: int,
    flow_id: int,
    flow: CallFlowDefinition,
    api_key_id: int | None,
) -> FlowVersion:
    """A new version of a locked flow. Drafts that play the newest one are judged anew."""
    record = await conn.fetchrow(
        """
        WITH flow AS (
            UPDATE call_flows SET version = version + 1 WHERE tenant_id = $1 AND id = $2
            RETURNING tenant_id, id, name, version
        ), made AS (
            INSERT INTO call_flow_versions (
                tenant_id, call_flow_id, version, definition, api_key_id
            )
            SELECT tenant_id, id, version, $3::json, $4::bigint FROM flow
            RETURNING tenant_id, call_flow_id, version, created_at, definition
        )
        SELECT flow.id, flow.name, made.version, made.created_at, made.definition AS flow
        FROM flow JOIN made ON made.tenant_id = flow.tenant_id AND made.call_flow_id = flow.id
        """,
        tenant_id,
        flow_id,
        flow.model_dump_json(),
        api_key_id,
    )
    assert record is not None  # noqa: S101 - it is locked
    await _outdate_drafts(conn, tenant_id=tenant_id, flow_id=flow_id)
    return _version(record)


async def _outdate_drafts(conn: Connection, *, tenant_id: int, flow_id: int) -> None:
    """Raise the revision of campaigns without a fixed version: their policies are read again."""
    await conn.execute(
        """
        UPDATE campaigns SET revision = revision + 1 WHERE tenant_id = $1 AND id IN (
            SELECT id FROM campaigns
            WHERE tenant_id = $1 AND call_flow_id = $2 AND call_flow_version IS NULL
            -- In the order of locks (shared/db/locks.py).
            ORDER BY id FOR NO KEY UPDATE
        )
        """,
        tenant_id,
        flow_id,
    )


async def users(conn: Connection, tenant_id: int, flow_id: int) -> int:
    """How many campaigns that have not ended play the flow."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND call_flow_id = $2 AND state NOT IN ('completed', 'cancelled')
        """,
        tenant_id,
        flow_id,
    )
    return count


async def delete(conn: Connection, tenant_id: int, flow_id: int) -> None:
    """Give the name free; the versions stay as a record."""
    await conn.execute(
        "UPDATE call_flows SET deleted_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        flow_id,
    )
