"""Routes of calls: the record of each call, with what the carrier told of it."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.api import calls
from services.api.http.paging import (
    CURSOR,
    LARGEST_ID,
    LONGEST_CURSOR,
    FollowedPage,
    Moment,
    Number,
    View,
    e164_of,
)
from services.api.http.resources import In
from services.api.native.auth import CALLS, Authenticated, opened_by
from services.api.native.listing import ListCursors, OwnCursors
from services.api.native.problems import documented
from services.api.native.sms import SmsMessageView
from shared.db.api.call_records import CallFilter
from shared.domain.calls import AnsweredBy, CallState, PriceSource
from shared.domain.outcomes import Outcome

router = APIRouter(
    tags=["calls"], route_class=opened_by(CALLS), responses=documented(401, 403, 422)
)

MEDIA_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}


class PriceView(View):
    amount: Decimal = Field(examples=["0.0130"])
    currency: str = Field(description="ISO 4217", examples=["USD"])
    source: PriceSource = Field(
        description="provider: the carrier told it · rate_table: an estimate by the trunk's rates, "
        "until the carrier tells a price"
    )


class FactsView(View):
    """What the carrier told; null or empty: it did not."""

    answered_by: AnsweredBy | None
    detection_seconds: float | None = Field(
        description="from the answer until the carrier knew who had answered"
    )
    ring_seconds: float | None
    talk_seconds: float | None
    sip_code: int | None = Field(examples=[486])
    cause: str | None = Field(description="the carrier's own word", examples=["USER_BUSY"])
    price: PriceView | None
    digits: str | None = Field(description="all that were pressed, in their order")
    stages: list[str] = Field(description="the steps of the call flow that were reached")
    tags: list[str]
    recording_url: str | None
    transferred_to: str | None

    @field_validator("tags", mode="before")
    @classmethod
    def in_order(cls, tags: frozenset[str]) -> list[str]:
        return sorted(tags)


class ReportView(View):
    state: CallState
    at: datetime = Field(description="by the carrier's clock")
    outcome: Outcome | None
    facts: FactsView


class CallView(View):
    """A call. It is told of while it is up, ends once, and may be corrected after its end."""

    attempt_id: UUID
    version: int = Field(description="1, and one more with each correction after the end")
    campaign_id: int
    contact_id: int
    trunk_id: int
    number: str = Field(examples=["+12025550123"])
    caller_id: str | None = Field(
        description="the number that was shown; null: the default of the trunk",
        examples=["+12025550100"],
    )
    attempt_number: int = Field(description="which attempt at the contact this is, from 1")
    dialing_at: datetime
    ended_at: datetime | None = Field(description="null: the call is up")
    outcome: Outcome | None = Field(
        description="as it was counted; a correction changes facts only"
    )
    provider_call_id: str | None
    facts: FactsView


class CallDetail(CallView):
    reports: list[ReportView] = Field(
        description="what the facts are made of, the most believed first: a later state of the "
        "call before an earlier one, and of one state the earlier report"
    )
    sms_messages: list[SmsMessageView] = Field(
        default_factory=list, description="the text messages that followed it or a step of its flow"
    )


class CallPage(FollowedPage):
    calls: list[CallView]


class CallQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    campaign_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    contact_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    number: Number = Field(default=None, examples=["+12025550123"])
    caller_id: Number = Field(default=None, examples=["+12025550100"])
    trunk_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    outcome: Outcome | None = None
    since: Moment | None = Field(
        default=None, description="calls that began then or later", examples=["2026-11-01T00:00Z"]
    )
    until: Moment | None = Field(default=None, description="calls that began before")
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR, description=CURSOR)

    def wanted(self) -> CallFilter:
        return CallFilter(
            campaign_id=self.campaign_id,
            contact_id=self.contact_id,
            number=e164_of(self.number),
            caller_id=e164_of(self.caller_id),
            trunk_id=self.trunk_id,
            outcome=self.outcome,
            since=self.since,
            until=self.until,
        )

    def after(self, own: ListCursors) -> int:
        return 0 if self.cursor is None else int(*own.place(self.cursor))


class CallPageQuery(CallQuery):
    limit: int = Field(default=100, ge=1, le=1000, description="entries on the page")


class CallExportQuery(CallQuery):
    format: Literal["csv", "ndjson"] = "csv"


@router.get("/calls", responses=documented(400))
async def list_calls(
    resources: In,
    caller: Authenticated,
    own: OwnCursors,
    query: Annotated[CallPageQuery, Query()],
) -> CallPage:
    """Calls that have ended, in the order in which they did.

    A call that is corrected later comes again behind the others, with a higher version. Whoever
    goes on with `follow_cursor` misses none and needs to read none twice.
    """
    after = query.after(own)
    records = await calls.page(resources, caller, query.wanted(), after=after, limit=query.limit)
    last = own.cursor((records[-1].position if records else after,))
    return CallPage.up_to(records, last=last, limit=query.limit)


@router.get(
    "/calls/export",
    response_class=StreamingResponse,
    responses=documented(400)
    | {
        200: {
            "description": "The file.",
            "content": {media_type: {} for media_type in MEDIA_TYPES.values()},
        }
    },
)
async def export_calls(
    resources: In,
    caller: Authenticated,
    own: OwnCursors,
    query: Annotated[CallExportQuery, Query()],
) -> StreamingResponse:
    """The same calls as a file of any length, CSV or a JSON object per line.

    A call that is corrected during the export comes again with a higher version. In CSV an
    apostrophe precedes a text that a spreadsheet would take for a formula.
    """
    name = f'attachment; filename="calls.{query.format}"'
    return StreamingResponse(
        calls.export(
            resources,
            caller,
            query.wanted(),
            after=query.after(own),
            as_csv=query.format == "csv",
        ),
        media_type=MEDIA_TYPES[query.format],
        headers={"Content-Disposition": name},
    )


@router.get("/calls/{attempt_id}", responses=documented(404))
async def read_call(attempt_id: UUID, resources: In, caller: Authenticated) -> CallDetail:
    """The call of an attempt, from the first fact that the carrier told, at the latest its end."""
    detail = CallDetail.of(await calls.read(resources, caller, attempt_id))
    sent = await calls.messages(resources, caller, attempt_id)
    detail.sms_messages = [SmsMessageView.of(message) for message in sent]
    return detail
