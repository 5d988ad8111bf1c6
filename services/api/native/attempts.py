"""Routes of attempts: their states, times and outcomes."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.api import campaigns
from services.api.http.etags import Shown
from services.api.http.paging import Id, Page, View
from services.api.http.resources import In
from services.api.native.auth import CALLS, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from services.api.refusals import not_found
from shared.db.api import attempt_records, contacts
from shared.domain.attempts import AttemptState
from shared.domain.outcomes import Outcome

router = APIRouter(
    tags=["attempts"], route_class=opened_by(CALLS), responses=documented(401, 403, 404, 422)
)


class AttemptView(View):
    id: UUID
    campaign_id: int
    contact_id: int
    number: int = Field(description="which attempt at the contact this is, from 1")
    state: AttemptState
    outcome: Outcome | None
    reason: str | None = Field(description="why it was dropped, or why its end is unknown")
    claimed_at: datetime
    window_closes_at: datetime
    dialing_at: datetime | None
    placed_at: datetime | None
    ended_at: datetime | None
    tzdata_version: str = Field(description="of the zone data in force", examples=["2026b"])
    provider_call_id: str | None


class AttemptPage(Page):
    attempts: list[AttemptView]


@router.get("/campaigns/{campaign_id}/attempts", responses=documented(400))
async def list_attempts(
    campaign_id: Id, resources: In, caller: Authenticated, asked: Asked
) -> AttemptPage:
    """Oldest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await campaigns.owned(conn, caller, campaign_id)
        rows = await attempt_records.page(
            conn, caller.campaign(campaign_id), after=asked.after(UUID), limit=asked.limit
        )
    return asked.page(AttemptPage, rows)


@router.get("/contacts/{contact_id}/attempts")
async def list_attempts_of_contact(
    contact_id: Id, resources: In, caller: Authenticated
) -> AttemptPage:
    """Oldest first; all of them, up to the last 1,000."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        if await contacts.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id) is None:
            raise not_found("contact")
        rows = await attempt_records.of_contact(
            conn, tenant_id=caller.tenant_id, contact_id=contact_id
        )
    return AttemptPage(attempts=[AttemptView.of(row) for row in rows], next_cursor=None)


@router.get("/attempts/{attempt_id}", responses=UNCHANGED)
async def read_attempt(
    attempt_id: UUID, resources: In, caller: Authenticated, show: Shown
) -> AttemptView:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        attempt = await attempt_records.get(conn, tenant_id=caller.tenant_id, attempt_id=attempt_id)
    if attempt is None:
        raise not_found("attempt")
    return show(AttemptView, attempt)
