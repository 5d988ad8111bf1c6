"""Routes of webhooks: the endpoints, a test of one, and the log of deliveries."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api import campaigns, webhooks
from services.api.http.etags import Shown
from services.api.http.paging import FollowedPage, Id, Moment, Page, View
from services.api.http.resources import In, Now
from services.api.native.auth import WEBHOOKS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from shared.db.api import webhook_endpoints
from shared.db.api.webhook_endpoints import LogPlace
from shared.domain.deliveries import DeliveryState

router = APIRouter(
    tags=["webhooks"], route_class=opened_by(WEBHOOKS), responses=documented(401, 403, 422)
)


class WebhookView(View):
    id: int = Field(examples=[17])
    campaign_id: int = Field(description="0: it gets the events of all campaigns")
    url: str = Field(examples=["https://example.com/outdial"])
    event_types: list[str] = Field(examples=[["outdial.attempt.ended.v1"]])
    created_at: datetime
    disabled_at: datetime | None = Field(
        description="when its receiver answered 410 Gone, or its owner took it back"
    )


class WebhookPage(Page):
    webhooks: list[WebhookView]


class Tested(BaseModel):
    event_id: UUID = Field(description="the `webhook-id` that the receiver sees")


class Again(BaseModel):
    """The deliveries that are posted once more, as if they were new."""

    model_config = ConfigDict(extra="forbid")

    event_ids: Annotated[list[UUID], Field(max_length=1_000)] = Field(
        default=[], description="ids of deliveries that ended"
    )
    exhausted_since: Moment | None = Field(
        default=None, description="all that were given up from this instant on"
    )


class SentAgain(BaseModel):
    sent_again: int = Field(description="how many deliveries begin anew, at most 10000")


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


@router.get("/webhooks", responses=documented(400))
async def list_webhooks(resources: In, caller: Authenticated, asked: Asked) -> WebhookPage:
    """Newest first; their secrets are not shown."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await webhook_endpoints.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(WebhookPage, rows)


@router.get("/webhooks/{webhook_id}", responses=UNCHANGED | documented(404))
async def read_webhook(
    webhook_id: Id, resources: In, caller: Authenticated, show: Shown
) -> WebhookView:
    return show(WebhookView, await webhooks.read(resources, caller, webhook_id))


@router.post("/webhooks/{webhook_id}/test", status_code=202, responses=documented(404, 409))
async def test_webhook(webhook_id: Id, resources: In, caller: Authenticated, now: Now) -> Tested:
    """Post an `outdial.webhook.tested.v1` to it; the log of deliveries shows what came of it."""
    return Tested(event_id=await webhooks.test(resources, caller, webhook_id, now=now))


@router.post(
    "/webhooks/{webhook_id}/send-again", status_code=202, responses=documented(400, 404, 409, 413)
)
async def send_again(
    webhook_id: Id, again: Again, resources: In, caller: Authenticated
) -> SentAgain:
    """For a receiver that was away too long, or has lost events. Their ids stay the same.

    An event is kept for `OUTDIAL_KEEP_EVENTS_DAYS`; a delivery without it is given up again.
    One request sends at most 10000 deliveries, the oldest events first: ask again while
    `sent_again` is 10000.
    """
    count = await webhooks.send_again(
        resources,
        caller,
        webhook_id,
        event_ids=again.event_ids,
        exhausted_since=again.exhausted_since,
    )
    return SentAgain(sent_again=count)


@router.get("/campaigns/{campaign_id}/deliveries", responses=documented(400, 404))
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
