"""Use case of a single call: one number is called now, or as soon as it may be.

The call is a contact of a campaign that stays open for all calls of the same definition.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from services.api import campaigns, refused_calls, why
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import Entry, group_ids
from services.api.refusals import Refused
from shared.db import calling_groups, locks
from shared.db.api import call_flows, contacts, single_calls
from shared.db.api.campaigns import Campaign
from shared.db.api.contacts import InsertedContact, NewContact
from shared.db.types import Connection
from shared.definitions.calendar import DAYS, CalendarDefinition, WindowDefinition
from shared.definitions.call import CallDefinition
from shared.definitions.call_flow import OwnCallFlow
from shared.definitions.campaign import CampaignDefinition, ShareDefinition, WebhookDefinition
from shared.domain.campaigns import Command
from shared.domain.policy.destinations import EVERYWHERE
from shared.domain.reasons import Reason
from shared.domain.wait_buckets import WaitBucket
from shared.intake.contact_rows import Row, Rows
from shared.intake.remedies import REMEDIES
from shared.runtime import traces
from shared.runtime.logs import masked

# A call that does not wait is called off when its turn has not come by then.
NOW = timedelta(minutes=1)
# The campaign of a week ends a day after the next one, in which some zones still have Sunday. So
# every call of the week can wait as long.
LONGEST_WAIT = timedelta(days=7)
# Before the calls of campaigns: somebody waits for this one.
FIRST = ShareDefinition(priority=9)
ALWAYS = WindowDefinition(days=list(DAYS), start="00:00", end="24:00")

# Each has a campaign, which a running one of the tenant's quota is, too.
MOST_CALLBACKS = 100
TOO_MANY_CALLBACKS = (
    f"the calls of a week or two have {MOST_CALLBACKS} callback addresses and definitions at most; "
    "use one address, and know the calls by the ids in the bodies"
)
TOO_LATE = "must be in the future, and at most 7 days ahead"
AT_THIS_MOMENT = "another request for a call to this number is carried out at this moment"


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the end of a call is posted, in the bodies of a dialect.

    Calls with one callback share a campaign, so a client has one URL, or a few.
    """

    webhook: WebhookDefinition
    rendering: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleCall:
    """A call that will be placed. `next_at`: when it may be, by all that is known; None: unknown.

    `waits_for` is why it may not be placed now.
    """

    campaign_id: int
    contact_id: int
    number: str
    not_after: datetime
    next_at: datetime | None
    waits_for: Reason | None


async def place(
    resources: Resources,
    caller: Caller,
    definition: CallDefinition,
    entry: Entry,
    *,
    wait: bool,
    not_after: datetime | None,
    callback: Callback | None = None,
    now: datetime,
) -> SingleCall:
    """Add the contact of the call; unless it is to wait, it must be allowed at this instant."""
    until = _until(not_after, wait=wait, now=now)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign_id = await _campaign(resources, conn, caller, definition, callback, now=now)
        contact = await _add(conn, caller, campaign_id, entry, until=until, now=now)
        judged = await why.judged(conn, resources, caller, contact.id, now=now)
        next_at = refused_calls.next_at(judged, now=now)
        waits = wait and refused_calls.may_be_placed(judged, next_at, until)
        if contact.bucket is None or not (judged.verdict.allowed or waits):
            raise refused_calls.refusal(judged, next_at, now=now)
        await resources.before_commit(partial(_count, resources, conn, contact.bucket))
    binding = judged.verdict.binding
    resources.record(after={"campaign_id": campaign_id, "number": masked(contact.number)})
    return SingleCall(
        campaign_id=campaign_id,
        contact_id=contact.id,
        number=contact.number,
        not_after=until,
        next_at=next_at,
        waits_for=None if binding is None else binding.reason,
    )


async def _count(resources: Resources, conn: Connection, bucket: WaitBucket) -> None:
    """Last in the transaction, because all calls of the campaign wait for these rows."""
    size = await single_calls.count(conn, bucket, most_groups=resources.quotas.calling_groups)
    resources.quotas.refuse_larger(size)


def campaign_of(
    definition: CallDefinition, *, webhook: WebhookDefinition | None = None, now: datetime
) -> CampaignDefinition:
    """The campaign that takes the calls of this definition in this week.

    Only law and the tenant's own rules limit its hours, because the owner asks for each call.
    """
    monday = _monday(now)
    end_date = monday + timedelta(days=14)
    return CampaignDefinition(
        name=f"Single calls of the week of {monday}",
        calendar=CalendarDefinition(windows=[ALWAYS], end_date=end_date),
        keep_open=True,
        share=FIRST,
        webhook=webhook,
        **{name: getattr(definition, name) for name in CallDefinition.model_fields},
    )


def _until(not_after: datetime | None, *, wait: bool, now: datetime) -> datetime:
    if not_after is None:
        return now + (LONGEST_WAIT if wait else NOW)
    if not now < not_after <= now + LONGEST_WAIT:
        raise Refused("out_of_range", TOO_LATE, field=("not_after",))
    return not_after


async def _campaign(
    resources: Resources,
    conn: Connection,
    caller: Caller,
    definition: CallDefinition,
    callback: Callback | None,
    *,
    now: datetime,
) -> int:
    """The running campaign of the call, which is not completed until the transaction ends.

    It is made for the first call of its definition in a week.
    """
    definition = await _with_version(conn, caller, definition)
    tenant_id, digest = caller.tenant_id, _digest(definition, callback, now=now)
    campaign_id = await single_calls.take(conn, tenant_id=tenant_id, digest=digest)
    if campaign_id is None:
        await locks.lock_calls(conn, tenant_id)
        campaign_id = await single_calls.take(conn, tenant_id=tenant_id, digest=digest)
    if campaign_id is None:
        made = await _add_campaign(conn, caller, definition, callback, now=now)
        # The first call is not the cause of the others: they do not belong to its trace.
        await campaigns.want(
            resources, conn, caller, made, Command.START, traceparent=None, now=now
        )
        await single_calls.mark(conn, caller.campaign(made.id), digest=digest)
        campaign_id = made.id
    return campaign_id


async def _add_campaign(
    conn: Connection,
    caller: Caller,
    definition: CallDefinition,
    callback: Callback | None,
    *,
    now: datetime,
) -> Campaign:
    if callback is None:
        wanted = campaign_of(definition, now=now)
        return (await campaigns.add(conn, caller, wanted, now=now)).campaign
    if await single_calls.count_open(conn, caller.tenant_id) >= MOST_CALLBACKS:
        raise Refused("too_many_webhooks", TOO_MANY_CALLBACKS, field=("webhook", "url"))
    wanted = campaign_of(definition, webhook=callback.webhook, now=now)
    made = await campaigns.add(conn, caller, wanted, rendering=callback.rendering, now=now)
    return made.campaign


def _digest(definition: CallDefinition, callback: Callback | None, *, now: datetime) -> bytes:
    """It differs where `campaign_of` does."""
    written = definition.model_dump_json(include=set(CallDefinition.model_fields))
    posted = "" if callback is None else f" {callback.rendering} {callback.webhook.url}"
    return hashlib.sha256(f"{_monday(now)} {written}{posted}".encode()).digest()


def _monday(now: datetime) -> date:
    return now.date() - timedelta(days=now.weekday())


async def _with_version(
    conn: Connection, caller: Caller, definition: CallDefinition
) -> CallDefinition:
    """With the newest version of the tenant's own call flow, unless it states one.

    A campaign keeps the version with which it started, so calls of the next version get another.
    """
    flow = definition.call_flow
    if not isinstance(flow, OwnCallFlow) or flow.version is not None:
        return definition
    newest = await call_flows.newest_version(conn, tenant_id=caller.tenant_id, name=flow.name)
    return definition.model_copy(update={"call_flow": OwnCallFlow(name=flow.name, version=newest)})


async def _add(
    conn: Connection,
    caller: Caller,
    campaign_id: int,
    entry: Entry,
    *,
    until: datetime,
    now: datetime,
) -> InsertedContact:
    # The contact is judged by the destinations of its tenant.
    rows = Rows(default_region=None, default_zone=None, destinations=EVERYWHERE)
    row = rows.read(
        entry.number,
        zone=entry.zone,
        postal_code=entry.postal_code,
        country=entry.country,
        region=entry.region,
        external_id=entry.external_id,
        attributes=entry.attributes,
    )
    if not isinstance(row, Row):
        raise Refused(row.reason, REMEDIES[row.reason], field=(row.field,))
    key = caller.campaign(campaign_id)
    group_id = await calling_groups.find_in_campaign(conn, key, rows.groups[0])
    if group_id is None:
        [group_id] = await group_ids(conn, key, rows.groups)
    contact = NewContact(
        number=row.number,
        calling_group_id=group_id,
        external_id=row.external_id,
        attributes=row.attributes,
        expires_at=until,
        traceparent=traces.current(),
        requested_at=now,
    )
    added = await contacts.insert(conn, [contact], **key._asdict(), again=True)
    if not added:
        raise Refused("call_up", AT_THIS_MOMENT, retry_after=1)
    return added[0]
