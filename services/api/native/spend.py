"""Routes of the spend ceiling of a tenant, and the ceilings of campaigns as answers show them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field

from services.api import rules
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import View
from services.api.http.resources import In, Now
from services.api.native.auth import SAFEGUARDS, Authenticated, opened_by
from services.api.native.problems import documented
from shared.definitions.spend import TenantSpendDefinition
from shared.domain.spend import CeilingKind
from shared.rulepacks.tenant_choices import SpendChoice, Words

router = APIRouter(
    tags=["spend ceiling"], route_class=opened_by(SAFEGUARDS), responses=documented(401, 403, 422)
)

EXAMPLE = {
    "currency": "USD",
    "per_day": "500",
    "call_most": "0.50",
    "person": "Dana Reyes, finance",
    "reason": "Budget of 2026.",
}


class SpendCeilingView(View):
    """A ceiling as it stands. Calls that would exceed it wait."""

    kind: CeilingKind = Field(description="a day is one of UTC")
    currency: str = Field(examples=["USD"])
    amount: Decimal = Field(description="what may be spent", examples=["100"])
    spent: Decimal = Field(description="the prices of the calls that have ended")
    reserved: Decimal = Field(description="`call_most` of each call under way")
    call_most: Decimal = Field(description="the most that one call may cost")


class ChosenSpendCeiling(TenantSpendDefinition):
    """The ceiling of all campaigns of the tenant together."""

    person: Words = Field(examples=["Dana Reyes, finance"])
    reason: Words = Field(examples=["Budget of 2026."])


class TenantSpendView(View):
    currency: str
    per_day: Decimal = Field(description="in a day of UTC")
    call_most: Decimal
    person: str
    reason: str
    at: datetime


@router.get("/spend-ceiling")
async def read_spend_ceiling(
    resources: In, caller: Authenticated, show: Shown
) -> TenantSpendView | None:
    """The ceiling of all campaigns of the tenant together; null: there is none."""
    chosen = await rules.spend_ceiling(resources, caller)
    show.tag(chosen)
    return None if chosen is None else TenantSpendView.of(chosen)


@router.put("/spend-ceiling", responses=documented(400, 409, 412, 413))
async def set_spend_ceiling(
    chosen: Annotated[ChosenSpendCeiling, Body(examples=[EXAMPLE])],
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    seen: IfMatch,
    show: Shown,
) -> TenantSpendView:
    """Replace the ceiling. It holds at once; calls that are dialed from now on count.

    Contacts wait while it is reached, and go on when it is raised or the day is over.
    """
    choice = SpendChoice(**dict(chosen), at=now)
    await rules.set_spend_ceiling(resources, caller, choice, seen=seen)
    return show(TenantSpendView, choice)


@router.delete("/spend-ceiling", status_code=204, responses=documented(412))
async def remove_spend_ceiling(resources: In, caller: Authenticated, seen: IfMatch) -> None:
    """The tenant has no ceiling; those of its campaigns stay."""
    await rules.set_spend_ceiling(resources, caller, None, seen=seen)
