"""Use case of an edit: whole parts of a campaign are replaced, in one transaction."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.api import agents, number_pools
from services.api.caller_ids import refuse_foreign
from services.api.campaigns import (
    Written,
    add_webhook,
    allowed_trunks,
    played_flow,
    refuse_busy,
    refuse_foreign_sender,
    refuse_never_open,
    refuse_other_currency,
    refuse_unknown_region,
)
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import (
    InvalidField,
    Refused,
    campaign_ended,
    invalid,
    not_found,
    refusing_invalid,
)
from services.api.versions import ANYTHING, Seen
from shared.db.api import campaigns, contacts, single_calls, webhook_endpoints
from shared.db.api.campaigns import Campaign
from shared.db.types import Connection
from shared.definitions.call import CallDefinition
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.edit import DRAFT_ONLY, PLANNED_BY, READ_BY, CampaignEdit, changes
from shared.definitions.merge import MergePatch
from shared.domain.campaigns import CampaignKey

STARTED = "can be changed only while the campaign is a draft"
READ = (
    "contacts were read by it and would stay as they are; "
    "delete the draft, and create it anew with the right one"
)


async def edit(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    wanted: CampaignEdit | MergePatch,
    *,
    seen: Seen = ANYTHING,
    now: datetime,
) -> Written:
    """The new definition holds from the commit on, also for attempts that were claimed before."""
    key = caller.campaign(campaign_id)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await campaigns.lock(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if campaign is None:
            raise not_found("campaign")
        seen.check(campaign)
        if campaign.is_over:
            raise campaign_ended()
        with refusing_invalid():
            definition = wanted.edited(campaign.definition)
        changed = changes(campaign.definition, definition)
        resources.record(before=campaign.definition, after=definition)
        if not changed:
            return Written(campaign=campaign, secret=None)
        # An edit of another part is allowed after the last date.
        if "calendar" in changed:
            refuse_never_open(definition, now=now)
        await _refuse_fixed(conn, key, campaign, definition, changed)
        await _refuse_foreign(conn, caller, definition, changed)
        await campaigns.edit(conn, key, definition, api_key_id=caller.own_key_id)
        if changed & CallDefinition.model_fields.keys():
            await single_calls.mark(conn, key, digest=None)
        if changed & PLANNED_BY and not campaign.is_draft:
            await campaigns.replan(conn, key)
        if "number_pool" in changed:
            pool_id = await number_pools.named(conn, caller, definition.number_pool)
            await campaigns.set_number_pool(conn, key, pool_id)
        if changed & {"trunk", "agent"}:
            await _set_trunks(conn, caller, key, definition)
        flow_version = campaign.call_flow_version
        if changed & {"call_flow", "machine", "sms"}:
            flow_version = await _set_flow(conn, caller, campaign, definition, changed)
        secret = await _set_webhook(conn, key, definition) if "webhook" in changed else None
    edited = replace(
        campaign, name=definition.name, definition=definition, call_flow_version=flow_version
    )
    return Written(campaign=edited, secret=secret)


async def _refuse_fixed(
    conn: Connection,
    key: CampaignKey,
    campaign: Campaign,
    definition: CampaignDefinition,
    changed: set[str],
) -> None:
    """Refuse parts that may not change any more, each by its name."""
    if not campaign.is_draft and (fixed := changed & DRAFT_ONLY):
        raise not_editable(fixed, STARTED)
    if read_by := changed & READ_BY:
        refuse_unknown_region(definition)
        # An import that is under way reads its rows by the old part.
        await refuse_busy(conn, key)
        if await contacts.any_in(conn, key):
            raise not_editable(read_by, READ)


async def _refuse_foreign(
    conn: Connection, caller: Caller, definition: CampaignDefinition, changed: set[str]
) -> None:
    """Refuse parts that name what is not the tenant's."""
    if "caller_id" in changed:
        await refuse_foreign(conn, caller, definition.caller_id)
    if "spend_ceiling" in changed:
        await refuse_other_currency(conn, caller, definition)
    if "sms" in changed:
        await refuse_foreign_sender(conn, caller, definition)


async def _set_trunks(
    conn: Connection, caller: Caller, key: CampaignKey, definition: CampaignDefinition
) -> None:
    """The trunks, and the agent: it is at the provider of the trunk."""
    trunk_ids = await allowed_trunks(conn, caller, definition)
    await campaigns.route(conn, key, trunk_ids)
    agent_id = await agents.named(conn, caller, definition.agent, trunk_ids=trunk_ids)
    await campaigns.set_agent(conn, key, agent_id)


async def _set_flow(
    conn: Connection,
    caller: Caller,
    campaign: Campaign,
    definition: CampaignDefinition,
    changed: set[str],
) -> int | None:
    """Returns the version of the flow, if it is fixed. A campaign that was started keeps it."""
    is_other = "call_flow" in changed
    fixed = None if is_other else campaign.call_flow_version
    flow = await played_flow(conn, caller, definition, fixed_version=fixed)
    if is_other:
        await campaigns.play(conn, caller.campaign(campaign.id), flow)
        return None if flow is None else flow.version
    return campaign.call_flow_version


def not_editable(names: Iterable[str], detail: str) -> Refused:
    errors = [InvalidField(code="not_editable", detail=detail, field=(name,)) for name in names]
    return invalid(sorted(errors, key=lambda error: error.field or ()))


async def _set_webhook(
    conn: Connection, key: CampaignKey, definition: CampaignDefinition
) -> str | None:
    """Another address keeps the secret; a secret is returned for a new endpoint only."""
    if definition.webhook is None:
        await webhook_endpoints.delete(conn, key)
        return None
    webhook = definition.webhook
    if await webhook_endpoints.redirect(conn, key, url=webhook.url, event_types=webhook.chosen):
        return None
    return await add_webhook(conn, key, definition.webhook)
