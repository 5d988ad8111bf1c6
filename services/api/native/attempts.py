"""Routes of attempts: when each was what, and how it ended."""

from uuid import UUID

from fastapi import APIRouter

from services.api import campaigns as campaign_acts
from services.api.http.paging import Cursor, Id, Limit, uuid_of
from services.api.http.resources import In
from services.api.native.auth import Authenticated
from services.api.native.models import AttemptPage, AttemptView
from services.api.native.problems import documented
from services.api.refusals import not_found
from shared.db.api import attempt_records, contacts

router = APIRouter(tags=["attempts"], responses=documented(401, 404, 422))


@router.get("/campaigns/{campaign_id}/attempts")
async def list_attempts(
    campaign_id: Id, resources: In, caller: Authenticated, limit: Limit = 100, cursor: Cursor = None
) -> AttemptPage:
    """Oldest first."""
    async with resources.pool.acquire() as conn:
        await campaign_acts.owned(conn, caller, campaign_id)
        found = await attempt_records.page(conn, campaign_id, after=uuid_of(cursor), limit=limit)
    return AttemptPage(
        attempts=[AttemptView.of(attempt) for attempt in found],
        next_cursor=str(found[-1].id) if len(found) == limit else None,
    )


@router.get("/contacts/{contact_id}/attempts")
async def list_attempts_of_contact(
    contact_id: Id, resources: In, caller: Authenticated
) -> AttemptPage:
    """Oldest first; all of them, up to the last 1,000."""
    async with resources.pool.acquire() as conn:
        if await contacts.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id) is None:
            raise not_found()
        found = await attempt_records.of_contact(conn, contact_id)
    return AttemptPage(attempts=[AttemptView.of(each) for each in found], next_cursor=None)


@router.get("/attempts/{attempt_id}")
async def read_attempt(attempt_id: UUID, resources: In, caller: Authenticated) -> AttemptView:
    async with resources.pool.acquire() as conn:
        attempt = await attempt_records.get(conn, tenant_id=caller.tenant_id, attempt_id=attempt_id)
    if attempt is None:
        raise not_found()
    return AttemptView.of(attempt)
