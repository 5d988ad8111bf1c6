"""Deletes a draft campaign with all that belongs to it. Nobody of it was ever called.

Both functions are for one transaction, in this order; `campaigns` is locked between them.
"""

from shared.db.api import webhook_endpoints
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey

# The pool's own limit is meant for short statements; a draft may have millions of contacts.
LONG = 3600.0


async def delete_people(conn: Connection, campaign: CampaignKey) -> None:
    """Delete the contacts and the suppressions of the campaign's own list."""
    await conn.execute(
        "DELETE FROM suppressions WHERE tenant_id = $1 AND campaign_id = $2",
        *campaign,
        timeout=LONG,
    )
    await conn.execute(
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM contacts WHERE tenant_id = $1 AND campaign_id = $2
            -- In the order of locks (shared/db/locks.py).
            ORDER BY number, id FOR UPDATE
        ), numbers AS (
            DELETE FROM contact_numbers AS own USING locked
            WHERE own.tenant_id = $1 AND own.contact_id = locked.id
        )
        DELETE FROM contacts AS contact USING locked
        WHERE contact.tenant_id = $1 AND contact.id = locked.id
        """,
        *campaign,
        timeout=LONG,
    )


async def delete(conn: Connection, campaign: CampaignKey) -> None:
    """Delete the rest. A draft has no row in campaign_changes: each command ends its draft."""
    for statement in (
        "DELETE FROM voice_campaigns WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM campaign_groups WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM campaign_backup_trunks WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM campaign_edits WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM campaign_counters WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM untold_ends WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM waiting_contacts WHERE tenant_id = $1 AND campaign_id = $2",
    ):
        await conn.execute(statement, *campaign)
    await webhook_endpoints.delete(conn, campaign)
    for statement in (
        "DELETE FROM operations WHERE tenant_id = $1 AND campaign_id = $2",
        "DELETE FROM campaigns WHERE tenant_id = $1 AND id = $2",
    ):
        await conn.execute(statement, *campaign)
