"""Use cases that add contacts to a campaign: a short list, and the parts that files share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.api.campaigns import owned
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import campaign_ended
from shared.db import calling_groups, counters, locks, waiting_counts
from shared.db.api import contacts, tenants
from shared.db.api.campaigns import Campaign
from shared.db.api.contacts import NewContact
from shared.db.types import Connection
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.places.numbers import Numbers
from shared.intake.contact_rows import Fault, Row, Rows
from shared.intake.json_contacts import in_json

EXCLUDED = counters.FINISHED + Outcome.EXCLUDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contact to add, as the client writes it; `numbers` are those after the first."""

    number: str
    zone: str | None = None
    postal_code: str | None = None
    country: str | None = None
    region: str | None = None
    external_id: str | None = None
    attributes: dict[str, Any] | None = None
    expires_at: str | None = None
    numbers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The result of one entry of a list."""

    result: Literal["imported", "duplicate", "suppressed", "rejected"]
    contact_id: int | None = None
    fault: Fault | None = None


async def check_open(resources: Resources, caller: Caller, campaign_id: int) -> None:
    """Refuse before the file comes; its import checks again in its transaction."""
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        _refuse_over(await owned(conn, caller, campaign_id))


async def add(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    entries: Sequence[Entry],
    *,
    numbers: Numbers | None = None,
    now: datetime,
) -> list[Added]:
    """Add the valid entries; the results are in the order of the entries."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await fillable(conn, caller, campaign_id)
        rows = await rows_of(conn, caller, campaign, numbers=numbers, now=now)
        read = await asyncio.to_thread(_read, rows, entries)
        valid = [row for row in read if isinstance(row, Row)]
        await locks.lock_for_import(conn, campaign_id)
        ids = await group_ids(conn, caller.campaign(campaign_id), rows.groups)
        inserted = await contacts.insert(
            conn,
            [
                NewContact(
                    number=row.number,
                    calling_group_id=ids[row.group - 1],
                    external_id=row.external_id,
                    attributes=row.attributes,
                    expires_at=row.expires_at,
                    others=[(number, ids[group - 1]) for number, group in row.others],
                )
                for row in valid
            ],
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id,
        )
        excluded = sum(contact.state == "finished" for contact in inserted)
        await count(
            resources,
            conn,
            caller.campaign(campaign_id),
            inserted=len(inserted),
            excluded=excluded,
        )
        await waiting_counts.add(
            conn, [(contact.bucket, 1) for contact in inserted if contact.bucket is not None]
        )
    resources.record(after={"imported": len(inserted) - excluded, "suppressed": excluded})
    new = {contact.number: contact for contact in inserted}
    return [_added(row, new) for row in read]


def _read(rows: Rows, entries: Sequence[Entry]) -> list[Row | Fault]:
    """Takes so long that other requests come in between."""
    return [
        in_json(
            rows.read(
                entry.number,
                zone=entry.zone,
                postal_code=entry.postal_code,
                country=entry.country,
                region=entry.region,
                external_id=entry.external_id,
                attributes=entry.attributes,
                expires_at=entry.expires_at,
                others=entry.numbers,
            )
        )
        for entry in entries
    ]


def _added(row: Row | Fault, new: dict[str, contacts.InsertedContact]) -> Added:
    if isinstance(row, Fault):
        return Added(result="rejected", fault=row)
    contact = new.pop(row.number, None)
    if contact is None:
        return Added(result="duplicate")
    if contact.state == "finished":
        return Added(result="suppressed", contact_id=contact.id)
    return Added(result="imported", contact_id=contact.id)


async def fillable(conn: Connection, caller: Caller, campaign_id: int) -> Campaign:
    campaign = await kept(conn, caller, campaign_id)
    _refuse_over(campaign)
    return campaign


async def kept(conn: Connection, caller: Caller, campaign_id: int) -> Campaign:
    """The campaign, which is not completed or deleted until the transaction ends."""
    await owned(conn, caller, campaign_id)
    await locks.block_completion(conn, campaign_id)
    # Read again: the scheduler may have completed it before its completion was blocked.
    return await owned(conn, caller, campaign_id)


def _refuse_over(campaign: Campaign) -> None:
    if campaign.is_over:
        raise campaign_ended()


async def rows_of(
    conn: Connection,
    caller: Caller,
    campaign: Campaign,
    *,
    numbers: Numbers | None = None,
    now: datetime,
) -> Rows:
    definition = campaign.definition
    choices = await tenants.rules(conn, caller.tenant_id)
    return Rows(
        default_region=definition.default_region,
        default_zone=definition.default_zone,
        numbers=numbers,
        destinations=choices.called(),
        now=now,
    )


async def group_ids(
    conn: Connection, campaign: CampaignKey, groups: Sequence[CallingGroup]
) -> list[int]:
    """The ids of the groups in the same order; missing groups are inserted."""
    ids = await calling_groups.find(conn, groups)
    missing = set(groups) - ids.keys()
    if missing:
        await calling_groups.insert(conn, missing)
        ids |= await calling_groups.find(conn, missing)
    await calling_groups.add_to_campaign(conn, campaign, list(ids.values()))
    return [ids[group] for group in groups]


async def count(
    resources: Resources, conn: Connection, campaign: CampaignKey, *, inserted: int, excluded: int
) -> None:
    """Count contacts that were added, unless the campaign has too many now."""
    counts = [(campaign, counters.CONTACTS, inserted), (campaign, EXCLUDED, excluded)]
    await counters.add(conn, [count for count in counts if count[2]])
    await resources.quotas.refuse_overfull(conn, campaign)
