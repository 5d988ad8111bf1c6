"""Routes of black-outs: an emergency stop, everywhere or in one area."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.api import blackouts as acts
from services.api.http.paging import Cursor, Id, Limit, id_of
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.problems import documented
from shared.db import blackouts
from shared.db.blackouts import Record

router = APIRouter(tags=["blackouts"], responses=documented(401, 422))

# The farthest that is safe in every zone and in PostgreSQL; longer is meant for good.
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


class BlackoutView(BaseModel):
    id: int
    scope: Literal["tenant", "installation"] = Field(description="whose calls it stops")
    jurisdiction: str | None = Field(description="none: everywhere")
    starts_at: datetime
    ends_at: datetime | None = Field(description="none: until it is ended")
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, record: Record) -> "BlackoutView":
        return cls(
            id=record.id,
            scope="installation" if record.tenant_id is None else "tenant",
            jurisdiction=record.jurisdiction,
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            reason=record.reason,
            created_at=record.created_at,
        )


class BlackoutPage(BaseModel):
    blackouts: list[BlackoutView]
    next_cursor: str | None


@router.post("/blackouts", status_code=201, responses=documented(400, 413))
async def begin_blackout(
    new: NewBlackout, resources: In, caller: Authenticated, now: Now
) -> BlackoutView:
    """Nobody is called there in this span, by whatever campaign of the tenant.

    Contacts lose nothing: they wait, and go on when it is over.
    """
    return BlackoutView.of(
        await acts.begin(
            resources,
            caller,
            jurisdiction=new.jurisdiction,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            reason=new.reason,
            now=now,
        )
    )


@router.get("/blackouts")
async def list_blackouts(
    resources: In, caller: Authenticated, limit: Limit = 100, cursor: Cursor = None
) -> BlackoutPage:
    """Those that hold, held or will hold for the tenant, the last made first."""
    async with resources.pool.acquire() as conn:
        found = await blackouts.page(
            conn, tenant_id=caller.tenant_id, before=id_of(cursor), limit=limit
        )
    return BlackoutPage(
        blackouts=[BlackoutView.of(each) for each in found],
        next_cursor=str(found[-1].id) if len(found) == limit else None,
    )


@router.delete("/blackouts/{blackout_id}", status_code=204, responses=documented(404))
async def end_blackout(blackout_id: Id, resources: In, caller: Authenticated) -> None:
    """It ends now and stays in the list; one of the installation is ended by its operator."""
    await acts.end(resources, caller, blackout_id)
