"""The ends of contacts as the public events tell them."""

import json
from typing import Any

from services.scheduler.end_teller import EndTeller
from shared.db.types import Pool
from shared.runtime.process import now


async def told_ends(pool: Pool) -> list[dict[str, Any]]:
    """Tell all ends, and once more, which must add nothing; return what is told, in order."""
    teller = EndTeller(pool)
    while await teller.run_once(now()):
        pass
    told = await _told(pool)
    await teller.run_once(now())
    assert await _told(pool) == told
    return told


async def reasons(pool: Pool) -> list[str]:
    return [end["reason"] for end in await told_ends(pool)]


async def _told(pool: Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        """
        SELECT convert_from(payload, 'UTF8') AS event FROM public_events
        WHERE type = 'outdial.contact.finished.v1' ORDER BY tenant_id, position
        """
    )
    return [json.loads(row["event"])["data"] for row in rows]
