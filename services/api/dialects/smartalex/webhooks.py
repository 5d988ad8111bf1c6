"""SmartAlex's routes of webhooks: create, list, read, delete; one is replaced by a new one."""

import base64
import binascii
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.api import webhooks
from services.api.campaigns import new_secret
from services.api.dialects.smartalex.errors import Code, refused
from services.api.dialects.smartalex.routes import (
    WEBHOOKS,
    Json,
    PageQuery,
    instant,
    listed,
    not_found_as,
    one,
    opened_by,
)
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Now
from shared.db.api.webhook_endpoints import Endpoint
from shared.definitions.base import NullIsDefault, refuse
from shared.definitions.campaign import WebhookUrl
from shared.dialects.smartalex import Kind, number_of, spelled
from shared.dialects.smartalex_events import RENDERING, SmartAlexEvent, event_types

SHOWN_ONCE = {"Cache-Control": "no-store"}
PREFIX = "whsec_"
# A shorter key is guessed, and so is none of Standard Webhooks.
SHORTEST_KEY = 16
TWICE = "is the same as events; give one of the two"
KNOWN = ", ".join(SmartAlexEvent)

router = APIRouter(route_class=opened_by(WEBHOOKS))


def _known(event: str) -> SmartAlexEvent:
    if event not in set(SmartAlexEvent):
        raise ValueError(f"must be one of {KNOWN}")
    return SmartAlexEvent(event)


Events = Annotated[list[Annotated[str, AfterValidator(_known)]], Field(min_length=1, max_length=50)]


class NewWebhook(NullIsDefault):
    """Newer clients name the events in `event_types`. `secret` is the client's own, in place of one
    that is made.
    """

    url: WebhookUrl
    events: Events | None = None
    event_types: Events | None = None
    secret: Annotated[str, StringConstraints(pattern=r"^[!-~]{16,200}$")] | None = None
    enabled: Annotated[bool, Field(strict=True)] = True

    @model_validator(mode="after")
    def names_events_once(self) -> Self:
        if self.events is not None and self.event_types is not None:
            refuse(type(self), [(("event_types",), TWICE)])
        if self.events is None and self.event_types is None:
            refuse(type(self), [(("events",), "is required")])
        return self

    @property
    def wanted(self) -> list[SmartAlexEvent]:
        """Each once, in their order."""
        return list(dict.fromkeys(map(SmartAlexEvent, self.events or self.event_types or ())))

    def signing_secret(self) -> str:
        """The bytes of the client's own text are the key, unless it is one of this form already."""
        if self.secret is None:
            return new_secret()
        if _is_standard(self.secret):
            return self.secret
        return PREFIX + base64.b64encode(self.secret.encode()).decode()


def _is_standard(secret: str) -> bool:
    """Whether it is of the form of Standard Webhooks: a prefix, and the key in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return False
    return secret.startswith(PREFIX) and len(key) >= SHORTEST_KEY


@router.post("/webhooks", status_code=201)
async def create_webhook(
    new: NewWebhook, response: Response, resources: In, caller: Authenticated, now: Now
) -> Json:
    """For the events of all campaigns. Its secret is shown in this answer only."""
    secret = new.signing_secret()
    made = await webhooks.add(
        resources,
        caller,
        rendering=RENDERING,
        event_types=event_types(new.wanted),
        url=new.url,
        secret=secret,
        disabled_at=None if new.enabled else now,
    )
    response.headers.update(SHOWN_ONCE)
    return one({**_row(made), "signing_secret": secret})


@router.get("/webhooks")
async def list_webhooks(
    resources: In, caller: Authenticated, query: Annotated[PageQuery, Query()]
) -> Json:
    """Newest first."""
    found = await webhooks.rendered_as(resources, caller, RENDERING)
    limit, offset = query.number.place
    return listed([_row(row) for row in found[offset : offset + limit]], len(found), query)


@router.get("/webhooks/{id_}")
async def read_webhook(id_: str, resources: In, caller: Authenticated) -> Json:
    with not_found_as(Code.WEBHOOK_NOT_FOUND):
        return one(_row(await webhooks.read(resources, caller, _number(id_), rendering=RENDERING)))


@router.delete("/webhooks/{id_}")
async def delete_webhook(id_: str, resources: In, caller: Authenticated) -> Json:
    """Nothing is posted to it any more, also not what was pending."""
    with not_found_as(Code.WEBHOOK_NOT_FOUND):
        await webhooks.delete(resources, caller, _number(id_), rendering=RENDERING)
    return one({"id": id_, "deleted": True})


def _number(id_: str) -> int:
    number = number_of(Kind.WEBHOOK, id_)
    if number is None:
        raise refused(Code.WEBHOOK_NOT_FOUND)
    return number


def _row(endpoint: Endpoint) -> Json:
    events = [name for name in endpoint.event_types if name in set(SmartAlexEvent)]
    is_enabled = endpoint.disabled_at is None
    return {
        "id": spelled(Kind.WEBHOOK, endpoint.id),
        "url": endpoint.url,
        "events": events,
        "event_types": events,
        "enabled": is_enabled,
        "is_active": is_enabled,
        "created_at": instant(endpoint.created_at),
    }
