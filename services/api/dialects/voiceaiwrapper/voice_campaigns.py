"""Use cases of VoiceAIWrapper's campaigns: create and change one, in its caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from services.api import campaigns, edits
from services.api.caller_ids import e164
from services.api.dialects.voiceaiwrapper.errors import (
    CAMPAIGN_NOT_FOUND,
    NO_FIELD,
    NOT_KNOWN,
    not_found,
)
from services.api.dialects.voiceaiwrapper.parts import parts
from services.api.dialects.voiceaiwrapper.settings import FIXED, DialerType, Settings
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import InvalidField, Refused, invalid, refusing_invalid
from shared.db.api import campaigns as campaign_rows
from shared.db.api import contacts, voice_campaigns, webhook_endpoints
from shared.db.api.campaigns import Campaign
from shared.db.types import Connection
from shared.definitions.campaign import CampaignDefinition, WebhookDefinition
from shared.definitions.edit import CampaignEdit
from shared.dialects.voiceaiwrapper import RENDERING
from shared.domain.campaigns import CampaignKey
from shared.domain.deliveries import EventType
from shared.kafka.messages.public import ATTEMPT_ENDED, CAMPAIGN_CHANGED, CONTACT_FINISHED

EVENT_TYPES: tuple[EventType, ...] = (CAMPAIGN_CHANGED, ATTEMPT_ENDED, CONTACT_FINISHED)
ALL_FIELDS = frozenset(Settings.model_fields)
NOT_CHANGED = "never changes; create another campaign"
TAKEN = "another INBOUND campaign is bound to this number"
NO_NUMBER = "a campaign that runs needs it; update the campaign first"
# The first date of a calendar begins, somewhere on the Earth, before it does in UTC.
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Written:
    """`secret` is that of a new webhook: it signs the posts and is returned only here."""

    id: int
    secret: str | None = None


async def create(
    resources: Resources, conn: Connection, caller: Caller, new: Settings, *, now: datetime
) -> Written:
    found = await parts(conn, caller, new, ALL_FIELDS)
    if new.is_inbound:
        return await _create_inbound(resources, conn, caller, new)
    with refusing_invalid():
        definition = CampaignDefinition(
            **found,
            kind=caller.call_terms.kind,
            automated=caller.call_terms.automated,
            default_zone=new.timezone,
            keep_open=True,
        )
    made = await campaigns.add(conn, caller, definition, now=judged_at(new, now))
    key = caller.campaign(made.campaign.id)
    await voice_campaigns.insert(conn, key, new.written())
    secret = None
    if new.webhook_url is not None:
        secret = await _add_webhook(conn, key, new.webhook_url)
    resources.record(after=definition, resource_id=str(key.campaign_id))
    return Written(key.campaign_id, secret)


async def _create_inbound(
    resources: Resources, conn: Connection, caller: Caller, new: Settings
) -> Written:
    own_id = await voice_campaigns.insert_inbound(
        conn, caller.tenant_id, new.written(), number=_bound_number(new)
    )
    if own_id is None:
        raise Refused("number_taken", TAKEN, field=("phone_number_id",))
    resources.record(after=new, resource_id=str(own_id))
    return Written(own_id)


async def change(
    resources: Resources,
    conn: Connection,
    caller: Caller,
    campaign_id: int,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> Written:
    """Change the fields that are given, and the parts of the campaign that follow from them.

    What its owner changed by Outdial's own API stays, unless a field it follows from is changed.
    """
    # In the order of locks (shared/db/locks.py).
    campaign = await campaign_rows.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
    found = await voice_campaigns.lock(conn, caller.tenant_id, campaign_id)
    if found is None:
        raise not_found(CAMPAIGN_NOT_FOUND)
    before = Settings.model_validate(found.settings)
    after = _changed(before, changes)
    fields = {name for name in ALL_FIELDS if getattr(before, name) != getattr(after, name)}
    edited = await parts(conn, caller, after, fields)
    if campaign is None:
        await _change_inbound(conn, caller, campaign_id, after)
        resources.record(before=before, after=after, resource_id=str(campaign_id))
        return Written(campaign_id)
    if "timezone" in fields and await _may_change_zone(conn, caller, campaign):
        edited["default_zone"] = after.timezone
    await edits.edit(
        resources, caller, campaign_id, CampaignEdit(**edited), now=judged_at(after, now)
    )
    await voice_campaigns.update(conn, caller.tenant_id, campaign_id, after.written())
    key = caller.campaign(campaign_id)
    secret = None
    if "webhook_url" in fields:
        secret = await _change_webhook(conn, key, after.webhook_url, is_draft=campaign.is_draft)
    # The edit knows the definition only, of which the webhook is no part.
    resources.record(before=before, after=after, resource_id=str(campaign_id))
    return Written(campaign_id, secret)


async def _change_inbound(conn: Connection, caller: Caller, own_id: int, after: Settings) -> None:
    number = _bound_number(after)
    if not await voice_campaigns.update(
        conn, caller.tenant_id, own_id, after.written(), number=number
    ):
        raise Refused("number_taken", TAKEN, field=("phone_number_id",))


def _bound_number(inbound: Settings) -> str | None:
    if inbound.phone_number_id is None or inbound.dialer_type is DialerType.POOL:
        return None
    return e164(inbound.phone_number_id)


def _changed(before: Settings, changes: Mapping[str, Any]) -> Settings:
    unknown = changes.keys() - ALL_FIELDS
    faults = [
        InvalidField(
            code=NO_FIELD if name in unknown else "never_changes",
            detail=NOT_KNOWN if name in unknown else NOT_CHANGED,
            field=(name,),
        )
        for name in sorted(unknown | changes.keys() & FIXED)
    ]
    if faults:
        raise invalid(faults)
    with refusing_invalid():
        return Settings.model_validate({**before.written(), **changes})


async def _may_change_zone(conn: Connection, caller: Caller, campaign: Campaign) -> bool:
    """The zone of leads of no known place is that by which they were added."""
    if not campaign.is_draft:
        return False
    return not await contacts.any_in(conn, caller.campaign(campaign.id))


async def _change_webhook(
    conn: Connection, campaign: CampaignKey, url: str | None, *, is_draft: bool
) -> str | None:
    """Another address keeps the secret; a secret is returned for a new endpoint only."""
    if url is None:
        away = webhook_endpoints.delete if is_draft else webhook_endpoints.take_away
        await away(conn, campaign)
        return None
    if await webhook_endpoints.redirect(conn, campaign, url=url, event_types=EVENT_TYPES):
        return None
    return await _add_webhook(conn, campaign, url)


async def _add_webhook(conn: Connection, campaign: CampaignKey, url: str) -> str:
    """Returns the secret."""
    webhook = WebhookDefinition(url=url, event_types=EVENT_TYPES)
    return await campaigns.add_webhook(conn, campaign, webhook, rendering=RENDERING)


def refuse_incomplete(
    definition: CampaignDefinition, settings: Mapping[str, Any], *, now: datetime
) -> None:
    """Refuse to run a draft that shows no number, or whose last day is over."""
    if definition.caller_id is None and definition.number_pool is None:
        is_pool = settings["dialer_type"] == DialerType.POOL
        raise Refused(
            "contradiction", NO_NUMBER, field=("number_pool" if is_pool else "caller_id",)
        )
    campaigns.refuse_never_open(definition, now=now)


def judged_at(settings: Settings, now: datetime) -> datetime:
    """The instant from which a draft must have open hours: its first day, if that is past.

    So a draft may be of past dates, as VoiceAIWrapper's may; it is refused when it is to run.
    """
    if settings.start_date is None:
        return now
    return min(now, datetime.combine(settings.start_date, time(), UTC) - A_DAY)
