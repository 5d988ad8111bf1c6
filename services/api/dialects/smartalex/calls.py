"""SmartAlex's routes of calls: the ended ones by page, and one of them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import ValidationInfo, field_validator

from services.api import calls
from services.api.dialects.smartalex.errors import Code, refused
from services.api.dialects.smartalex.routes import (
    CALLS,
    Json,
    PageQuery,
    instant,
    listed,
    not_found_as,
    one,
    opened_by,
    person_of,
    wanted_number,
)
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Now
from shared.db.api import call_records, numbered_pages
from shared.db.api.numbered_pages import NumberedCall, NumberedCallFilter
from shared.definitions.calendar import CallingDate
from shared.dialects.smartalex import (
    CallStatus,
    Kind,
    attempt_of,
    call_id,
    call_status,
    outcomes_of,
    spelled,
)

router = APIRouter(route_class=opened_by(CALLS))

OUTBOUND = "outbound"
TWICE = "is the same as status; give one of the two"
# Of a call that is still up.
IN_PROGRESS = "in_progress"


class CallQuery(PageQuery):
    """The dates are days in UTC, and both belong to the span.

    Newer clients name the status in `call_status`, and a span by its hours until now.
    """

    agent_id: Annotated[str, Query(max_length=100)] | None = None
    campaign_id: Annotated[str, Query(max_length=100)] | None = None
    direction: Literal["inbound", "outbound", "web"] | None = None
    status: CallStatus | None = None
    from_date: CallingDate | None = None
    to_date: CallingDate | None = None
    call_status: CallStatus | None = None
    since_hours: Annotated[int, Query(ge=1, le=366 * 24)] | None = None

    @field_validator("call_status")
    @classmethod
    def says_nothing_twice(
        cls, status: CallStatus | None, info: ValidationInfo
    ) -> CallStatus | None:
        if status is not None and info.data.get("status") is not None:
            raise ValueError(TWICE)
        return status

    def wanted(self, *, now: datetime) -> NumberedCallFilter:
        status = self.status or self.call_status
        began = None if self.from_date is None else _midnight(self.from_date)
        recent = None if self.since_hours is None else now - timedelta(hours=self.since_hours)
        return NumberedCallFilter(
            campaign_id=wanted_number(Kind.CAMPAIGN, self.campaign_id),
            agent_id=wanted_number(Kind.AGENT, self.agent_id),
            outcomes=None if status is None else outcomes_of(status),
            since=max(filter(None, (began, recent)), default=None),
            until=None if self.to_date is None else _midnight(self.to_date) + timedelta(days=1),
        )


@router.get("/calls")
async def list_calls(
    resources: In, caller: Authenticated, query: Annotated[CallQuery, Query()], now: Now
) -> Json:
    """Calls that have ended, the last one first. All of them are outbound."""
    if query.direction not in {None, OUTBOUND}:
        return listed([], 0, query)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await call_records.plan_by_values(conn)
        rows, total = await numbered_pages.calls(
            conn, tenant_id=caller.tenant_id, wanted=query.wanted(now=now), page=query.number
        )
    return listed([_row(row) for row in rows], total, query)


@router.get("/calls/{id_}")
async def read_call(id_: str, resources: In, caller: Authenticated) -> Json:
    attempt_id = attempt_of(id_)
    if attempt_id is None:
        raise refused(Code.CALL_NOT_FOUND)
    with not_found_as(Code.CALL_NOT_FOUND):
        record = await calls.read(resources, caller, attempt_id)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        found = await numbered_pages.call(conn, tenant_id=caller.tenant_id, record=record)
    return one(
        {
            **_row(found),
            "campaign_id": spelled(Kind.CAMPAIGN, record.campaign_id),
            "recording_url": record.facts.recording_url,
            "transcript": [],
            "summary": None,
        }
    )


def _row(found: NumberedCall) -> Json:
    record, price = found.record, found.record.facts.price
    status = IN_PROGRESS if record.outcome is None else str(call_status(record.outcome))
    seconds = round(record.facts.talk_seconds or 0)
    return {
        "id": call_id(record.attempt_id),
        "direction": OUTBOUND,
        "agent_id": None if found.agent_id is None else spelled(Kind.AGENT, found.agent_id),
        "phone_number": record.number,
        "contact": person_of(record.contact_id, found.attributes),
        "contact_id": spelled(Kind.CONTACT, record.contact_id),
        "status": status,
        "call_status": status,
        "duration": seconds,
        "duration_seconds": seconds,
        "sentiment": None,
        "cost": None if price is None else float(price.amount),
        "created_at": instant(record.dialing_at),
        "start_timestamp": instant(record.dialing_at),
        "end_timestamp": instant(record.ended_at),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
