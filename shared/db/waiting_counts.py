"""waiting_contacts: how many pending contacts wait for what, added up in each transaction.

Written by the api (imports, suppressions), the scheduler (claims, contacts it gives up) and events.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection

NEW = "new"
# As the schema's function waiting_slot has it.
SLOT_SECONDS = 300


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What contacts of a group wait for. `slot` is that of not_before; 0 is at once."""

    campaign_id: int
    calling_group_id: int
    waits_for: str
    slot: int


def slot_of(not_before: datetime | None) -> int:
    """Which five minutes since 1970 an instant lies in; 0 for none."""
    return 0 if not_before is None else int(not_before.timestamp() // 300)


async def add(conn: Connection, changes: Iterable[tuple[Place, int]]) -> None:
    """Add to each place, in one order for all writers so that none deadlock.

    Last in a transaction: the rows of a slot are everybody's, and are locked until the commit.
    """
    sums: Counter[Place] = Counter()
    for place, count in changes:
        sums[place] += count
    rows = sorted((place, count) for place, count in sums.items() if count)
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO waiting_contacts AS w (
            campaign_id, calling_group_id, waits_for, slot, contacts
        )
        SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::int[], $5::bigint[])
        ON CONFLICT (campaign_id, calling_group_id, waits_for, slot)
            DO UPDATE SET contacts = w.contacts + excluded.contacts
        """,
        [place.campaign_id for place, _ in rows],
        [place.calling_group_id for place, _ in rows],
        [place.waits_for for place, _ in rows],
        [place.slot for place, _ in rows],
        [count for _, count in rows],
    )


async def of_campaign(conn: Connection, campaign_id: int) -> list[tuple[Place, int]]:
    rows = await conn.fetch(
        """
        SELECT campaign_id, calling_group_id, waits_for, slot, contacts FROM waiting_contacts
        WHERE campaign_id = $1 AND contacts <> 0
        """,
        campaign_id,
    )
    return [
        (
            Place(row["campaign_id"], row["calling_group_id"], row["waits_for"], row["slot"]),
            row["contacts"],
        )
        for row in rows
    ]


async def prune(conn: Connection, *, before_slot: int, limit: int) -> int:
    """Forget places of the past in which nobody waits any more; how many."""
    rows = await conn.fetch(
        """
        DELETE FROM waiting_contacts
        WHERE (campaign_id, calling_group_id, waits_for, slot) IN (
            SELECT campaign_id, calling_group_id, waits_for, slot FROM waiting_contacts
            WHERE contacts = 0 AND slot < $1 AND slot > 0
            LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING 1
        """,
        before_slot,
        limit,
    )
    return len(rows)
