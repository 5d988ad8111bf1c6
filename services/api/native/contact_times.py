"""Routes of a contact's times: the callback that the person asked for, and the expiry."""

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.api import contact_times
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import Id
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.contacts import ContactView
from services.api.native.problems import documented

router = APIRouter(
    tags=["contacts"],
    route_class=opened_by(CONTACTS),
    responses=documented(401, 403, 404, 409, 412, 422),
)


class Callback(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime = Field(
        description="when the person asked to be called, within 366 days",
        examples=["2030-01-31T15:00:00-05:00"],
    )


class Expiry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_at: AwareDatetime | None = Field(
        description="the contact is not called after this; null: it does not expire",
        examples=["2030-01-31T15:00:00-05:00"],
    )


@router.put("/contacts/{contact_id}/callback", responses=documented(400, 413))
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


@router.delete("/contacts/{contact_id}/callback", status_code=204)
async def cancel_callback(
    contact_id: Id, resources: In, caller: Authenticated, now: Now, seen: IfMatch
) -> None:
    """The contact is due again at the time that it had without the callback."""
    await contact_times.cancel(resources, caller, contact_id, seen=seen, now=now)


@router.put("/contacts/{contact_id}/expiry", responses=documented(400, 413))
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
