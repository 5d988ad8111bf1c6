"""Routes of webhooks: the log of deliveries."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.api import campaigns
from services.api.http.paging import FollowedPage, Id, View
from services.api.http.resources import In
from services.api.native.auth import WEBHOOKS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import documented
from shared.db.api import webhook_endpoints
from shared.db.api.webhook_endpoints import LogPlace
from shared.domain.deliveries import DeliveryState

router = APIRouter(
    tags=["webhooks"], route_class=opened_by(WEBHOOKS), responses=documented(401, 403, 404, 422)
)


class DeliveryView(View):
    id: UUID
    state: DeliveryState
    tries: int = Field(description="posts that were made so far")
    next_try_at: datetime | None = Field(description="while it is pending")
    last_status: int | None = Field(description="HTTP status of the last answer")
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None


class DeliveryPage(FollowedPage):
    deliveries: list[DeliveryView]


@router.get("/campaigns/{campaign_id}/deliveries", responses=documented(400))
async def list_deliveries(
    campaign_id: Id, resources: In, caller: Authenticated, asked: Asked
) -> DeliveryPage:
    """Oldest first; `id` is the `webhook-id` that the receiver sees."""
    after = asked.after(LogPlace) or LogPlace(0, 0)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await campaigns.owned(conn, caller, campaign_id)
        rows = await webhook_endpoints.deliveries(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            after=after,
            limit=asked.limit,
        )
    last = asked.own.cursor(rows[-1].place if rows else after)
    return DeliveryPage.up_to(rows, last=last, limit=asked.limit)
