"""outbox: public events. Whoever commits a fact inserts its event, events relays it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db.types import Connection
from shared.kafka.messages.envelope import Message

# Any constant will do, as long as every relay takes the same.
RELAY_LOCK = 0x72656C61


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int
    topic: str
    key: str
    payload: bytes


async def add(conn: Connection, messages: Sequence[Message]) -> None:
    """Order per key is commit order as long as the key's row is locked by the same transaction."""
    if not messages:
        return
    await conn.execute(
        """
        INSERT INTO outbox (topic, key, payload)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
        """,
        [message.topic for message in messages],
        [message.partitionkey for message in messages],
        [message.encoded() for message in messages],
    )


async def lead(conn: Connection) -> bool:
    """Whether this session may relay; the lock is held until the session ends."""
    held: bool = await conn.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK)
    return held


async def oldest(conn: Connection, *, limit: int) -> list[Entry]:
    rows = await conn.fetch(
        "SELECT seq, topic, key, payload FROM outbox ORDER BY seq LIMIT $1", limit
    )
    return [Entry(**row) for row in rows]


async def remove(conn: Connection, seqs: Sequence[int]) -> None:
    await conn.execute("DELETE FROM outbox WHERE seq = ANY($1)", list(seqs))
