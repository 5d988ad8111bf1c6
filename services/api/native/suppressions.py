"""Routes of suppressions: numbers that the tenant must not call."""

from fastapi import APIRouter, Response

from services.api import suppressions as acts
from services.api.auth import Authenticated
from services.api.native.models import NewSuppression, SuppressionPage, SuppressionView
from services.api.native.pages import Cursor, Limit, cursor_of, text_of
from services.api.problems import documented
from services.api.resources import In
from shared.db import suppressions

router = APIRouter(tags=["suppressions"], responses=documented(401, 422))


@router.post(
    "/suppressions",
    status_code=201,
    responses={
        200: {"model": SuppressionView, "description": "It was there."},
        **documented(400, 413),
    },
)
async def suppress_number(
    new: NewSuppression, response: Response, resources: In, caller: Authenticated
) -> SuppressionView:
    """No campaign of the tenant calls the number from now on; its pending contacts are finished."""
    done = await acts.suppress(resources, caller, new.number, reason=new.reason)
    response.status_code = 201 if done.is_new else 200
    return SuppressionView.of(done.suppression)


@router.get("/suppressions")
async def list_suppressions(
    resources: In, caller: Authenticated, limit: Limit = 100, cursor: Cursor = None
) -> SuppressionPage:
    """In order of the numbers."""
    async with resources.pool.acquire() as conn:
        found = await suppressions.page(
            conn, tenant_id=caller.tenant_id, after=text_of(cursor), limit=limit
        )
    return SuppressionPage(
        suppressions=[SuppressionView.of(each) for each in found],
        next_cursor=cursor_of(found[-1].number) if len(found) == limit else None,
    )


@router.delete("/suppressions/{number}", status_code=204, responses=documented(404))
async def lift_suppression(number: str, resources: In, caller: Authenticated) -> None:
    """New contacts with the number may be called again; finished ones stay finished."""
    await acts.lift(resources, caller, number)
