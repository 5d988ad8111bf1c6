"""Use case of VoiceAIWrapper's leads: change some by their numbers, each with its own result."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import kept
from services.api.suppressions import EXCLUDED, count_settled
from shared.db import counters
from shared.db.api import contact_times, exclusions, leads, suppressions
from shared.db.api.leads import Lead
from shared.db.api.suppressions import ALL_CAMPAIGNS
from shared.db.types import Connection
from shared.definitions.merge import merged
from shared.dialects.voiceaiwrapper import answered
from shared.domain.campaigns import CampaignKey
from shared.domain.contacts import ContactState
from shared.domain.outcomes import Outcome
from shared.domain.places.numbers import InvalidNumber, parse_number
from shared.domain.policy.attempt_policy import within_budget
from shared.domain.policy.suppression import put_off
from shared.domain.wait_buckets import WaitBucket
from shared.intake.csv_file import LONGEST_CELL

REASON = "do_not_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadUpdate:
    """`attributes` are merged with those of before; null takes one away."""

    number: str
    attributes: Mapping[str, Any]
    do_not_call: bool | None
    mark_as_unanswered: bool


@dataclass(frozen=True, slots=True)
class UpdateResult:
    message: str
    is_done: bool = False


DONE = UpdateResult("Lead updated successfully", is_done=True)
NOT_A_LEAD = UpdateResult("Lead not found")
TOO_LONG = UpdateResult("All fields of a lead together must not be longer than 64 KiB")
NOT_ANSWERED = UpdateResult("Lead is not answered")
NO_ATTEMPTS = UpdateResult("Lead has no call attempts left; raise max_call_attempts first")
ENDED = UpdateResult("Lead is not called again: the campaign is completed or cancelled")
OPTED_OUT = UpdateResult("Lead opted out; only Outdial's own API lifts a suppression")


async def update(
    resources: Resources,
    conn: Connection,
    caller: Caller,
    campaign_id: int,
    updates: Sequence[LeadUpdate],
    *,
    voicemail_too: bool,
    now: datetime,
) -> list[UpdateResult]:
    """Change the leads in one transaction; an update that is not possible only lets one opt out.

    So people opt out of a campaign that has ended, too; it only calls nobody again.
    """
    campaign = await kept(conn, caller, campaign_id)
    key = caller.campaign(campaign.id)
    numbers = [_e164(change.number) for change in updates]
    opted_out = await _suppress(conn, key, updates, numbers)
    # All at once, and before any of them is changed: in the order of locks (shared/db/locks.py).
    found = await leads.lock(conn, key, numbers, everywhere=opted_out)
    settled = await exclusions.settle(
        conn, tenant_id=key.tenant_id, campaign_id=ALL_CAMPAIGNS, numbers=opted_out, now=now
    )
    reached = answered(voicemail_too=voicemail_too)
    changes = _Changes(conn, key, found, reached, now, has_ended=campaign.is_over)
    results = [
        await changes.apply(change, number) for change, number in zip(updates, numbers, strict=True)
    ]
    await leads.set_attributes(conn, key.tenant_id, changes.attributes)
    # That of the leads that opt out is locked with them, in its order.
    await counters.take(conn, key, {**changes.uncounted, EXCLUDED: 0})
    await count_settled(conn, settled, changes.waiting)
    resources.record(
        after={
            "updated": results.count(DONE),
            "suppressed": len(opted_out),
            "requeued": len(changes.waiting),
        }
    )
    return results


def _e164(text: str) -> str:
    """The number of a lead; what is no number is on no lead."""
    parsed = parse_number(text, default_region=None)
    return "" if isinstance(parsed, InvalidNumber) else parsed.e164


async def _suppress(
    conn: Connection, campaign: CampaignKey, updates: Sequence[LeadUpdate], numbers: Sequence[str]
) -> list[str]:
    """Suppress leads that opt out, in all campaigns and for good; returns their numbers."""
    wanted = {number for change, number in zip(updates, numbers, strict=True) if change.do_not_call}
    opted_out = sorted(await leads.numbers_of(conn, campaign, list(wanted)))
    for number in opted_out:
        await suppressions.put(
            conn,
            tenant_id=campaign.tenant_id,
            campaign_id=ALL_CAMPAIGNS,
            number=number,
            reason=REASON,
            expires_at=None,
        )
    return opted_out


@dataclass(slots=True)
class _Changes:
    """Changes of locked leads: their `attributes` by id, and what the counters say of them."""

    conn: Connection
    campaign: CampaignKey
    leads: dict[str, Lead]
    answered: Collection[Outcome]
    now: datetime
    has_ended: bool
    attributes: dict[int, str | None] = field(default_factory=dict)
    uncounted: Counter[str] = field(default_factory=Counter)
    waiting: list[tuple[WaitBucket, int]] = field(default_factory=list)

    async def apply(self, change: LeadUpdate, number: str) -> UpdateResult:
        lead = self.leads.get(number)
        if lead is None:
            return NOT_A_LEAD
        if change.do_not_call is False and lead.is_suppressed:
            return OPTED_OUT
        known = merged(orjson.loads(lead.attributes or "{}"), change.attributes)
        text = orjson.dumps(known).decode() if known else None
        if text is not None and len(text) > LONGEST_CELL:
            return TOO_LONG
        if change.mark_as_unanswered:
            fault = await self._requeue(lead)
            if fault is not None:
                return fault
            lead = replace(lead, state=ContactState.PENDING, outcome=None)
        self.leads[number] = replace(lead, attributes=text)
        self.attributes[lead.id] = text
        return DONE

    async def _requeue(self, lead: Lead) -> UpdateResult | None:
        """Let a lead that was answered wait for another call, within its budget of calls."""
        if self.has_ended:
            return ENDED
        if lead.state != ContactState.FINISHED or lead.outcome not in self.answered:
            return NOT_ANSWERED
        tenant_id = self.campaign.tenant_id
        timed = await contact_times.get(self.conn, tenant_id=tenant_id, contact_id=lead.id)
        policy = timed.policy
        if timed.attempts >= policy.max_total:
            return NO_ATTEMPTS
        due = self.now if timed.ended_at is None else timed.ended_at + policy.min_gap
        again = put_off(
            within_budget(policy, timed.history, tuple(timed.zones), max(self.now, due)),
            timed.suppressed_until,
        )
        if again is None:
            return OPTED_OUT
        await leads.requeue(self.conn, tenant_id, lead.id, again)
        self.uncounted[f"{counters.FINISHED}{lead.outcome}"] += 1
        moved = replace(timed, not_before=again.not_before, waits_for=again.waits_for)
        self.waiting.append((moved.bucket, 1))
        return None
