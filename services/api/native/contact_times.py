"""Routes of one contact's times: the callback that it asked for, and its expiry."""

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.api import contact_times
from services.api.http.paging import Id
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.contacts import ContactView
from services.api.native.problems import documented

router = APIRouter(tags=["contacts"], responses=documented(401, 404, 409, 422))


class Callback(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime = Field(
        description="when the person asked to be called, within 366 days",
        examples=["2030-01-31T15:00:00-05:00"],
    )


class Expiry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_at: AwareDatetime | None = Field(
        description="after this the contact is not called any more; none: never",
        examples=["2030-01-31T15:00:00-05:00"],
    )


@router.put("/contacts/{contact_id}/callback", responses=documented(400, 413))
async def ask_for_callback(
    contact_id: Id, callback: Callback, resources: In, caller: Authenticated, now: Now
) -> ContactView:
    """From this instant on it is called before others, within its window and the law's.

    `not_before` in the answer is later than `at` where the campaign's minimum gap asks for that.
    """
    return ContactView.of(
        await contact_times.ask(resources, caller, contact_id, callback.at, now=now)
    )


@router.delete("/contacts/{contact_id}/callback", status_code=204)
async def cancel_callback(contact_id: Id, resources: In, caller: Authenticated, now: Now) -> None:
    """It may be called as if nobody had asked for it."""
    await contact_times.cancel(resources, caller, contact_id, now=now)


@router.put("/contacts/{contact_id}/expiry", responses=documented(400, 413))
async def set_expiry(
    contact_id: Id, expiry: Expiry, resources: In, caller: Authenticated, now: Now
) -> ContactView:
    """A contact that has not been called by then ends as `out_of_time`."""
    return ContactView.of(
        await contact_times.expire(resources, caller, contact_id, expiry.expires_at, now=now)
    )
