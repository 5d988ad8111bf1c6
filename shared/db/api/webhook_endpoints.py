"""Queries on webhook endpoints; the API makes them."""

from shared.db.types import Connection


async def insert(conn: Connection, *, campaign_id: int, url: str, secret: str) -> None:
    await conn.execute(
        "INSERT INTO webhook_endpoints (campaign_id, url, secret) VALUES ($1, $2, $3)",
        campaign_id,
        url,
        secret,
    )
