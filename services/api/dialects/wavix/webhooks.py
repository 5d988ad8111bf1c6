"""Wavix's webhooks of the account: one address for each type of event, of all calls."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.api import webhooks
from services.api.dialects.wavix.auth import WEBHOOKS, WavixRoute
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In
from shared.domain.deliveries import EventType

EVENT: EventType = "outdial.attempt.ended.v1"
WebhookType = Literal["on-call", "post-call"]
RENDERINGS: dict[WebhookType, str] = {"on-call": "wavix_on_call", "post-call": "wavix_post_call"}

router = APIRouter(route_class=WavixRoute.opened_by(WEBHOOKS))


class NewWebhook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]
    event_type: WebhookType


@router.post("/v1/call/webhooks", name="wavix_set_webhook")
@router.post("/v1/calls/webhooks", name="wavix_set_webhook")
async def set_webhook(new: NewWebhook, resources: In, caller: Authenticated) -> JSONResponse:
    """The one of this type gets another address, if there is one."""
    await webhooks.set_for_all(
        resources,
        caller,
        url=new.url,
        event_types=[EVENT],
        rendering=RENDERINGS[new.event_type],
    )
    return JSONResponse({"success": True, "event_type": new.event_type, "url": new.url}, 201)


@router.get("/v1/call/webhooks", name="wavix_list_webhooks")
@router.get("/v1/calls/webhooks", name="wavix_list_webhooks")
async def list_webhooks(resources: In, caller: Authenticated) -> JSONResponse:
    found = []
    for event_type, rendering in RENDERINGS.items():
        endpoint = await webhooks.for_all(resources, caller, rendering=rendering)
        if endpoint is not None:
            found.append({"event_type": event_type, "url": endpoint.url})
    return JSONResponse(found)


@router.delete("/v1/call/webhooks", name="wavix_delete_webhook")
@router.delete("/v1/calls/webhooks", name="wavix_delete_webhook")
async def delete_webhook(
    event_type: Annotated[WebhookType, Query()], resources: In, caller: Authenticated
) -> JSONResponse:
    await webhooks.take_back(resources, caller, rendering=RENDERINGS[event_type])
    return JSONResponse({"success": True})
