"""Routes of single contacts: find, change and delete them."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from pydantic import AwareDatetime, Field

from services.api import contact_edits
from services.api.http.etags import IfMatch, Shown
from services.api.http.json_bodies import media_type
from services.api.http.paging import LARGEST_ID, Id, Number, Text, e164_of
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.contacts import ContactPage, ContactParts, ContactView, OtherNumbers
from services.api.native.following import AskedToFollow
from services.api.native.patches import MERGE_PATCH
from services.api.native.problems import documented
from services.api.refusals import Refused
from shared.db.api import added
from shared.db.api import contact_edits as contact_edit_rows

router = APIRouter(
    tags=["contacts"], route_class=opened_by(CONTACTS), responses=documented(401, 403, 422)
)


class ContactEdit(ContactParts):
    """Parts that are given replace those of the contact; null removes one."""

    number: str = Field(default="", max_length=256, examples=["+12025550123"])
    numbers: OtherNumbers = None
    expires_at: AwareDatetime | None = Field(
        default=None,
        description="the contact is not called after this",
        examples=["2031-01-31T00:00:00Z"],
    )


@router.get("/contacts", responses=documented(400))
async def find_contacts(
    resources: In,
    caller: Authenticated,
    asked: AskedToFollow,
    *,
    number: Annotated[Number, Query(examples=["+12025550123"])] = None,
    external_id: Annotated[Text | None, Query(examples=["A1"])] = None,
    campaign_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> ContactPage:
    """The contacts of all campaigns, newest first: all, or by number, external id or both.

    `campaign_id` narrows a search; `/v1/campaigns/{campaign_id}/contacts` lists one campaign.
    """
    is_search = number is not None or external_id is not None
    if campaign_id is not None and not is_search:
        raise Refused("missing", "give a number or an external_id, too", field=("campaign_id",))
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        if asked.follows:
            return await asked.followed(conn, ContactPage, added.CONTACTS)
        if not is_search:
            rows = await contact_edit_rows.newest(
                conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
            )
            return asked.page(ContactPage, rows)
        rows = await contact_edit_rows.find(
            conn,
            tenant_id=caller.tenant_id,
            number=e164_of(number),
            external_id=external_id,
            campaign_id=campaign_id,
            before=asked.after(int),
            limit=asked.limit,
        )
    return asked.page(ContactPage, rows)


@router.patch("/contacts/{contact_id}", responses=documented(400, 404, 409, 412, 413))
async def edit_contact(
    contact_id: Id,
    edit: Annotated[ContactEdit, Body(examples=[{"attributes": {"language": "es"}}])],
    request: Request,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    seen: IfMatch,
    show: Shown,
) -> ContactView:
    """Replace parts of a contact. A merge patch (RFC 7396) changes inside its attributes, too.

    With a number, a list of numbers, a zone, a postal code, a country or a region the contact is
    read anew, as an import would read it: by these parts, and no place that it had before. It must
    be pending then, and the suppressions of its numbers hold for it. `numbers` replaces the further
    numbers as a whole; a number that stays keeps its turn, and is still passed over if it was.
    """
    changed = await contact_edits.edit(
        resources,
        caller,
        contact_id,
        {name: getattr(edit, name) for name in edit.model_fields_set},
        merge=media_type(request) == MERGE_PATCH,
        seen=seen,
        now=now,
    )
    return show(ContactView, changed)


@router.delete("/contacts/{contact_id}", status_code=204, responses=documented(404, 409, 412))
async def delete_contact(
    contact_id: Id, resources: In, caller: Authenticated, seen: IfMatch
) -> None:
    """Delete a contact that is not being called, in a campaign in any state.

    The campaign no longer counts it. Attempts and calls that were made stay, and count as before.
    """
    await contact_edits.delete(resources, caller, contact_id, seen=seen)
