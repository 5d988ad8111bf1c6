"""Wavix's voice campaigns: one POST is one call, now, by a call flow of the tenant."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api import single_calls
from services.api.dialects.wavix.auth import CALLS, WavixRoute
from services.api.http.auth import Caller
from services.api.http.guarded_routes import Authenticated
from services.api.http.paging import LARGEST_ID
from services.api.http.resources import In, Now, Resources
from services.api.imports import Entry
from services.api.refusals import Refused, not_found
from services.api.single_calls import Callback
from shared.db.api import call_flows
from shared.db.api import single_calls as call_rows
from shared.db.api.call_flows import PlayedVersion
from shared.definitions.call import CallDefinition, MachineDefinition
from shared.definitions.call_flow import OwnCallFlow
from shared.definitions.campaign import WebhookDefinition
from shared.dialects import wavix
from shared.domain.call_flows.machines import MachineAction
from shared.domain.deliveries import EventType

# Without a key a client repeats a POST that got no answer, or waits for Retry-After first; gateways
# and the vendor's own client give up or wait for up to a minute each.
SAME_CALL = timedelta(minutes=5)
LARGEST_INT32 = 2**31 - 1
UNKNOWN_FLOW = "the tenant has no call flow with this id"
# Each call ends by one of them.
ENDS: tuple[EventType, ...] = ("outdial.attempt.ended.v1", "outdial.contact.finished.v1")
CALLBACK = "wavix_campaign"

router = APIRouter(route_class=WavixRoute.opened_by(CALLS, same_for=SAME_CALL))

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+?[1-9][0-9]{6,14}$")]


class VoiceCampaign(BaseModel):
    model_config = ConfigDict(extra="forbid")

    callflow_id: int = Field(strict=True, ge=1, le=LARGEST_INT32)
    contact: PhoneNumber
    caller_id: PhoneNumber
    callback_url: (
        Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)] | None
    ) = None


class NewVoiceCampaign(BaseModel):
    model_config = ConfigDict(extra="forbid")

    voice_campaign: VoiceCampaign


@router.post("/v1/voice-campaigns", name="wavix_place_call")
@router.post("/v1/voice_campaigns", name="wavix_place_call")
async def place_call(
    new: NewVoiceCampaign, resources: In, caller: Authenticated, now: Now
) -> JSONResponse:
    wanted = new.voice_campaign
    flow = await _flow(resources, caller, wanted.callflow_id)
    callback = None
    if wanted.callback_url is not None:
        webhook = WebhookDefinition(url=wanted.callback_url, event_types=ENDS)
        callback = Callback(webhook, CALLBACK)
    placed = await single_calls.place(
        resources,
        caller,
        _definition(caller, wanted, flow),
        Entry(number=_e164(wanted.contact)),
        wait=False,
        not_after=None,
        callback=callback,
        now=now,
    )
    body = wavix.voice_campaign(
        campaign_id=placed.contact_id,
        caller_id=wanted.caller_id,
        contact=placed.number,
        requested_at=now,
        outcome=None,
    )
    return JSONResponse(body, 201, {"Location": f"/wavix/v1/voice-campaigns/{placed.contact_id}"})


@router.get("/v1/voice-campaigns/{id}", name="wavix_read_call")
@router.get("/v1/voice_campaigns/{id}", name="wavix_read_call")
async def read_call(
    call_id: Annotated[int, Path(alias="id", ge=1, le=LARGEST_ID)],
    resources: In,
    caller: Authenticated,
) -> JSONResponse:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        call = await call_rows.get(conn, tenant_id=caller.tenant_id, contact_id=call_id)
    if call is None:
        raise not_found("voice campaign")
    body: dict[str, Any] = wavix.voice_campaign(
        campaign_id=call.contact_id,
        caller_id=call.caller_id,
        contact=call.number,
        requested_at=call.requested_at,
        outcome=call.outcome,
    )
    return JSONResponse(body)


async def _flow(resources: Resources, caller: Caller, flow_id: int) -> PlayedVersion:
    """Each call flow of a tenant may be played: it was judged as a whole when it was made."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        flow = await call_flows.played(conn, tenant_id=caller.tenant_id, flow_id=flow_id)
    if flow is None:
        raise Refused("unknown_call_flow", UNKNOWN_FLOW, field=("callflow_id",))
    return flow


def _definition(caller: Caller, wanted: VoiceCampaign, flow: PlayedVersion) -> CallDefinition:
    """The flow decides what a machine hears; what the request cannot say comes with the key."""
    machine = None
    if flow.has_message:
        machine = MachineDefinition(action=MachineAction.LEAVE_MESSAGE)
    return CallDefinition(
        caller_id=_e164(wanted.caller_id),
        call_flow=OwnCallFlow(name=flow.name, version=flow.version),
        machine=machine,
        **dict(caller.call_terms),
    )


def _e164(text: str) -> str:
    return f"+{text.removeprefix('+')}"
