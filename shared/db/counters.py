"""campaign_counters: what has happened in a campaign, added up in the transaction of each fact.

Written by the api (`contacts`), the scheduler (`attempts`, `finished.*` of contacts it gives up)
and events (`dropped`, `outcome.*`, `finished.*`).
"""

from collections.abc import Iterable

from shared.db.types import Connection

CONTACTS = "contacts"
ATTEMPTS = "attempts"
DROPPED = "dropped"
OUTCOME = "outcome."
FINISHED = "finished."


async def add(conn: Connection, counts: Iterable[tuple[int, str, int]]) -> None:
    """Add each (campaign id, name, n), in one order for all writers so that none deadlock."""
    rows = sorted(counts)
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO campaign_counters AS c (campaign_id, name, value)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
        ON CONFLICT (campaign_id, name) DO UPDATE SET value = c.value + excluded.value
        """,
        *(list(column) for column in zip(*rows, strict=True)),
    )


async def of_campaign(conn: Connection, campaign_id: int) -> dict[str, int]:
    rows = await conn.fetch(
        "SELECT name, value FROM campaign_counters WHERE campaign_id = $1", campaign_id
    )
    return {row["name"]: row["value"] for row in rows}
