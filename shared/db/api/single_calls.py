"""campaigns that take single calls: the api finds the one of a call, and marks the one it makes."""

from shared.db.locks import LockClass
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey


async def take(conn: Connection, *, tenant_id: int, digest: bytes) -> int | None:
    """The campaign that takes the calls of this definition; None: it is not made, or is over.

    It is not completed until the transaction ends.
    """
    campaign_id: int | None = await conn.fetchval(
        "SELECT take_single_calls($1, $2, $3)", LockClass.IMPORT, tenant_id, digest
    )
    return campaign_id


async def mark(conn: Connection, campaign: CampaignKey, *, digest: bytes | None) -> None:
    """From now on it takes the calls of this definition; None: of none, because it has another."""
    await conn.execute(
        "UPDATE campaigns SET takes_calls_of = $3 WHERE tenant_id = $1 AND id = $2",
        *campaign,
        digest,
    )
