"""Routes of text messages and of the senders that may send them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api import sms_senders
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import LARGEST_ID, Id, Page, View
from services.api.http.resources import In
from services.api.native.auth import GENERAL, Authenticated, opened_by
from services.api.native.listing import Asked
from services.api.native.problems import UNCHANGED, documented
from shared.db.api import sms_messages
from shared.db.api import sms_senders as sender_rows
from shared.definitions.sms import Sender
from shared.domain.sms import SenderState, SmsState

router = APIRouter(
    tags=["text messages"], route_class=opened_by(GENERAL), responses=documented(401, 403, 422)
)

OnlyId = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


class NewSmsSender(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sender: Sender
    trunk: str = Field(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="sends its messages",
        examples=["default"],
    )


class SmsSenderChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: SenderState = Field(description="inactive: it sends no message")


class SmsSenderView(View):
    id: int = Field(examples=[17])
    sender: str = Field(examples=["+12025550100"])
    trunk: str = Field(examples=["default"])
    state: SenderState
    created_at: datetime


class SmsSenderPage(Page):
    sms_senders: list[SmsSenderView]


class SmsMessageView(View):
    id: UUID
    campaign_id: int
    contact_id: int
    attempt_id: UUID
    step: str | None = Field(
        description="the step of the call flow that sends it; null: it follows the outcome"
    )
    sender: str
    text: str
    state: SmsState = Field(
        description="unknown: it may have been sent, and is not sent again; failed: it was not sent"
    )
    reason: str | None = Field(
        description="why it waits, or was not sent or delivered", examples=["window"]
    )
    queued_at: datetime
    expires_at: datetime = Field(description="it is not sent after this")
    sent_at: datetime | None
    ended_at: datetime | None
    provider_message_id: str | None
    price: Decimal | None
    currency: str | None = Field(examples=["USD"])


class SmsMessagePage(Page):
    sms_messages: list[SmsMessageView]


@router.post("/sms-senders", status_code=201, responses=documented(400, 413))
async def add_sms_sender(
    new: NewSmsSender, response: Response, resources: In, caller: Authenticated, show: Shown
) -> SmsSenderView:
    """A number or a name by which campaigns of the tenant may send text messages."""
    added = await sms_senders.add(resources, caller, sender=new.sender, trunk=new.trunk)
    response.headers["Location"] = f"/v1/sms-senders/{added.id}"
    return show(SmsSenderView, added)


@router.get("/sms-senders", responses=documented(400))
async def list_sms_senders(resources: In, caller: Authenticated, asked: Asked) -> SmsSenderPage:
    """Newest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await sender_rows.page(
            conn, tenant_id=caller.tenant_id, before=asked.after(int), limit=asked.limit
        )
    return asked.page(SmsSenderPage, rows)


@router.get("/sms-senders/{sms_sender_id}", responses=UNCHANGED | documented(404))
async def read_sms_sender(
    sms_sender_id: Id, resources: In, caller: Authenticated, show: Shown
) -> SmsSenderView:
    return show(SmsSenderView, await sms_senders.SENDERS.read(resources, caller, sms_sender_id))


@router.patch("/sms-senders/{sms_sender_id}", responses=documented(400, 404, 412, 413))
async def change_sms_sender(
    sms_sender_id: Id,
    change: SmsSenderChange,
    resources: In,
    caller: Authenticated,
    *,
    seen: IfMatch,
    show: Shown,
) -> SmsSenderView:
    """Messages of an inactive sender that wait end as failed."""
    changed = await sms_senders.change(
        resources, caller, sms_sender_id, state=change.state, seen=seen
    )
    return show(SmsSenderView, changed)


@router.delete("/sms-senders/{sms_sender_id}", status_code=204, responses=documented(404, 409, 412))
async def delete_sms_sender(
    sms_sender_id: Id, resources: In, caller: Authenticated, seen: IfMatch
) -> None:
    """Only if it has sent no message, and no campaign names it that has not ended."""
    await sms_senders.delete(resources, caller, sms_sender_id, seen=seen)


@router.get("/sms-messages", responses=documented(400))
async def list_sms_messages(
    resources: In,
    caller: Authenticated,
    *,
    asked: Asked,
    campaign_id: OnlyId = None,
    contact_id: OnlyId = None,
) -> SmsMessagePage:
    """Newest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        rows = await sms_messages.page(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            contact_id=contact_id,
            before=asked.after(UUID),
            limit=asked.limit,
        )
    return asked.page(SmsMessagePage, rows)
