"""The route of a single call: one number is called now."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import Field

from services.api import imports, single_calls
from services.api.http.paging import Moment, View
from services.api.http.resources import In, Now
from services.api.native.auth import CALLS, Authenticated, opened_by
from services.api.native.contacts import ContactParts
from services.api.native.problems import documented
from shared.definitions.call import CallDefinition
from shared.domain.reasons import Reason

# A client that got no answer repeats its request within that: the timeouts of most are shorter. It
# seldom calls anew so soon.
SAME_CALL = timedelta(minutes=1)

router = APIRouter(
    tags=["calls"],
    route_class=opened_by(CALLS, same_for=SAME_CALL),
    responses=documented(401, 403, 422),
)

EXAMPLE = {
    "number": "+12025550123",
    "external_id": "A1",
    "attributes": {"name": "Ada"},
    "call_flow": {"name": "reminder"},
    "kind": "informational",
}


class NewCall(CallDefinition, ContactParts):
    """Who is called, and how."""

    number: str = Field(max_length=256, examples=["+12025550123"])
    wait: bool = Field(
        default=False, description="if it may not be placed now, place it as soon as it may be"
    )
    not_after: Moment | None = Field(
        default=None,
        description="it is not placed after this, which becomes `expires_at` of the contact: at "
        "most 7 days ahead; left out: in a minute, or with `wait` in 7 days",
        examples=["2031-01-31T00:00:00Z"],
    )

    def entry(self) -> imports.Entry:
        return imports.Entry(
            number=self.number, **{name: getattr(self, name) for name in ContactParts.model_fields}
        )


class SingleCallView(View):
    """The call is a contact of its own; its attempts and calls are those of this contact."""

    contact_id: int
    campaign_id: int = Field(description="it takes all single calls of the same kind of this week")
    number: str = Field(examples=["+12025550123"])
    not_after: datetime
    next_at: datetime | None = Field(
        description="when it may be placed; null: when what it waits for has ended, see its why"
    )
    waits_for: Reason | None = Field(description="why it may not be placed now; null: it may")


@router.post("/calls", status_code=201, responses=documented(400, 409, 413))
async def place_call(
    call: Annotated[NewCall, Body(examples=[EXAMPLE])],
    response: Response,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
) -> SingleCallView:
    """Call one number now, under the same law, caps, suppressions and limits as all calls.

    If it may not be called now, the answer is 409 `not_now`: `errors` names each reason, and
    `next_at` is when it may be called; with `wait` it is called then. What the request itself
    lacks is 422. It comes before the calls of campaigns, and has one attempt.

    For a minute the same body by the same API key is the same call, also without an
    `Idempotency-Key`; to call again at once, send another one with each request.
    """
    placed = await single_calls.place(
        resources,
        caller,
        call,
        call.entry(),
        wait=call.wait,
        not_after=call.not_after,
        now=now,
    )
    response.headers["Location"] = f"/v1/contacts/{placed.contact_id}"
    return SingleCallView.of(placed)
