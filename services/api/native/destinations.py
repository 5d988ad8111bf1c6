"""Routes of destinations: the kinds of numbers and the countries that a tenant calls."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from services.api import rules
from services.api.http.etags import IfMatch, Shown
from services.api.http.resources import In, Now
from services.api.native.auth import SAFEGUARDS, Authenticated, opened_by
from services.api.native.problems import UNCHANGED, documented
from shared.domain.places.number_kinds import NumberKind
from shared.rulepacks.tenant_choices import DestinationsChoice, DestinationsDefinition, Words

router = APIRouter(
    tags=["destinations"], route_class=opened_by(SAFEGUARDS), responses=documented(401, 403, 422)
)

EXAMPLE = {
    "allowed_countries": ["DE", "AT", "CH"],
    "allowed_kinds": ["shared_cost"],
    "person": "Dana Reyes, compliance",
    "reason": "Our members live there.",
}


class ChosenDestinations(DestinationsDefinition):
    """The whole choice; a field that is left out has its default."""

    person: Words = Field(examples=["Dana Reyes, compliance"])
    reason: Words = Field(examples=["Our members live there."])


class DestinationsView(BaseModel):
    allowed_kinds: list[NumberKind]
    refused_kinds: list[NumberKind] = Field(description="costly kinds that are not called")
    allowed_countries: list[str] | None = Field(description="null: all but blocked_countries")
    blocked_countries: list[str]
    person: str | None = Field(description="null: the default, which nobody chose")
    reason: str | None
    at: datetime | None

    @classmethod
    def of(cls, choice: DestinationsChoice | None) -> "DestinationsView":
        chosen = choice or DestinationsDefinition()
        return cls(
            allowed_kinds=chosen.allowed_kinds,
            refused_kinds=[kind for kind in NumberKind if kind not in chosen.allowed_kinds],
            allowed_countries=chosen.allowed_countries,
            blocked_countries=chosen.blocked_countries,
            person=None if choice is None else choice.person,
            reason=None if choice is None else choice.reason,
            at=None if choice is None else choice.at,
        )


@router.get("/destinations", responses=UNCHANGED)
async def read_destinations(resources: In, caller: Authenticated, show: Shown) -> DestinationsView:
    """The numbers that imports take and dialers call. Emergency numbers are never called."""
    return show(DestinationsView, await rules.destinations(resources, caller))


@router.put("/destinations", responses=documented(400, 412, 413))
async def choose_destinations(
    chosen: Annotated[ChosenDestinations, Body(examples=[EXAMPLE])],
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    seen: IfMatch,
    show: Shown,
) -> DestinationsView:
    """Replace the choice. It holds at once, also for contacts that were imported before.

    Such a contact is not called: it is finished as excluded when its turn comes.
    """
    choice = DestinationsChoice(**dict(chosen), at=now)
    await rules.choose_destinations(resources, caller, choice, seen=seen)
    return show(DestinationsView, choice)


@router.delete("/destinations", status_code=204, responses=documented(412))
async def reset_destinations(resources: In, caller: Authenticated, seen: IfMatch) -> None:
    """Go back to the default: all countries, and no costly kind."""
    await rules.choose_destinations(resources, caller, None, seen=seen)
