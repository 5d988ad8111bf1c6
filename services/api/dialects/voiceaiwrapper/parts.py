"""The parts of a campaign's definition that follow from VoiceAIWrapper's fields.

The ids in them must be the tenant's own; another tenant's are as unknown ids.
"""

from collections.abc import Collection
from typing import Any

from services.api.caller_ids import e164
from services.api.dialects.voiceaiwrapper.settings import (
    ATTEMPTS,
    CALENDAR,
    SHOWN,
    VOICE,
    DialerType,
    Settings,
)
from services.api.http.auth import Caller
from services.api.refusals import Refused
from shared.db.api import caller_ids, voice_campaigns
from shared.db.types import Connection
from shared.dialects.voiceaiwrapper import Kind, number_of
from shared.domain.agents import AgentKind

NO_PROVIDER = "the tenant has no voice provider of this id"
NO_ASSISTANT = "is no active assistant of the tenant at this voice provider"
NO_ENTITY = "the assistant is a call flow of Outdial and none of Vapi's entities; leave it out"
NO_NUMBER = "the tenant has no active caller ID of this number; add it with POST /v1/caller-ids"
NO_POOL = "the tenant has no phone number pool of this id"

Parts = dict[str, Any]


async def parts(
    conn: Connection, caller: Caller, settings: Settings, changed: Collection[str]
) -> Parts:
    """The parts that follow from these fields; each id in them is checked."""
    fields, found = frozenset(changed), Parts()
    if "name" in fields:
        found["name"] = settings.name
    if fields & VOICE:
        found |= await _voice(conn, caller, settings)
    if fields & SHOWN:
        found |= await _shown(conn, caller, settings)
    if settings.is_inbound:
        return found
    if fields & CALENDAR:
        found["calendar"] = settings.calendar()
    if fields & ATTEMPTS:
        found["attempts"] = settings.attempts()
    if "consider_voicemail_as_answered" in fields:
        found["machine"] = settings.machine()
    return found


async def _voice(conn: Connection, caller: Caller, settings: Settings) -> Parts:
    """Who talks, and by which trunk: the provider's own agent, or a call flow of the tenant."""
    trunk_id = number_of(Kind.PROVIDER, settings.tenant_voice_provider_id)
    trunk = trunk_id and await voice_campaigns.trunk_name(conn, caller.tenant_id, trunk_id)
    if not trunk_id or not trunk:
        raise Refused("unknown_trunk", NO_PROVIDER, field=("tenant_voice_provider_id",))
    entity = settings.vapi_calling_entity
    flow_id = number_of(Kind.CALL_FLOW, settings.assistant_id)
    agent = call_flow = None
    if flow_id is not None:
        if entity is not None:
            raise Refused("contradiction", NO_ENTITY, field=("vapi_calling_entity",))
        call_flow = await voice_campaigns.call_flow_name(conn, caller.tenant_id, flow_id)
    else:
        agent = await voice_campaigns.agent_name(
            conn,
            caller.tenant_id,
            settings.assistant_id,
            trunk_id=trunk_id,
            kind=None if entity is None else AgentKind(entity.lower()),
        )
    if agent is None and call_flow is None:
        raise Refused("unknown_agent", NO_ASSISTANT, field=("assistant_id",))
    return {"trunk": trunk, "agent": agent, "call_flow": call_flow and {"name": call_flow}}


async def _shown(conn: Connection, caller: Caller, settings: Settings) -> Parts:
    """The number that is shown, or the pool of such numbers; the one that is not used is kept."""
    number, pool = settings.phone_number_id, None
    if number is not None:
        number = e164(number)
        if not await caller_ids.keep_active(conn, tenant_id=caller.tenant_id, number=number):
            raise Refused("unknown_caller_id", NO_NUMBER, field=("phone_number_id",))
    if settings.phone_number_pool_id is not None:
        pool_id = number_of(Kind.NUMBER_POOL, settings.phone_number_pool_id)
        pool = pool_id and await voice_campaigns.number_pool_name(conn, caller.tenant_id, pool_id)
        if not pool:
            raise Refused("unknown_number_pool", NO_POOL, field=("phone_number_pool_id",))
    if settings.dialer_type is DialerType.POOL:
        return {"caller_id": None, "number_pool": pool}
    return {"caller_id": number, "number_pool": None}
