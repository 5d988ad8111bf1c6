"""sms_senders: the numbers and names by which a tenant may send text messages."""

from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection
from shared.domain.sms import SenderState


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSender:
    id: int
    sender: str
    trunk: str
    state: SenderState
    created_at: datetime


async def insert(
    conn: Connection, *, tenant_id: int, sender: str, trunk_id: int
) -> SmsSender | None:
    """None if the tenant has this sender."""
    record = await conn.fetchrow(
        """
        WITH added AS (
            INSERT INTO sms_senders (tenant_id, sender, trunk_id) VALUES ($1, $2, $3)
            ON CONFLICT (tenant_id, sender) DO NOTHING
            RETURNING id, sender, trunk_id, state, created_at
        )
        SELECT added.id, added.sender, trunk.name AS trunk, added.state, added.created_at
        FROM added JOIN trunks AS trunk ON trunk.id = added.trunk_id
        """,
        tenant_id,
        sender,
        trunk_id,
    )
    return None if record is None else SmsSender(**record)


async def is_active(conn: Connection, *, tenant_id: int, sender: str) -> bool:
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM sms_senders WHERE tenant_id = $1 AND sender = $2 AND state = 'active'
        )
        """,
        tenant_id,
        sender,
    )
    return found


async def get(conn: Connection, tenant_id: int, sender_id: int) -> SmsSender | None:
    record = await conn.fetchrow(
        """
        SELECT known.id, known.sender, trunk.name AS trunk, known.state, known.created_at
        FROM sms_senders AS known JOIN trunks AS trunk ON trunk.id = known.trunk_id
        WHERE known.tenant_id = $1 AND known.id = $2
        """,
        tenant_id,
        sender_id,
    )
    return None if record is None else SmsSender(**record)


async def page(
    conn: Connection, *, tenant_id: int, before: int | None, limit: int
) -> list[SmsSender]:
    """Newest first."""
    records = await conn.fetch(
        """
        SELECT known.id, known.sender, trunk.name AS trunk, known.state, known.created_at
        FROM sms_senders AS known JOIN trunks AS trunk ON trunk.id = known.trunk_id
        WHERE known.tenant_id = $1 AND ($2::bigint IS NULL OR known.id < $2)
        ORDER BY known.id DESC LIMIT $3
        """,
        tenant_id,
        before,
        limit,
    )
    return [SmsSender(**record) for record in records]


async def move(conn: Connection, *, tenant_id: int, sender_id: int, state: SenderState) -> None:
    await conn.execute(
        "UPDATE sms_senders SET state = $3 WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        sender_id,
        state,
    )


async def lock(conn: Connection, tenant_id: int, sender_id: int) -> bool:
    """Lock a sender; False if there is none."""
    locked: bool | None = await conn.fetchval(
        "SELECT true FROM sms_senders WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tenant_id,
        sender_id,
    )
    return locked or False


async def users(conn: Connection, tenant_id: int, sender_id: int) -> int:
    """How many campaigns that have not ended name the sender."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM campaigns
        WHERE tenant_id = $1 AND state NOT IN ('completed', 'cancelled')
            AND definition -> 'sms' ->> 'sender' = (
                SELECT sender FROM sms_senders WHERE tenant_id = $1 AND id = $2
            )
        """,
        tenant_id,
        sender_id,
    )
    return count


async def delete(conn: Connection, tenant_id: int, sender_id: int) -> bool:
    """False if it has sent a message."""
    deleted: int | None = await conn.fetchval(
        """
        DELETE FROM sms_senders WHERE tenant_id = $1 AND id = $2 AND first_sent_at IS NULL
        RETURNING 1
        """,
        tenant_id,
        sender_id,
    )
    return deleted is not None
