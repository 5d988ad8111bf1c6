"""The route of the audit log: who changed what over the API, from where and when."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from services.api.http.paging import LARGEST_ID, FollowablePage, View
from services.api.http.resources import In
from services.api.native.auth import ADMIN, Authenticated, opened_by
from services.api.native.following import AskedToFollow
from services.api.native.problems import documented
from shared.db.api.added import AUDIT_LOG
from shared.db.api.audit_log import Wanted, page
from shared.db.api.call_records import plan_by_values

router = APIRouter(
    tags=["audit log"], route_class=opened_by(ADMIN), responses=documented(401, 403, 422)
)

Fields = dict[str, Any]


class AuditEntryView(View):
    id: UUID
    at: datetime
    api_key_id: int = Field(examples=[17])
    api_key_name: str = Field(description="at that time", examples=["CRM"])
    partner_id: int | None = Field(description="the tenant of the key, if it acted for its client")
    operation: str = Field(description="its name in this document", examples=["edit_campaign"])
    kind: str = Field(description="of the resource, as in its address", examples=["campaigns"])
    resource_id: str | None = Field(
        description="null: there is one only; a suppression has the last digits of its number",
        examples=["17"],
    )
    before: Fields | None = Field(
        description="the fields that changed, without secrets; null: it was new, or is not known",
        examples=[{"name": "Reminders"}],
    )
    after: Fields | None = Field(
        description="null: it was deleted", examples=[{"name": "Appointment reminders"}]
    )
    address: str | None = Field(description="of the client", examples=["192.0.2.7"])
    request_id: str | None = Field(description="X-Request-Id of the answer")


class AuditLogPage(FollowablePage):
    audit_log: list[AuditEntryView]


@router.get("/audit-log", responses=documented(400))
async def list_audit_log(
    resources: In,
    caller: Authenticated,
    asked: AskedToFollow,
    *,
    resource: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z-]{1,40}(/[^/\x00]{1,100})?$",
            description="of one kind, or one resource by its address without `/v1/`",
            examples=["campaigns/17"],
        ),
    ] = None,
    api_key_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    since: Annotated[AwareDatetime | None, Query(description="made at that time or later")] = None,
) -> AuditLogPage:
    """Each change over the API, newest first. It is written with the change or not at all."""
    kind, _, resource_id = (resource or "").partition("/")
    wanted = Wanted(
        kind=kind or None, resource_id=resource_id or None, api_key_id=api_key_id, since=since
    )
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        if asked.follows:
            return await asked.followed(conn, AuditLogPage, AUDIT_LOG)
        await plan_by_values(conn)
        rows = await page(
            conn,
            tenant_id=caller.tenant_id,
            wanted=wanted,
            before=asked.after(UUID),
            limit=asked.limit,
        )
    return asked.page(AuditLogPage, rows)
