"""Routes of suppressions: numbers that the tenant must not call, in one campaign or in all."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.api import suppressions
from services.api.http.paging import LARGEST_ID, Cursor, Limit, Page, View, cursor_of, text_of
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.contacts import RefusedRow
from services.api.native.problems import documented
from shared.db.api import suppressions as suppression_rows
from shared.db.api.suppressions import ALL_CAMPAIGNS

router = APIRouter(tags=["suppressions"], responses=documented(401, 422))

List = Annotated[
    int | None,
    Query(
        ge=1,
        le=LARGEST_ID,
        description="the list of this campaign; left out: that of all campaigns",
    ),
]
EXAMPLE = "number,reason,expires_at\n+12025550123,opt_out,2031-01-31T00:00:00Z\n"
CSV = {"text/csv": {"schema": {"type": "string"}, "example": EXAMPLE}}


class NewSuppression(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, StringConstraints(max_length=64)] = Field(
        description="international, with + and country code", examples=["+12025550123"]
    )
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
    ] = Field(examples=["opt_out"], pattern=r"^[^\x00]*$")
    campaign_id: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, description="left out: all campaigns"
    )
    expires_at: AwareDatetime | None = Field(default=None, description="left out: for good")


def _campaign(campaign_id: int) -> int | None:
    return None if campaign_id == ALL_CAMPAIGNS else campaign_id


class SuppressionView(View):
    number: str = Field(examples=["+12025550123"])
    reason: str = Field(examples=["opt_out"])
    campaign_id: Annotated[int | None, BeforeValidator(_campaign)] = Field(
        description="null: all campaigns"
    )
    expires_at: datetime | None = Field(description="null: for good")
    created_at: datetime


class SuppressionPage(Page):
    suppressions: list[SuppressionView]


class SuppressionReport(BaseModel):
    """Every row of the file is in exactly one of the three counts."""

    imported: int = Field(description="numbers that were not on the list")
    updated: int = Field(description="rows that gave a number on the list its reason and expiry")
    rejected: int = Field(description="rows with an error")
    errors: list[RefusedRow] = Field(description="the first 1,000")
    errors_truncated: bool


@router.post(
    "/suppressions",
    status_code=201,
    responses={
        200: {"model": SuppressionView, "description": "It was there and has these terms now."},
        **documented(400, 413),
    },
)
async def suppress_number(
    new: NewSuppression, response: Response, resources: In, caller: Authenticated, now: Now
) -> SuppressionView:
    """The number is not called from now on.

    Without an expiry its pending contacts are finished; with one they wait until then.
    """
    put = await suppressions.suppress(
        resources,
        caller,
        new.number,
        campaign_id=new.campaign_id,
        reason=new.reason,
        expires_at=new.expires_at,
        now=now,
    )
    response.status_code = 201 if put.is_new else 200
    return SuppressionView.of(put.suppression)


@router.get("/suppressions")
async def list_suppressions(
    resources: In,
    caller: Authenticated,
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    campaign_id: List = None,
) -> SuppressionPage:
    """Suppressions in force, in order of the numbers."""
    async with resources.pool.acquire() as conn:
        rows = await suppression_rows.page(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=await suppressions.named_list(conn, caller, campaign_id),
            after=text_of(cursor),
            limit=limit,
        )
    return SuppressionPage.of(rows, limit=limit, cursor_of=lambda row: cursor_of(row.number))


@router.delete("/suppressions/{number}", status_code=204, responses=documented(404))
async def lift_suppression(
    number: str, resources: In, caller: Authenticated, now: Now, campaign_id: List = None
) -> None:
    """Contacts that waited for its end may be called again; finished ones stay finished."""
    await suppressions.lift(resources, caller, number, campaign_id=campaign_id, now=now)


@router.post(
    "/suppressions/import",
    responses=documented(400, 408, 413, 503),
    openapi_extra={"requestBody": {"required": True, "content": CSV}},
)
async def import_suppressions(
    request: Request, resources: In, caller: Authenticated, now: Now, campaign_id: List = None
) -> SuppressionReport:
    """A file of any length, UTF-8, with a header, added to the list in one transaction.

    Columns: `number` (or `phone`, `phone_number`), international; `reason`, `imported` when there
    is none; `expires_at`, an instant with its offset, without it for good. Other columns
    are ignored. If a number comes twice, its last row counts.
    """
    async with resources.pool.acquire() as conn:
        await suppressions.named_list(conn, caller, campaign_id)
    async with resources.uploads.spooled(request, tenant_id=caller.tenant_id) as file:
        done = await suppressions.import_csv(
            resources, caller, file, campaign_id=campaign_id, now=now
        )
    first = done.errors.first
    return SuppressionReport(
        imported=done.imported,
        updated=done.updated,
        rejected=done.errors.count,
        errors=[RefusedRow.of(error) for error in first],
        errors_truncated=done.errors.count > len(first),
    )


@router.get(
    "/suppressions/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": CSV}},
)
async def export_suppressions(
    resources: In, caller: Authenticated, campaign_id: List = None
) -> StreamingResponse:
    """The suppressions of one list that are in force, as a file that can be imported again.

    An apostrophe precedes a reason that a spreadsheet would take for a formula.
    """
    return StreamingResponse(
        await suppressions.export_csv(resources, caller, campaign_id=campaign_id),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="suppressions.csv"'},
    )
