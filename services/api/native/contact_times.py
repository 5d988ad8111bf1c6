"""Routes of a contact's times: the callback that the person asked for, and the expiry."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.api import contact_times
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import LARGEST_ID, Id, Moment, Page, View
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.contacts import ContactView
from services.api.native.listing import Asked
from services.api.native.problems import documented
from shared.db.api import contact_times as contact_time_rows

OnlyId = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Since = Annotated[Moment | None, Query(description="callbacks from this time on")]
Until = Annotated[Moment | None, Query(description="callbacks before this time")]

router = APIRouter(
    tags=["contacts"],
    route_class=opened_by(CONTACTS),
    responses=documented(401, 403, 422),
)


class Callback(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime = Field(
        description="when the person asked to be called, within 366 days",
        examples=["2030-01-31T15:00:00-05:00"],
    )


class CallbackView(View):
    contact_id: int
    campaign_id: int
    number: str = Field(examples=["+12025550123"])
    external_id: str | None
    at: datetime = Field(description="from then on it is called before others, inside its hours")
    zones: list[str]


class CallbackPage(Page):
    callbacks: list[CallbackView]


class Expiry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_at: AwareDatetime | None = Field(
        description="the contact is not called after this; null: it does not expire",
        examples=["2030-01-31T15:00:00-05:00"],
    )


@router.get("/callbacks", responses=documented(400))
async def list_callbacks(
    resources: In,
    caller: Authenticated,
    *,
    asked: Asked,
    campaign_id: OnlyId = None,
    since: Since = None,
    until: Until = None,
) -> CallbackPage:
    """The callbacks to come and those that are due, the earliest first.

    One that is under way, or that waits for the end of a suppression, is not in the list.
    """
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await contact_time_rows.callbacks(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            since=since,
            until=until,
            after=asked.after(_place),
            limit=asked.limit,
        )
    return asked.page(CallbackPage, rows, lambda row: (row.at.isoformat(), row.contact_id))


@router.put("/contacts/{contact_id}/callback", responses=documented(400, 404, 409, 412, 413))
async def ask_for_callback(
    contact_id: Id,
    callback: Callback,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    seen: IfMatch,
    show: Shown,
) -> ContactView:
    """From `at` on, the contact is called before others, inside its calling hours.

    `not_before` in the answer is later than `at` if the campaign's minimum gap requires it.
    """
    asked = await contact_times.ask(resources, caller, contact_id, callback.at, seen=seen, now=now)
    return show(ContactView, asked)


@router.delete(
    "/contacts/{contact_id}/callback", status_code=204, responses=documented(404, 409, 412)
)
async def cancel_callback(
    contact_id: Id, resources: In, caller: Authenticated, now: Now, seen: IfMatch
) -> None:
    """The contact is due again at the time that it had without the callback."""
    await contact_times.cancel(resources, caller, contact_id, seen=seen, now=now)


@router.put("/contacts/{contact_id}/expiry", responses=documented(400, 404, 409, 412, 413))
async def set_expiry(
    contact_id: Id,
    expiry: Expiry,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    seen: IfMatch,
    show: Shown,
) -> ContactView:
    """A contact that is still waiting then ends as `out_of_time`."""
    changed = await contact_times.expire(
        resources, caller, contact_id, expiry.expires_at, seen=seen, now=now
    )
    return show(ContactView, changed)


def _place(at: int | str, contact_id: int | str) -> tuple[datetime, int]:
    return datetime.fromisoformat(str(at)), int(contact_id)
