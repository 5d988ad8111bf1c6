"""Routes of webhooks: the log of deliveries."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.api import campaigns
from services.api.http.paging import Cursor, Id, Limit, Page, View, pair_of
from services.api.http.resources import In
from services.api.native.auth import WEBHOOKS, Authenticated, opened_by
from services.api.native.problems import documented
from shared.db.api import webhook_endpoints
from shared.db.api.webhook_endpoints import Delivery
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


class DeliveryPage(Page):
    deliveries: list[DeliveryView]


@router.get("/campaigns/{campaign_id}/deliveries")
async def list_deliveries(
    campaign_id: Id, resources: In, caller: Authenticated, limit: Limit = 100, cursor: Cursor = None
) -> DeliveryPage:
    """Oldest first; `id` is the `webhook-id` that the receiver sees."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await campaigns.owned(conn, caller, campaign_id)
        rows = await webhook_endpoints.deliveries(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            after=pair_of(cursor),
            limit=limit,
        )
    return DeliveryPage.of(rows, limit=limit, cursor_of=_cursor_of)


def _cursor_of(delivery: Delivery) -> str:
    return "{}-{}".format(*delivery.place)
