"""Routes of webhooks: the log of deliveries."""

from fastapi import APIRouter

from services.api import campaigns as campaign_acts
from services.api.http.paging import Cursor, Id, Limit, pair_of
from services.api.http.resources import In
from services.api.native.auth import Authenticated
from services.api.native.models import DeliveryPage, DeliveryView
from services.api.native.problems import documented
from shared.db.api import webhook_endpoints

router = APIRouter(tags=["webhooks"], responses=documented(401, 404, 422))


@router.get("/campaigns/{campaign_id}/deliveries")
async def list_deliveries(
    campaign_id: Id, resources: In, caller: Authenticated, limit: Limit = 100, cursor: Cursor = None
) -> DeliveryPage:
    """Oldest first; `id` is the `webhook-id` that the receiver sees."""
    async with resources.pool.acquire() as conn:
        await campaign_acts.owned(conn, caller, campaign_id)
        deliveries = await webhook_endpoints.deliveries(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            after=pair_of(cursor),
            limit=limit,
        )
    return DeliveryPage(
        deliveries=[DeliveryView.of(delivery) for delivery in deliveries],
        next_cursor="{}-{}".format(*deliveries[-1].place) if len(deliveries) == limit else None,
    )
