"""Use cases of campaigns: create, command and delete one, each in one transaction."""

import asyncio
import base64
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from phonenumbers import SUPPORTED_REGIONS

from services.api import agents, number_pools
from services.api.caller_ids import refuse_foreign
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, campaign_ended, not_found, unknown_region
from services.api.versions import ANYTHING, Seen
from shared.db import locks, public_events
from shared.db.api import (
    call_flows,
    campaigns,
    contacts,
    drafts,
    operations,
    sms_senders,
    tenants,
    webhook_endpoints,
)
from shared.db.api.campaigns import Campaign, PlayedFlow
from shared.db.types import Connection
from shared.definitions.call_flow import OwnCallFlow
from shared.definitions.campaign import CampaignDefinition, WebhookDefinition
from shared.domain.call_flows.machines import MachineAction
from shared.domain.campaigns import (
    ALLOWED,
    WANTS,
    CampaignKey,
    CampaignState,
    Command,
    WantedState,
)
from shared.domain.decision.reachability import is_over_everywhere, opens_anywhere
from shared.domain.policy.sms import sending_steps
from shared.kafka.messages.commands import CampaignCommand, CampaignCommandData
from shared.kafka.messages.public import CampaignChanged, CampaignChangedData
from shared.runtime import traces
from shared.runtime.metrics import COMMANDS_UNPUBLISHED
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 2.0
UNKNOWN_FLOW = (
    "the tenant has no call flow of this name and version; make it with POST /v1/call-flows, "
    "or give a text for a flow that the provider knows"
)
NO_MESSAGE = "the call flow has no message: its on_machine names no step"
NO_SENDER = "the call flow sends text messages: name who sends them in sms.sender"
UNKNOWN_SENDER = (
    "the tenant has no active SMS sender of this name; add it with POST /v1/sms-senders"
)
NEVER_OPEN = "no window opens before end_date is over; look at dates, excluded_dates, holidays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`secret` is that of a new webhook endpoint: it signs the posts and is returned only here."""

    campaign: Campaign
    secret: str | None


async def create(
    resources: Resources, caller: Caller, definition: CampaignDefinition, *, now: datetime
) -> Written:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        written = await add(conn, caller, definition, now=now)
    resources.record(after=definition)
    return written


async def add(
    conn: Connection,
    caller: Caller,
    definition: CampaignDefinition,
    *,
    rendering: str = "standard",
    now: datetime,
) -> Written:
    """`rendering` names the bodies of its webhook, if a dialect has its own."""
    refuse_unknown_region(definition)
    refuse_never_open(definition, now=now)
    trunk_ids = await _refuse_foreign(conn, caller, definition)
    campaign = await campaigns.insert(
        conn,
        tenant_id=caller.tenant_id,
        trunk_ids=trunk_ids,
        definition=definition,
        flow=await played_flow(conn, caller, definition),
        number_pool_id=await number_pools.named(conn, caller, definition.number_pool),
        agent_id=await agents.named(conn, caller, definition.agent, trunk_ids=trunk_ids),
    )
    secret = None
    if definition.webhook is not None:
        key = caller.campaign(campaign.id)
        secret = await add_webhook(conn, key, definition.webhook, rendering=rendering)
    return Written(campaign=campaign, secret=secret)


async def _refuse_foreign(
    conn: Connection, caller: Caller, definition: CampaignDefinition
) -> list[int]:
    """Refuse a definition that names what the tenant may not use; returns its trunks."""
    await refuse_foreign(conn, caller, definition.caller_id)
    trunk_ids = await allowed_trunks(conn, caller, definition)
    await refuse_other_currency(conn, caller, definition)
    await refuse_foreign_sender(conn, caller, definition)
    return trunk_ids


async def reopen(
    resources: Resources, caller: Caller, campaign_id: int, *, now: datetime
) -> Campaign:
    """Make a completed campaign a paused one, which takes contacts and can be resumed.

    While it was completed, what it names may have been deleted, and changes of rules passed it by.
    """
    key = caller.campaign(campaign_id)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found("campaign")
        if campaign.state is not CampaignState.COMPLETED:
            raise Refused("not_completed", "only a completed campaign is reopened")
        definition = campaign.definition
        trunk_ids = await _refuse_foreign(conn, caller, definition)
        await played_flow(conn, caller, definition, fixed_version=campaign.call_flow_version)
        pool_id = await number_pools.named(conn, caller, definition.number_pool)
        await campaigns.set_number_pool(conn, key, pool_id)
        agent_id = await agents.named(conn, caller, definition.agent, trunk_ids=trunk_ids)
        await campaigns.set_agent(conn, key, agent_id)
        await campaigns.want(
            conn,
            key,
            WantedState.PAUSED,
            api_key_id=caller.own_key_id,
            traceparent=traces.current(),
        )
        await campaigns.reopen(conn, key)
        data = CampaignChangedData(
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
            state=CampaignState.PAUSED,
            previous_state=campaign.state,
        )
        event = CampaignChanged.of(data, at=now).traced(traces.current())
        await public_events.add(conn, [event])
        reopened = await owned(conn, caller, campaign_id)
    resources.record(before={"state": campaign.state}, after={"state": reopened.state})
    return reopened


async def give_command(
    resources: Resources, caller: Caller, campaign_id: int, command: Command, *, now: datetime
) -> Campaign:
    """The commit decides. The message only wakes the scheduler, whose sweep would find it too."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found("campaign")
        await _refuse_senseless(conn, caller, campaign, command)
        before = campaign.wanted_state
        campaign = await want(
            resources, conn, caller, campaign, command, traceparent=traces.current(), now=now
        )
    resources.record(before={"wanted_state": before}, after={"wanted_state": campaign.wanted_state})
    return campaign


async def want(
    resources: Resources,
    conn: Connection,
    caller: Caller,
    campaign: Campaign,
    command: Command,
    *,
    traceparent: str | None,
    now: datetime,
) -> Campaign:
    """Set the state that a command wants, and wake the scheduler after the commit."""
    if campaign.wanted_state != WANTS[command]:
        if WANTS[command] is WantedState.RUNNING:
            await resources.quotas.refuse_another_run(conn, caller.campaign(campaign.id))
        if campaign.is_draft and command is Command.START:
            campaign = await _with_fixed_flow(conn, caller, campaign)
        await campaigns.want(
            conn,
            caller.campaign(campaign.id),
            WANTS[command],
            api_key_id=caller.own_key_id,
            traceparent=traceparent,
        )
        campaign = replace(campaign, wanted_state=WANTS[command])
    data = CampaignCommandData(tenant_id=caller.tenant_id, campaign_id=campaign.id, command=command)
    message = CampaignCommand.of(data, at=now).traced(traceparent)
    await resources.after_commit(partial(_publish, resources, message))
    return campaign


async def delete(
    resources: Resources, caller: Caller, campaign_id: int, *, seen: Seen = ANYTHING
) -> None:
    """Delete a draft with its contacts; a start that commits before it keeps the campaign.

    The campaign is locked when its contacts are gone: a black-out, which locks all campaigns,
    does not wait for them.
    """
    key = caller.campaign(campaign_id)
    # A large draft takes as long as an import, and must not take the connections of a pause.
    async with (
        resources.import_slots.slot(caller.tenant_id),
        resources.pool.transaction(caller.tenant_id) as conn,
    ):
        known = await owned(conn, caller, campaign_id)
        seen.check(known)
        _refuse_started(known)
        await refuse_busy(conn, key)
        await drafts.delete_people(conn, key)
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found("campaign")
        seen.check(campaign)
        _refuse_started(campaign)
        await drafts.delete(conn, key)
    resources.record(before=campaign.definition)
    logger.info(
        "draft deleted", extra={"campaign_id": campaign_id, "api_key_id": caller.api_key_id}
    )


async def _with_fixed_flow(conn: Connection, caller: Caller, campaign: Campaign) -> Campaign:
    """Fix the version of the tenant's own call flow that the campaign plays from its start on."""
    flow = await played_flow(conn, caller, campaign.definition)
    if flow is None or flow.version is not None:
        return campaign
    newest = await campaigns.fix_call_flow(conn, caller.campaign(campaign.id))
    return replace(campaign, call_flow_version=newest)


async def owned(conn: Connection, caller: Caller, campaign_id: int) -> Campaign:
    campaign = await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
    if campaign is None:
        raise not_found("campaign")
    return campaign


async def _refuse_senseless(
    conn: Connection, caller: Caller, campaign: Campaign, command: Command
) -> None:
    repeats = campaign.wanted_state == WANTS[command]
    if campaign.is_over and not (repeats and command is Command.CANCEL):
        raise campaign_ended()
    if campaign.wanted_state not in ALLOWED[command]:
        raise Refused(
            "command_not_allowed",
            f"a campaign that should be {campaign.wanted_state} cannot {command}",
        )
    if command is not Command.START or campaign.definition.keep_open:
        return
    if not await contacts.any_in(conn, caller.campaign(campaign.id)):
        raise Refused("no_contacts", "import contacts before the start")


def _refuse_started(campaign: Campaign) -> None:
    if campaign.is_draft:
        return
    if campaign.is_over:
        raise Refused("not_a_draft", "only a draft is deleted; the records of a campaign stay")
    detail = f"only a draft is deleted; this campaign should be {campaign.wanted_state}: cancel it"
    raise Refused("not_a_draft", detail)


async def refuse_busy(conn: Connection, campaign: CampaignKey) -> None:
    """Refuse while people are added to the campaign; from then on to the commit none can be."""
    is_free = await locks.try_exclude_imports(conn, campaign.campaign_id)
    if not is_free or await operations.is_open(conn, campaign):
        detail = "contacts or suppressions are being added to the campaign; try again after that"
        raise Refused("import_under_way", detail)


async def allowed_trunks(
    conn: Connection, caller: Caller, definition: CampaignDefinition
) -> list[int]:
    """The ids of the trunks that a definition names, in its order."""
    names = definition.trunks
    known = await campaigns.find_trunks(conn, tenant_id=caller.tenant_id, names=names)
    for position, name in enumerate(names):
        if name not in known:
            field = ("trunk",) if isinstance(definition.trunk, str) else ("trunk", position)
            raise Refused("unknown_trunk", "there is no trunk of this name", field=field)
    return [known[name] for name in names]


async def refuse_foreign_sender(
    conn: Connection, caller: Caller, definition: CampaignDefinition
) -> None:
    """Refuse a sender of text messages that is not an active one of the tenant."""
    sms = definition.sms
    if sms is not None and not await sms_senders.is_active(
        conn, tenant_id=caller.tenant_id, sender=sms.sender
    ):
        raise Refused("unknown_sender", UNKNOWN_SENDER, field=("sms", "sender"))


async def played_flow(
    conn: Connection,
    caller: Caller,
    definition: CampaignDefinition,
    *,
    fixed_version: int | None = None,
) -> PlayedFlow | None:
    """The tenant's own call flow that a definition names, if it names one.

    `fixed_version` is the version that a campaign keeps.
    """
    named = definition.call_flow
    if not isinstance(named, OwnCallFlow):
        return None
    found = await call_flows.find(
        conn,
        tenant_id=caller.tenant_id,
        name=named.name,
        version=named.version or fixed_version,
    )
    if found is None:
        raise Refused("unknown_call_flow", UNKNOWN_FLOW, field=("call_flow", "name"))
    leaves = definition.machine and definition.machine.action is MachineAction.LEAVE_MESSAGE
    if leaves and found.flow.on_machine is None:
        raise Refused("no_message", NO_MESSAGE, field=("machine", "action"))
    if definition.sms is None and sending_steps(found.flow.call_flow()):
        raise Refused("no_sender", NO_SENDER, field=("sms",))
    return PlayedFlow(found.id, named.version)


def new_secret() -> str:
    """A secret that signs the posts of a webhook endpoint."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


async def add_webhook(
    conn: Connection,
    campaign: CampaignKey,
    webhook: WebhookDefinition,
    *,
    rendering: str = "standard",
) -> str:
    """Add the campaign's own endpoint; returns its secret."""
    secret = new_secret()
    await webhook_endpoints.insert(
        conn,
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.campaign_id,
        event_types=webhook.chosen,
        url=webhook.url,
        secret=secret,
        rendering=rendering,
    )
    return secret


async def refuse_other_currency(
    conn: Connection, caller: Caller, definition: CampaignDefinition
) -> None:
    """Amounts of two currencies cannot be compared, so all ceilings of a tenant are in one."""
    own = definition.spend_ceiling
    if own is None:
        return
    chosen = (await tenants.rules(conn, caller.tenant_id)).spend_ceiling
    if chosen is not None and chosen.currency != own.currency:
        detail = f"the tenant's own ceiling is in {chosen.currency}; give this one in it, too"
        raise Refused("other_currency", detail, field=("spend_ceiling", "currency"))


def refuse_unknown_region(definition: CampaignDefinition) -> None:
    if definition.default_region and definition.default_region not in SUPPORTED_REGIONS:
        raise unknown_region()


async def _publish(resources: Resources, message: CampaignCommand) -> None:
    try:
        async with asyncio.timeout(PUBLISH_SECONDS):
            await resources.publish([message])
    except TRANSIENT as error:
        COMMANDS_UNPUBLISHED.inc()
        logger.warning(
            "command not published; the scheduler's sweep will find it",
            extra={"campaign_id": message.data.campaign_id, "error": type(error).__name__},
        )


def refuse_never_open(definition: CampaignDefinition, *, now: datetime) -> None:
    """Refuse a calendar without an open minute from now on, in any zone of the Earth."""
    calendar = definition.calendar.calendar()
    if opens_anywhere(calendar, now=now):
        return
    if is_over_everywhere(calendar, now=now):
        detail = "the last date is over everywhere"
        raise Refused("in_the_past", detail, field=("calendar", "end_date"))
    if not calendar.windows:
        detail = "all dates are past, excluded or holidays"
        raise Refused("never_open", detail, field=("calendar", "dates"))
    raise Refused("never_open", NEVER_OPEN, field=("calendar", "windows"))
