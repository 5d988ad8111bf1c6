"""The route that imports a file of contacts, and its report."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from services.api import contact_files, imports
from services.api.http.paging import Id, View
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.file_reports import FATES, FileQuery, FileReport, fates_answer
from services.api.native.problems import documented
from services.api.native.slips import charset, is_ndjson
from shared.intake.csv_contacts import CONTACT_COLUMNS

router = APIRouter(
    tags=["contacts"], route_class=opened_by(CONTACTS), responses=documented(401, 403, 404, 422)
)

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "number,zone,language\n+12025550123,America/New_York,en\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"number": "+12025550123", "attributes": {"language": "en"}}\n',
            },
        },
    }
}


class ContactFileQuery(FileQuery):
    on_error: Literal["keep", "refuse"] = Field(
        default="keep",
        description="keep the good rows, or refuse the whole file for one refused row",
    )


class DuplicateRow(View):
    line: int = Field(description="in the file, from 1")
    first_line: int | None = Field(
        description="the row of the same number that counts; null: the campaign had the number"
    )


class ImportReport(FileReport):
    """Every row of the file is in exactly one of the four counts."""

    imported: int = Field(description="new contacts that may be called")
    duplicates: int = Field(description="numbers that came before in the file or in the campaign")
    suppressed: int = Field(description="new contacts that are never called")
    duplicate_rows: list[DuplicateRow] = Field(description="the first 1,000")
    duplicate_rows_truncated: bool


@router.post(
    "/campaigns/{campaign_id}/contacts/import",
    response_model=ImportReport,
    responses={200: {"content": FATES}, **documented(400, 408, 409, 413, 503)},
    openapi_extra=FILE_BODY,
)
async def import_contacts(
    campaign_id: Id,
    request: Request,
    resources: In,
    caller: Authenticated,
    now: Now,
    *,
    ndjson: Annotated[bool, Depends(is_ndjson)],
    query: Annotated[ContactFileQuery, Query()],
) -> ImportReport | Response:
    """A file of any length, imported in one transaction; it may be packed by gzip.

    NDJSON is one contact per line, with the fields of the JSON list.

    Fields of CSV: `number`, `zone`, `postal_code`, `country`, `region`, `external_id`, `expires_at`
    (an instant with its offset; the contact is not called after it). Their columns are recognised
    by usual names in several languages, such as `Mobile Phone`, `Téléphone`, `Time Zone`, `PLZ`;
    if two can be the same field, say which. Every other column becomes an attribute. A damaged
    cell of an attribute or of `external_id` is left out with a warning; in all other fields it
    refuses its row, because the call could be wrong.
    """
    await imports.check_open(resources, caller, campaign_id)
    with query.reading(
        resources, CONTACT_COLUMNS, charset=charset(request), is_ndjson=ndjson
    ) as reading:
        async with resources.uploads.spooled(request, tenant_id=caller.tenant_id) as file:
            done = await contact_files.import_file(
                resources,
                caller,
                campaign_id,
                file,
                reading=reading,
                refuse_errors=query.on_error == "refuse",
                now=now,
            )
    if reading.fates:
        return fates_answer(reading.fates)
    return ImportReport.of(
        done.file,
        dry_run=query.dry_run,
        imported=done.imported,
        duplicates=done.duplicates,
        suppressed=done.suppressed,
        duplicate_rows=[DuplicateRow.of(row) for row in done.duplicate_rows],
        duplicate_rows_truncated=done.duplicates > len(done.duplicate_rows),
    )
