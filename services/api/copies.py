"""Use cases that make a campaign out of another: a clone, and one that calls its people again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from services.api import campaigns
from services.api.campaigns import Written
from services.api.edits import READ, not_editable
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import count
from services.api.refusals import Refused, refusing_invalid
from shared.db import calling_groups, waiting_counts
from shared.db.api import copies
from shared.db.types import Connection
from shared.definitions.edit import READ_BY, changes
from shared.definitions.merge import MergePatch
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome

NOBODY = "no contact of the campaign is finished with one of these outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """The new draft, and how many contacts it has of the other campaign."""

    written: Written
    contacts: int


async def clone(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    patch: MergePatch,
    *,
    with_contacts: bool,
    now: datetime,
) -> Copied:
    """A draft with the same definition but for the patch, and with all contacts if wanted."""
    # Many contacts take as long as an import, and must not take the connections of a pause.
    async with (
        resources.import_slots.slot(caller.tenant_id),
        resources.pool.transaction(caller.tenant_id) as conn,
    ):
        written = await _copy(conn, caller, campaign_id, patch, with_people=with_contacts, now=now)
        copied = 0
        if with_contacts:
            to = caller.campaign(written.campaign.id)
            copied = await _copy_people(resources, conn, caller.campaign(campaign_id), to, None)
    return _recorded(resources, Copied(written=written, contacts=copied))


async def redial(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    patch: MergePatch,
    *,
    outcomes: Collection[Outcome],
    now: datetime,
) -> Copied:
    """A draft with the contacts that are finished with one of the outcomes.

    The first campaign stays as it is: its counters are only added to, and each of its contacts
    ended once.
    """
    async with (
        resources.import_slots.slot(caller.tenant_id),
        resources.pool.transaction(caller.tenant_id) as conn,
    ):
        written = await _copy(conn, caller, campaign_id, patch, with_people=True, now=now)
        source, to = caller.campaign(campaign_id), caller.campaign(written.campaign.id)
        copied = await _copy_people(resources, conn, source, to, outcomes)
        if not copied:
            raise Refused("no_contacts", NOBODY)
    return _recorded(resources, Copied(written=written, contacts=copied))


def _recorded(resources: Resources, copied: Copied) -> Copied:
    """The audit log has the new campaign and not the one of the address."""
    campaign = copied.written.campaign
    resources.record(after=campaign.definition, resource_id=str(campaign.id))
    return copied


async def _copy(
    conn: Connection,
    caller: Caller,
    campaign_id: int,
    patch: MergePatch,
    *,
    with_people: bool,
    now: datetime,
) -> Written:
    original = (await campaigns.owned(conn, caller, campaign_id)).definition
    with refusing_invalid():
        definition = patch.edited(original)
    if with_people and (read_by := changes(original, definition) & READ_BY):
        raise not_editable(read_by, READ)
    return await campaigns.add(conn, caller, definition, now=now)


async def _copy_people(
    resources: Resources,
    conn: Connection,
    source: CampaignKey,
    to: CampaignKey,
    outcomes: Collection[Outcome] | None,
) -> int:
    """Copy contacts, as new as if they were imported, and the campaign's own suppressions."""
    await copies.suppressions(conn, source, to.campaign_id)
    buckets = await copies.contacts(conn, source, to.campaign_id, outcomes)
    groups = sorted({bucket.calling_group_id for bucket, _, _ in buckets})
    await calling_groups.add_to_campaign(conn, to, groups)
    copied = sum(contacts for _, contacts, _ in buckets)
    excluded = sum(contacts for _, contacts, is_excluded in buckets if is_excluded)
    await count(resources, conn, to, inserted=copied, excluded=excluded)
    waiting = [(bucket, contacts) for bucket, contacts, is_excluded in buckets if not is_excluded]
    await waiting_counts.add(conn, waiting)
    return copied
