"""Routes of suppressions: numbers that the tenant must not call, in one campaign or in all."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.api import suppressions
from services.api.http.paging import LARGEST_ID, Page, View
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.file_reports import FATES, FileQuery, FileReport, fates_answer
from services.api.native.listing import Asked
from services.api.native.problems import documented
from services.api.native.slips import charset, refuse_other_than_csv
from shared.db.api import suppressions as suppression_rows
from shared.db.api.suppressions import ALL_CAMPAIGNS
from shared.intake.csv_suppressions import SUPPRESSION_COLUMNS

router = APIRouter(
    tags=["suppressions"], route_class=opened_by(CONTACTS), responses=documented(401, 403, 422)
)

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
FILE = {"text/csv": {"schema": {"type": "string", "format": "binary"}, "example": EXAMPLE}}


class NewSuppression(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, StringConstraints(max_length=256)] = Field(
        description="with + and country code, or national", examples=["+12025550123"]
    )
    country: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None,
        description="by ISO 3166-1 or by name: of a national number; left out: the campaign's",
        examples=["US"],
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


class SuppressionFileQuery(FileQuery):
    campaign_id: int | None = Field(
        default=None,
        ge=1,
        le=LARGEST_ID,
        description="the list of this campaign; left out: that of all campaigns",
    )
    default_region: str | None = Field(
        default=None,
        max_length=64,
        description="ISO 3166-1: the country of national numbers; left out: that of the campaign",
        examples=["US"],
    )


class SuppressionReport(FileReport):
    """Every row of the file is in exactly one of the three counts; one that may be two numbers
    counts for both.
    """

    imported: int = Field(description="numbers that were not on the list")
    updated: int = Field(description="rows that gave a number on the list its reason and expiry")


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
        country=new.country,
        campaign_id=new.campaign_id,
        reason=new.reason,
        expires_at=new.expires_at,
        now=now,
    )
    response.status_code = 201 if put.is_new else 200
    return SuppressionView.of(put.suppression)


@router.get("/suppressions", responses=documented(400))
async def list_suppressions(
    resources: In,
    caller: Authenticated,
    *,
    asked: Asked,
    campaign_id: List = None,
) -> SuppressionPage:
    """Suppressions in force, in order of the numbers."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await suppression_rows.page(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=await suppressions.named_list(conn, caller, campaign_id),
            after=asked.after(str),
            limit=asked.limit,
        )
    return asked.page(SuppressionPage, rows, lambda row: (row.number,))


@router.delete("/suppressions/{number}", status_code=204, responses=documented(404))
async def lift_suppression(
    number: str, resources: In, caller: Authenticated, now: Now, campaign_id: List = None
) -> None:
    """Contacts that waited for its end may be called again; finished ones stay finished."""
    await suppressions.lift(resources, caller, number, campaign_id=campaign_id, now=now)


@router.post(
    "/suppressions/import",
    response_model=SuppressionReport,
    dependencies=[Depends(refuse_other_than_csv)],
    responses={200: {"content": FATES}, **documented(400, 408, 413, 503)},
    openapi_extra={"requestBody": {"required": True, "content": FILE}},
)
async def import_suppressions(
    request: Request,
    resources: In,
    caller: Authenticated,
    now: Now,
    query: Annotated[SuppressionFileQuery, Query()],
) -> SuppressionReport | Response:
    """A file of any length, added to the list in one transaction; it may be packed by gzip.

    Fields: `number`; `country` of a national number; `reason`, `imported` when there is none;
    `expires_at`, an instant with its offset, without it for good. Their columns are recognised as
    those of contacts; other columns are ignored. A file without a header has one column that can
    be the number. If a number comes twice, its last row counts. A row is refused only if it
    has no number or is over. With a warning, a number that may be national or international is
    suppressed as both, and an expiry that cannot be read is none.
    """
    region = suppressions.known_region(query.default_region)
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        await suppressions.named_list(conn, caller, query.campaign_id)
    plain = query.reading(SUPPRESSION_COLUMNS, charset=charset(request))
    with query.telling(plain, resources) as reading:
        async with resources.uploads.spooled(request, tenant_id=caller.tenant_id) as file:
            done = await suppressions.import_csv(
                resources,
                caller,
                file,
                reading=reading,
                campaign_id=query.campaign_id,
                default_region=region,
                now=now,
            )
    if reading.fates:
        return fates_answer(reading.fates)
    return SuppressionReport.of(
        done.file, dry_run=query.dry_run, imported=done.imported, updated=done.updated
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
