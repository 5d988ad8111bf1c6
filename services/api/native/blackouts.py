"""Routes of black-outs: an emergency stop, everywhere or in one area."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.api import blackouts
from services.api.http.paging import Id, Page, View
from services.api.http.resources import In, Now
from services.api.native.auth import GENERAL, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import documented
from shared.db import blackouts as blackout_rows

router = APIRouter(
    tags=["blackouts"], route_class=opened_by(GENERAL), responses=documented(401, 403, 422)
)

# Safe in every zone and in PostgreSQL; a longer black-out has no end.
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _near(value: datetime) -> datetime:
    if value >= LATEST:
        raise ValueError("must be before the year 2200; leave it out until you end it")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_near)]


class NewBlackout(BaseModel):
    model_config = ConfigDict(extra="forbid")

    jurisdiction: Annotated[str, StringConstraints(max_length=16)] | None = Field(
        default=None,
        description="a country, which covers its parts, or a part of one; left out: everywhere",
        examples=["US-LA"],
    )
    starts_at: Instant | None = Field(default=None, description="left out or past: now")
    ends_at: Instant | None = Field(default=None, description="left out: until it is ended")
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
    ] = Field(examples=["hurricane"], pattern=r"^[^\x00]*$")


def _scope(tenant_id: int | None) -> str:
    return "installation" if tenant_id is None else "tenant"


class BlackoutView(View):
    id: int
    scope: Annotated[Literal["tenant", "installation"], BeforeValidator(_scope)] = Field(
        validation_alias="tenant_id", description="whose calls it stops"
    )
    jurisdiction: str | None = Field(description="null: everywhere")
    starts_at: datetime
    ends_at: datetime | None = Field(description="null: until it is ended")
    reason: str
    created_at: datetime


class BlackoutPage(Page):
    blackouts: list[BlackoutView]


@router.post("/blackouts", status_code=201, responses=documented(400, 413))
async def begin_blackout(
    new: NewBlackout, resources: In, caller: Authenticated, now: Now
) -> BlackoutView:
    """No campaign of the tenant calls anybody in this area while the black-out lasts.

    Contacts lose no attempt: they wait until it is over.
    """
    return BlackoutView.of(
        await blackouts.begin(
            resources,
            caller,
            jurisdiction=new.jurisdiction,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            reason=new.reason,
            now=now,
        )
    )


@router.get("/blackouts", responses=documented(400))
async def list_blackouts(resources: In, caller: Authenticated, asked: Asked) -> BlackoutPage:
    """Past, present and future black-outs that concern the tenant, newest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await blackout_rows.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(BlackoutPage, rows)


@router.delete("/blackouts/{blackout_id}", status_code=204, responses=documented(404))
async def end_blackout(blackout_id: Id, resources: In, caller: Authenticated) -> None:
    """End the black-out now; it stays in the list. The operator ends those of the installation."""
    await blackouts.end(resources, caller, blackout_id)
