"""SmartAlex's routes of a campaign's people: add contacts, list the callbacks that are owed."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from services.api import imports
from services.api.dialects.smartalex.errors import Code, refused
from services.api.dialects.smartalex.routes import (
    CONTACTS,
    CampaignId,
    Json,
    PageQuery,
    instant,
    listed,
    not_found_as,
    one,
    opened_by,
    person_of,
)
from services.api.dialects.smartalex.settings import Stored
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Now
from services.api.imports import Added
from shared.db import counters
from shared.db.api import numbered_pages
from shared.db.api.numbered_pages import NumberedCampaign, PendingCallback
from shared.definitions.base import Definition
from shared.dialects.smartalex import Kind, call_outcome, spelled
from shared.domain.reasons import Reason
from shared.intake.remedies import REMEDIES

MOST_CONTACTS = 1_000
Text = Annotated[str, Field(max_length=256), Stored]

router = APIRouter(route_class=opened_by(CONTACTS))


class NewContact(Definition):
    phone: Annotated[str, Field(max_length=256)]
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    company: Text | None = None

    def entry(self) -> imports.Entry:
        """Everything but the number is a variable of the call."""
        attributes = self.model_dump(exclude={"phone"}, exclude_none=True)
        return imports.Entry(number=self.phone, attributes=attributes or None)


class NewContacts(Definition):
    contacts: Annotated[list[NewContact], Field(min_length=1, max_length=MOST_CONTACTS)]


@router.post("/campaigns/{campaign_id}/contacts", status_code=201)
async def add_contacts(
    campaign_id: CampaignId, new: NewContacts, resources: In, caller: Authenticated, now: Now
) -> Json:
    """Valid contacts are added; the others are listed by their index. A number is added once."""
    entries = [contact.entry() for contact in new.contacts]
    with not_found_as(Code.CAMPAIGN_NOT_FOUND):
        added = await imports.add(resources, caller, campaign_id, entries, now=now)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        values = await counters.of_campaign(conn, caller.campaign(campaign_id))
    results = [entry.result for entry in added]
    return one(
        {
            "added": results.count("imported"),
            "duplicates": results.count("duplicate"),
            "invalid": results.count("rejected"),
            "dnc": results.count("suppressed"),
            "total_contacts": values.get(counters.CONTACTS, 0),
            "errors": [
                _error(index, entry) for index, entry in enumerate(added) if entry.fault is not None
            ],
        }
    )


def _error(index: int, entry: Added) -> Json:
    """The number itself is not repeated: it is known by its index."""
    reason = "" if entry.fault is None else entry.fault.reason
    return {"index": index, "code": reason, "message": REMEDIES[reason]}


@router.get("/campaigns/{campaign_id}/callbacks")
async def list_callbacks(
    campaign_id: CampaignId,
    resources: In,
    caller: Authenticated,
    query: Annotated[PageQuery, Query()],
) -> Json:
    """The earliest first: retries that are owed, and calls that people asked for."""
    key = caller.campaign(campaign_id)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await numbered_pages.campaign(conn, key)
        if campaign is None:
            raise refused(Code.CAMPAIGN_NOT_FOUND)
        rows = await numbered_pages.callbacks(conn, key, query.number)
        total = await numbered_pages.count_callbacks(conn, key)
    return listed([_callback(campaign, row) for row in rows], total, query)


def _callback(found: NumberedCampaign, row: PendingCallback) -> Json:
    attempts = found.campaign.definition.attempts
    rule = None if row.last_outcome is None else attempts.retry.get(row.last_outcome)
    most = (rule and rule.max_attempts) or attempts.max_total
    asked = row.waits_for == Reason.CALLBACK
    return {
        "id": spelled(Kind.CALLBACK, row.contact_id),
        "campaign_id": spelled(Kind.CAMPAIGN, found.campaign.id),
        "contact": {**person_of(row.contact_id, row.attributes), "phone": row.number},
        "type": "customer_requested" if asked else "retry",
        "original_outcome": row.last_outcome and str(call_outcome(row.last_outcome)),
        # Retry 2 of 3 follows two calls.
        "attempt": row.attempts,
        "max_attempts": most - 1,
        "scheduled_at": instant(row.at),
        "agent_id": None if found.agent_id is None else spelled(Kind.AGENT, found.agent_id),
        "notes": None,
        "status": "pending",
    }
