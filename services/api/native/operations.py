"""Routes of operations: work that goes on after its request, as imports and erasures do."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.api import operations
from services.api.http.paging import LARGEST_ID, FollowablePage, Id, View
from services.api.http.resources import In
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.file_reports import FATES, ColumnView
from services.api.native.following import AskedToFollow
from services.api.native.problems import FieldError, documented
from shared.db.api import added
from shared.db.api import operations as operation_rows
from shared.db.api.operations import OperationKind, OperationState

router = APIRouter(
    route_class=opened_by(CONTACTS), tags=["operations"], responses=documented(401, 403, 422)
)


class OperationCounts(View):
    """Every row of the file that was read is in exactly one of the first five counts."""

    imported: int = Field(description="new contacts that may be called")
    updated: int = Field(description="rows that gave a contact what they say")
    duplicates: int = Field(description="numbers that came before in the file or in the campaign")
    suppressed: int = Field(description="new contacts that are never called")
    rejected: int = Field(description="rows with an error")
    warnings: int = Field(description="columns and cells that were passed over; their rows count")


class OperationProblem(View):
    code: str = Field(description="stable code", examples=["unreadable_file"])
    detail: str
    errors: list[FieldError] = Field(description="the first 100; `rows` has all")


class Erased(View):
    contacts: int
    attempts: int
    calls: int
    messages: int = Field(description="text messages")


class OperationView(View):
    id: int = Field(examples=[17])
    kind: OperationKind
    campaign_id: int | None = Field(description="null: an erasure, which is of all campaigns")
    state: OperationState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    bytes_read: int = Field(description="of the file, unpacked")
    bytes_total: int
    counts: OperationCounts = Field(
        description="of the rows that are committed; of a dry run, those that would be"
    )
    columns: list[ColumnView] = Field(description="each column of a CSV file, in order")
    problem: OperationProblem | None = Field(description="why it failed")
    waits_for: str | None = Field(
        description="of an erasure that goes on after it: `import`, `call`, `message`, `event` or "
        "`edit`; it looks again each second"
    )
    erased: Erased | None = Field(description="of an erasure that is completed: rows that are gone")


class OperationPage(FollowablePage):
    operations: list[OperationView]


@router.get("/operations", responses=documented(400))
async def list_operations(
    resources: In,
    caller: Authenticated,
    asked: AskedToFollow,
    *,
    kind: Annotated[OperationKind | None, Query()] = None,
    state: Annotated[OperationState | None, Query()] = None,
    campaign_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> OperationPage:
    """Newest first."""
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        if asked.follows:
            return await asked.followed(conn, OperationPage, added.OPERATIONS)
        rows = await operation_rows.page(
            conn,
            tenant_id=caller.tenant_id,
            kind=kind,
            state=state,
            campaign_id=campaign_id,
            before=asked.after(int),
            limit=asked.limit,
        )
    return asked.page(OperationPage, rows)


@router.get("/operations/{operation_id}", responses=documented(404))
async def read_operation(operation_id: Id, resources: In, caller: Authenticated) -> OperationView:
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        return OperationView.of(await operations.owned(conn, caller, operation_id))


@router.post("/operations/{operation_id}/cancel", responses=documented(404, 409))
async def cancel_operation(operation_id: Id, resources: In, caller: Authenticated) -> OperationView:
    """No more rows are imported or erased; what was committed stays. Its file is deleted."""
    return OperationView.of(await operations.cancel(resources, caller, operation_id))


@router.get(
    "/operations/{operation_id}/rows",
    response_class=StreamingResponse,
    responses={200: {"description": "The rows.", "content": FATES}, **documented(404)},
)
async def read_operation_rows(
    operation_id: Id, resources: In, caller: Authenticated
) -> StreamingResponse:
    """Every row of an import that was refused, warned of, a duplicate or suppressed.

    Each other row was taken.

    While the operation runs, those that it has come to. The first row of a duplicate is named if
    it is near in the file; an earlier one counts as the campaign's.
    """
    return StreamingResponse(
        await operations.rows(resources, caller, operation_id),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="rows.csv"'},
    )
