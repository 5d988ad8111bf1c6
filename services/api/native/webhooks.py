"""Routes of webhooks: which events were delivered, and what became of the others."""

from fastapi import APIRouter

from services.api import campaigns as campaign_acts
from services.api.http.paging import Cursor, Id, Limit, uuid_of
from services.api.http.resources import In
from services.api.native.auth import Authenticated
from services.api.native.models import DeliveryPage, DeliveryView
from services.api.native.problems import documented
from shared.db.events import webhooks

router = APIRouter(tags=["webhooks"], responses=documented(401, 404, 422))


@router.get("/campaigns/{campaign_id}/deliveries")
async def list_deliveries(
    campaign_id: Id, resources: In, caller: Authenticated, limit: Limit = 100, cursor: Cursor = None
) -> DeliveryPage:
    """Oldest first; `id` is the `webhook-id` that the receiver sees."""
    async with resources.pool.acquire() as conn:
        await campaign_acts.owned(conn, caller, campaign_id)
        found = await webhooks.of_campaign(conn, campaign_id, after=uuid_of(cursor), limit=limit)
    return DeliveryPage(
        deliveries=[DeliveryView.of(delivery) for delivery in found],
        next_cursor=str(found[-1].id) if len(found) == limit else None,
    )
