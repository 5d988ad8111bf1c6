"""Use cases of campaigns: create, edit and command one, each in one transaction."""

import asyncio
import base64
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from phonenumbers import SUPPORTED_REGIONS
from pydantic import ValidationError

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import InvalidField, Refused, campaign_ended, not_found
from shared.db.api import campaigns, contacts, webhook_endpoints
from shared.db.api.campaigns import Campaign
from shared.db.types import Connection
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.edit import CampaignEdit
from shared.domain.campaigns import ALLOWED, WANTS, Command
from shared.domain.decision.reachability import is_over_everywhere, opens_anywhere
from shared.kafka.messages.commands import CampaignCommand, CampaignCommandData
from shared.kafka.messages.public import ATTEMPT_ENDED
from shared.runtime.metrics import COMMANDS_UNPUBLISHED
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 2.0
NEVER_OPEN = "no window opens before end_date is over; look at dates, excluded_dates, holidays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """`secret` signs the webhooks; it is returned only here."""

    campaign: Campaign
    secret: str | None


async def create(
    resources: Resources, caller: Caller, definition: CampaignDefinition, *, now: datetime
) -> Created:
    if definition.default_region and definition.default_region not in SUPPORTED_REGIONS:
        raise Refused(
            "unknown_region",
            "no country with phone numbers of its own",
            field=("default_region",),
        )
    refuse_never_open(definition, now=now)
    async with resources.pool.acquire() as conn, conn.transaction():
        campaign = await campaigns.insert(conn, tenant_id=caller.tenant_id, definition=definition)
        if campaign is None:
            detail = "there is no trunk of this name"
            raise Refused("unknown_trunk", detail, field=("trunk",))
        secret = None
        if definition.webhook is not None:
            secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
            await webhook_endpoints.insert(
                conn,
                tenant_id=caller.tenant_id,
                campaign_id=campaign.id,
                event_types=[ATTEMPT_ENDED],
                url=definition.webhook.url,
                secret=secret,
            )
    return Created(campaign=campaign, secret=secret)


async def give_command(
    resources: Resources, caller: Caller, campaign_id: int, command: Command, *, now: datetime
) -> Campaign:
    """The commit decides. The message only wakes the scheduler, whose sweep would find it too."""
    async with resources.pool.acquire() as conn, conn.transaction():
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found()
        await _refuse_senseless(conn, caller, campaign, command)
        if campaign.wanted_state != WANTS[command]:
            await campaigns.want(
                conn, caller.campaign(campaign_id), WANTS[command], api_key_id=caller.api_key_id
            )
            campaign = replace(campaign, wanted_state=WANTS[command])
    data = CampaignCommandData(tenant_id=caller.tenant_id, campaign_id=campaign_id, command=command)
    await _publish(resources, CampaignCommand.of(data, at=now))
    return campaign


async def edit(
    resources: Resources, caller: Caller, campaign_id: int, wanted: CampaignEdit, *, now: datetime
) -> Campaign:
    """The new definition holds from the commit on, also for attempts that were claimed before."""
    async with resources.pool.acquire() as conn, conn.transaction():
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found()
        if campaign.is_over:
            raise campaign_ended()
        definition = _edited(campaign, wanted)
        if definition == campaign.definition:
            return campaign
        # An edit of another part is allowed after the last date.
        if wanted.calendar is not None:
            refuse_never_open(definition, now=now)
        await campaigns.edit(
            conn, caller.campaign(campaign_id), definition, api_key_id=caller.api_key_id
        )
    return replace(campaign, name=definition.name, definition=definition)


async def owned(conn: Connection, caller: Caller, campaign_id: int) -> Campaign:
    campaign = await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
    if campaign is None:
        raise not_found()
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
    if command is Command.START and not await contacts.any_in(conn, caller.campaign(campaign.id)):
        raise Refused("no_contacts", "import contacts before the start")


def _edited(campaign: Campaign, wanted: CampaignEdit) -> CampaignDefinition:
    try:
        return wanted.edited(campaign.definition)
    except ValidationError as error:
        errors = [
            InvalidField(
                code=fault["type"],
                detail=fault["msg"].removeprefix("Value error, "),
                field=fault["loc"],
            )
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise Refused("invalid", "the request is not valid", errors=errors) from None


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
