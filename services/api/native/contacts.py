"""Routes of contacts: add and read them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Query
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Json,
    WithJsonSchema,
    field_validator,
)

from services.api import campaigns, imports
from services.api.http.etags import Shown
from services.api.http.paging import FollowablePage, Id, View
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from services.api.refusals import not_found
from shared.db.api import contacts
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.places.numbers import Numbers
from shared.domain.policy.contact_numbers import MOST_NUMBERS
from shared.domain.reasons import WAITS, Reason
from shared.intake.csv_file import LONGEST_CELL
from shared.intake.json_contacts import DEEPEST, is_storable
from shared.intake.remedies import REMEDIES

router = APIRouter(
    tags=["contacts"], route_class=opened_by(CONTACTS), responses=documented(401, 403, 404, 422)
)


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
    attempts: int = Field(
        description="attempts that ended and were placed; one under way is not counted, see `state`"
    )
    not_before: datetime | None
    waits_for: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(WAITS)})] | None = (
        Field(description="why the contact is or was not due")
    )
    expires_at: datetime | None = Field(description="the contact is not called after this")
    numbers: list[str] = Field(description="further numbers, in the order in which they are tried")
    next_number: str = Field(
        description="the number that is called next, or was called last; zones and jurisdictions "
        "are its own",
        examples=["+12025550123"],
    )


class ContactPage(FollowablePage):
    contacts: list[ContactView]


OtherNumber = Annotated[str, Field(min_length=1, max_length=256)]
OtherNumbers = Annotated[
    list[OtherNumber] | None,
    Field(
        max_length=MOST_NUMBERS - 1,
        description="further numbers of the person, tried in order after `number`, within the "
        "attempts of the campaign; one at which nobody is ever reached is passed over",
        examples=[["+12025550124"]],
    ),
]


class ContactParts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    zone: str | None = Field(default=None, max_length=64, examples=["America/New_York"])
    postal_code: str | None = Field(default=None, max_length=64, examples=["33101"])
    country: str | None = Field(
        default=None,
        max_length=64,
        description="by ISO 3166-1 or by name; left out: the country of the number",
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

    @field_validator("external_id", "attributes")
    @classmethod
    def _is_storable(cls, value: object) -> object:
        if not is_storable(value):
            raise ValueError(
                f"must be JSON without NUL characters, 64-bit, at most {DEEPEST} levels deep"
            )
        if len(orjson.dumps(value)) > LONGEST_CELL:
            raise ValueError("must not be longer than 64 KiB")
        return value


class NewContact(ContactParts):
    number: str = Field(max_length=256, examples=["+12025550123"])
    numbers: OtherNumbers = None
    expires_at: str | None = Field(
        default=None,
        max_length=64,
        description="an instant with its offset; the contact is not called after it",
        examples=["2031-01-31T00:00:00Z"],
    )


class ListedContact(NewContact):
    client_token: str | None = Field(
        default=None,
        max_length=256,
        description="any text of yours, which the result of this contact repeats; it is not kept",
        examples=["row-17"],
    )

    def entry(self) -> imports.Entry:
        fields = dict(self)
        del fields["client_token"]
        return imports.Entry(**fields | {"numbers": self.numbers or ()})


class AddedContact(BaseModel):
    index: int = Field(description="index in the list that was sent, from 0")
    client_token: str | None = None
    result: Literal["imported", "duplicate", "suppressed", "rejected"]
    id: int | None = None
    field: str | None = None
    reason: str | None = None
    remedy: str | None = Field(default=None, description="the way to mend it, for people")


class AddedContacts(BaseModel):
    imported: int
    duplicates: int
    suppressed: int
    rejected: int
    results: list[AddedContact]


@router.post(
    "/campaigns/{campaign_id}/contacts",
    responses=documented(400, 409, 413),
)
async def add_contacts(
    campaign_id: Id,
    entries: Annotated[list[ListedContact], Body(min_length=1, max_length=1000)],
    resources: In,
    caller: Authenticated,
    now: Now,
    *,
    numbers: Annotated[
        Numbers | None,
        Query(
            description="numbers without + are national, or international; left out: a number "
            "that may be both is rejected as ambiguous"
        ),
    ] = None,
) -> AddedContacts:
    """Up to 1,000 contacts at once. Valid entries are added; each has a result, by its index."""
    values = [entry.entry() for entry in entries]
    added = await imports.add(resources, caller, campaign_id, values, numbers=numbers, now=now)
    results = [
        AddedContact(
            index=index,
            client_token=sent.client_token,
            result=entry.result,
            id=entry.contact_id,
            field=entry.fault.field if entry.fault else None,
            reason=entry.fault.reason if entry.fault else None,
            remedy=REMEDIES[entry.fault.reason] if entry.fault else None,
        )
        for index, (sent, entry) in enumerate(zip(entries, added, strict=True))
    ]
    kinds = [entry.result for entry in added]
    return AddedContacts(
        imported=kinds.count("imported"),
        duplicates=kinds.count("duplicate"),
        suppressed=kinds.count("suppressed"),
        rejected=kinds.count("rejected"),
        results=results,
    )


@router.get("/campaigns/{campaign_id}/contacts", responses=documented(400))
async def list_contacts(
    campaign_id: Id,
    resources: In,
    caller: Authenticated,
    *,
    asked: Asked,
    state: Annotated[ContactState | None, Query()] = None,
) -> ContactPage:
    """Contacts in order of their numbers."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await campaigns.owned(conn, caller, campaign_id)
        rows = await contacts.page(
            conn,
            caller.campaign(campaign_id),
            state=state,
            after=asked.after(_number_and_id),
            limit=asked.limit,
        )
    return asked.page(ContactPage, rows, lambda row: (row.number, row.id))


def _number_and_id(number: str, contact_id: int = 0) -> tuple[str, int]:
    return number, contact_id


@router.get("/contacts/{contact_id}", responses=UNCHANGED)
async def read_contact(
    contact_id: Id, resources: In, caller: Authenticated, show: Shown
) -> ContactView:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        contact = await contacts.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id)
    if contact is None:
        raise not_found("contact")
    return show(ContactView, contact)
