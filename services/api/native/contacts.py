"""Routes of contacts: add, import and read them."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field, Json, WithJsonSchema, field_validator

from services.api import campaigns, imports
from services.api.http.paging import LARGEST_ID, Cursor, Id, Limit, Page, View, id_of
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.problems import documented
from services.api.refusals import not_found
from shared.db.api import contacts
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import WAITS, Reason
from shared.intake.csv_file import LONGEST_CELL

router = APIRouter(tags=["contacts"], responses=documented(401, 404, 422))

# Attributes are a flat record of a person; more depth than they need.
DEEPEST = 8

CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "number,zone,language\n+12025550123,America/New_York,en\n",
            }
        },
    }
}


class ContactView(View):
    id: int
    campaign_id: int
    number: str = Field(examples=["+12025550123"])
    external_id: str | None
    attributes: Json[dict[str, Any]] | None
    zones: list[str] = Field(description="all must be open; empty: the contact is never called")
    zone_source: Literal["contact", "postal_code", "number", "campaign", "unknown"]
    jurisdictions: list[str] = Field(description="whose rules hold", examples=[["US-FL"]])
    jurisdiction_source: str = Field(examples=["postal_code+number"])
    state: ContactState
    outcome: Outcome | None
    attempts: int
    not_before: datetime | None
    waits_for: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(WAITS)})] | None = (
        Field(description="why the contact is or was not due")
    )
    expires_at: datetime | None = Field(description="the contact is not called after this")


class ContactPage(Page):
    contacts: list[ContactView]


class NewContact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: str = Field(max_length=256, examples=["+12025550123"])
    zone: str | None = Field(default=None, max_length=64, examples=["America/New_York"])
    postal_code: str | None = Field(default=None, max_length=64, examples=["33101"])
    country: str | None = Field(
        default=None,
        max_length=64,
        description="ISO 3166-1; left out: the country of the number",
        examples=["US"],
    )
    region: str | None = Field(
        default=None,
        max_length=64,
        description="state, province or nation: by ISO 3166-2, with or without country, or by name",
        examples=["FL"],
    )
    external_id: str | None = Field(default=None, max_length=256, examples=["A1"])
    attributes: dict[str, Any] | None = Field(default=None, examples=[{"language": "en"}])
    expires_at: str | None = Field(
        default=None,
        max_length=64,
        description="an instant with its offset; the contact is not called after it",
        examples=["2031-01-31T00:00:00Z"],
    )

    @field_validator("external_id", "attributes")
    @classmethod
    def is_storable(cls, value: object) -> object:
        if not _is_storable(value, depth=0):
            raise ValueError(
                f"must be JSON without NUL characters, 64-bit, at most {DEEPEST} levels deep"
            )
        if len(orjson.dumps(value)) > LONGEST_CELL:
            raise ValueError("must not be longer than 64 KiB")
        return value


class AddedContact(BaseModel):
    index: int = Field(description="index in the list that was sent, from 0")
    result: Literal["imported", "duplicate", "suppressed", "rejected"]
    id: int | None = None
    field: str | None = None
    reason: str | None = None


class AddedContacts(BaseModel):
    imported: int
    duplicates: int
    suppressed: int
    rejected: int
    results: list[AddedContact]


class RefusedRow(View):
    line: int = Field(description="in the file, from 1")
    field: str | None
    reason: str = Field(examples=["too_short"])


class ImportReport(BaseModel):
    """Every row of the file is in exactly one of the four counts."""

    imported: int = Field(description="new contacts that may be called")
    duplicates: int = Field(description="numbers that came before in the file or in the campaign")
    suppressed: int = Field(description="new contacts that are never called")
    rejected: int = Field(description="rows with an error")
    errors: list[RefusedRow] = Field(description="the first 1,000")
    errors_truncated: bool


@router.post(
    "/campaigns/{campaign_id}/contacts",
    responses=documented(400, 409, 413),
)
async def add_contacts(
    campaign_id: Id,
    entries: Annotated[list[NewContact], Body(min_length=1, max_length=1000)],
    resources: In,
    caller: Authenticated,
    now: Now,
) -> AddedContacts:
    """Valid entries are added; the results are in the order of the entries."""
    values = [imports.Entry(**dict(entry)) for entry in entries]
    added = await imports.add(resources, caller, campaign_id, values, now=now)
    results = [
        AddedContact(
            index=index,
            result=entry.result,
            id=entry.contact_id,
            field=entry.fault.field if entry.fault else None,
            reason=entry.fault.reason if entry.fault else None,
        )
        for index, entry in enumerate(added)
    ]
    kinds = [entry.result for entry in added]
    return AddedContacts(
        imported=kinds.count("imported"),
        duplicates=kinds.count("duplicate"),
        suppressed=kinds.count("suppressed"),
        rejected=kinds.count("rejected"),
        results=results,
    )


@router.post(
    "/campaigns/{campaign_id}/contacts/import",
    responses=documented(400, 408, 409, 413, 503),
    openapi_extra=CSV_BODY,
)
async def import_contacts(
    campaign_id: Id,
    request: Request,
    resources: In,
    caller: Authenticated,
    now: Now,
    *,
    on_error: Annotated[
        Literal["keep", "refuse"],
        Query(description="keep the good rows, or refuse the whole file for one bad row"),
    ] = "keep",
    delimiter: Annotated[
        Literal[",", ";", "\t", "|"] | None, Query(description="left out: detected from the header")
    ] = None,
) -> ImportReport:
    """A file of any length, UTF-8, with a header.

    Columns: `number` (or `phone`, `phone_number`), `zone` (or `timezone`), `postal_code` (or
    `postcode`, `zip`, `zip_code`), `country`, `region` (or `state`, `province`), `external_id`,
    `expires_at` (an instant with its offset; the contact is not called after it);
    every other column becomes an attribute. It is imported in one transaction.
    """
    await imports.check_open(resources, caller, campaign_id)
    async with resources.uploads.spooled(request, tenant_id=caller.tenant_id) as file:
        done = await imports.import_csv(
            resources,
            caller,
            campaign_id,
            file,
            delimiter=delimiter,
            refuse_errors=on_error == "refuse",
            now=now,
        )
    first = done.errors.first
    return ImportReport(
        imported=done.imported,
        duplicates=done.duplicates,
        suppressed=done.suppressed,
        rejected=done.errors.count,
        errors=[RefusedRow.of(error) for error in first],
        errors_truncated=done.errors.count > len(first),
    )


@router.get("/campaigns/{campaign_id}/contacts")
async def list_contacts(
    campaign_id: Id,
    resources: In,
    caller: Authenticated,
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    state: Annotated[ContactState | None, Query()] = None,
) -> ContactPage:
    """Contacts in order of their numbers."""
    async with resources.pool.acquire() as conn:
        await campaigns.owned(conn, caller, campaign_id)
        rows = await contacts.page(
            conn, caller.campaign(campaign_id), state=state, after=id_of(cursor), limit=limit
        )
    return ContactPage.of(rows, limit=limit)


@router.get("/contacts/{contact_id}")
async def read_contact(contact_id: Id, resources: In, caller: Authenticated) -> ContactView:
    async with resources.pool.acquire() as conn:
        contact = await contacts.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id)
    if contact is None:
        raise not_found()
    return ContactView.of(contact)


def _is_storable(value: object, *, depth: int) -> bool:
    """Whether PostgreSQL can store the value and every reader gets the same value back."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= mark <= "\udfff" for mark in value)
    if isinstance(value, int):
        return -LARGEST_ID <= value <= LARGEST_ID
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | dict):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return depth < DEEPEST and all(_is_storable(part, depth=depth + 1) for part in inside)
    return value is None
