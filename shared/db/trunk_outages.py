"""trunk_outages: trunks whose providers take no calls, one row each.

Written by the dialers; a trunk that the operator changes is probed at once (shared/db/trunks.py).
"""

from datetime import datetime

from shared.db.rows import outage
from shared.db.types import Connection
from shared.domain.capacity.trunk_health import Outage, probe_delay

LONGEST_CAUSE = 200


async def begin(
    conn: Connection, trunk_id: int, *, since: datetime, cause: str, now: datetime
) -> bool:
    """Open the breaker of a trunk; False if it is open already, and only the cause is new."""
    inserted = await conn.fetchval(
        """
        INSERT INTO trunk_outages (trunk_id, since, probe_at, cause)
        SELECT id, $2, $3, $4 FROM trunks WHERE id = $1
        ON CONFLICT (trunk_id) DO UPDATE SET cause = excluded.cause
        RETURNING old.trunk_id IS NULL
        """,
        trunk_id,
        since,
        now + probe_delay(0),
        cause[:LONGEST_CAUSE],
    )
    return bool(inserted)


async def take_probe(conn: Connection, trunk_id: int, *, now: datetime) -> bool:
    """Whether the caller has the probe whose time has come; nobody else gets it."""
    # Two statements, because probe_delay knows the delay; the second wins only once.
    probes = await conn.fetchval(
        "SELECT probes FROM trunk_outages WHERE trunk_id = $1 AND probe_at <= $2", trunk_id, now
    )
    if probes is None:
        return False
    taken = await conn.fetchval(
        """
        UPDATE trunk_outages SET probe_at = $3, probes = probes + 1
        WHERE trunk_id = $1 AND probe_at <= $2 AND probes = $4
        RETURNING true
        """,
        trunk_id,
        now,
        now + probe_delay(probes + 1),
        probes,
    )
    return bool(taken)


async def end(conn: Connection, trunk_id: int) -> bool:
    """Close the breaker of a trunk; False if it is closed already."""
    deleted = await conn.fetchval(
        "DELETE FROM trunk_outages WHERE trunk_id = $1 RETURNING true", trunk_id
    )
    return bool(deleted)


async def every(conn: Connection) -> list[Outage]:
    rows = await conn.fetch(
        """
        SELECT trunk.name AS trunk, outage.since AS down_since, outage.probe_at, outage.cause
        FROM trunk_outages AS outage JOIN trunks AS trunk ON trunk.id = outage.trunk_id
        ORDER BY outage.since
        """
    )
    return [known for row in rows if (known := outage(row)) is not None]
