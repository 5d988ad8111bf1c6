"""The route that imports a file of contacts, and its report."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field

from services.api import contact_files, imports, operations
from services.api.files import OnDuplicate, Reading, known_codec
from services.api.http.auth import Caller
from services.api.http.paging import Id, View
from services.api.http.resources import In, Now, Resources
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.file_reports import FATES, FileQuery, FileReport, fates_answer
from services.api.native.operations import OperationView
from services.api.native.problems import documented
from services.api.native.slips import charset, is_ndjson
from services.api.refusals import Refused
from shared.intake.csv_contacts import CONTACT_COLUMNS

router = APIRouter(
    tags=["contacts"], route_class=opened_by(CONTACTS), responses=documented(401, 403, 404, 422)
)

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string", "format": "binary"},
                "example": "number,zone,language\n+12025550123,America/New_York,en\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "format": "binary"},
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
    on_duplicate: OnDuplicate = Field(
        default="skip",
        description="of a row whose number the campaign or a row before has: skip it; update the "
        "contact with what the row says, while what it leaves empty stays; or refuse it",
    )

    def of(self, *, is_ndjson: bool, charset: str | None) -> Reading:
        if is_ndjson and known_codec(self.encoding or charset) not in (None, "utf-8"):
            raise Refused("unknown_encoding", "NDJSON is UTF-8", field=("encoding",))
        return replace(
            self.reading(CONTACT_COLUMNS, charset=charset),
            is_ndjson=is_ndjson,
            refuse_errors=self.on_error == "refuse",
            on_duplicate=self.on_duplicate,
        )


class DuplicateRow(View):
    line: int = Field(description="in the file, from 1")
    first_line: int | None = Field(
        description="the row of the same number that counts; null: the campaign had the number"
    )


class ImportReport(FileReport):
    """Every row of the file is in exactly one of the five counts."""

    imported: int = Field(description="new contacts that may be called")
    updated: int = Field(description="rows that gave a contact what they say")
    duplicates: int = Field(description="numbers that came before in the file or in the campaign")
    suppressed: int = Field(description="new contacts that are never called")
    duplicate_rows: list[DuplicateRow] = Field(description="the first 1,000")
    duplicate_rows_truncated: bool


@router.post(
    "/campaigns/{campaign_id}/contacts/import",
    response_model=ImportReport,
    responses={
        200: {"content": FATES},
        202: {"model": OperationView, "description": "It is imported as this operation."},
        **documented(400, 408, 409, 413, 503),
    },
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
    prefer: Annotated[
        str | None,
        Header(description="`respond-async`: import the file after the answer, which is 202"),
    ] = None,
) -> ImportReport | Response:
    """A file of any length, imported in one transaction; it may be packed by gzip.

    NDJSON is one contact per line, with the fields of the JSON list.

    Fields of CSV: `number`, `zone`, `postal_code`, `country`, `region`, `external_id`, `expires_at`
    (an instant with its offset; the contact is not called after it). Their columns are recognised
    by usual names in several languages, such as `Mobile Phone`, `Téléphone`, `Time Zone`, `PLZ`;
    if two can be the same field, say which. Every other column becomes an attribute. A damaged
    cell of an attribute or of `external_id` is left out with a warning; in all other fields it
    refuses its row, because the call could be wrong.

    With `Prefer: respond-async` the file is kept and imported as an operation, in batches, which
    goes on although an api dies: the way for large files. `format` does not matter then.
    """
    await imports.check_open(resources, caller, campaign_id)
    plain = query.of(is_ndjson=ndjson, charset=charset(request))
    if _is_asynchronous(prefer):
        return await _begin(campaign_id, request, resources, caller, plain)
    with query.telling(plain, resources) as reading:
        async with resources.uploads.spooled(request, tenant_id=caller.tenant_id) as file:
            done = await contact_files.import_file(
                resources, caller, campaign_id, file, reading=reading, now=now
            )
    if reading.fates:
        return fates_answer(reading.fates)
    return ImportReport.of(
        done.file,
        dry_run=query.dry_run,
        imported=done.imported,
        updated=done.updated,
        duplicates=done.duplicates,
        suppressed=done.suppressed,
        duplicate_rows=[DuplicateRow.of(row) for row in done.duplicate_rows],
        duplicate_rows_truncated=done.duplicates > len(done.duplicate_rows),
    )


def _is_asynchronous(prefer: str | None) -> bool:
    """Whether the header Prefer (RFC 7240) has `respond-async`."""
    choices = (prefer or "").replace(";", ",").split(",")
    return "respond-async" in (choice.strip().lower() for choice in choices)


async def _begin(
    campaign_id: int, request: Request, resources: Resources, caller: Caller, reading: Reading
) -> Response:
    async with resources.uploads.spooled(request, tenant_id=caller.tenant_id) as file:
        begun = await operations.begin(resources, caller, campaign_id, file, reading=reading)
    return Response(
        OperationView.of(begun).model_dump_json(),
        202,
        headers={
            "Location": f"/v1/operations/{begun.id}",
            "Preference-Applied": "respond-async",
        },
        media_type="application/json",
    )
