"""One campaign's claim: due contacts become attempts, or wait for what forbids to call them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.db import counters, person_calls, waiting_counts
from shared.db.calling_groups import Group
from shared.db.campaign_runs import RunningCampaign
from shared.db.person_calls import Person
from shared.db.scheduler import claims
from shared.db.scheduler.claims import (
    ClaimableGroup,
    ClaimedAttempt,
    DeferredContact,
    DueContact,
    NewAttempt,
)
from shared.db.types import Connection, Pool
from shared.domain.calendar.zones import tzdata_version
from shared.domain.capacity.margins import RECHECK_AFTER, WINDOW_MARGIN
from shared.domain.decision.gates import Block, ContactFacts, call_up_until, first_block
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import wait_after
from shared.domain.wait_buckets import WaitBucket, five_minutes_of
from shared.rulepacks.rulebook import RuleBook

# So many are decided on at a time at least.
LOOK_LEAST = 200


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A group whose contacts may be called now."""

    group: Group
    rules: CallingRules
    closes_at: datetime


@dataclass(slots=True)
class ClaimResult:
    """What came of a claim, and whether there may be more to claim."""

    more: bool = False
    claimed: list[ClaimedAttempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Claims:
    pool: Pool
    rulebook: RuleBook
    lease: timedelta

    def opened(
        self,
        campaign: RunningCampaign,
        groups: Iterable[Group],
        blackouts: Sequence[Blackout],
        *,
        now: datetime,
    ) -> list[OpenGroup]:
        """The open groups, the one that closes first in front: its contacts can wait least."""
        found = []
        for group in groups:
            rules = self.rulebook.rules(campaign.policy, group.calling)
            span = rules.opening(now=now)
            if span is None or span.opens_at > now or span.closes_at <= now + WINDOW_MARGIN:
                continue
            places = group.calling.jurisdictions
            if blacked_out(blackouts, tenant_id=campaign.tenant_id, jurisdictions=places, now=now):
                continue
            found.append(OpenGroup(group, rules, span.closes_at))
        return sorted(found, key=lambda each: (each.closes_at, each.group.id))

    async def take(
        self,
        campaign: RunningCampaign,
        opened: Sequence[OpenGroup],
        *,
        limit: int,
        callbacks: bool,
        now: datetime,
    ) -> ClaimResult:
        """Claim up to `limit` contacts: who is owed a callback, then groups as they close."""
        taken = ClaimResult()
        if callbacks:
            await self._claim_limited(campaign, opened, taken, limit=limit, callbacks=True, now=now)
        limited = [each for each in opened if each.rules.limits]
        free = [each for each in opened if not each.rules.limits]
        if limited and len(taken.claimed) < limit:
            await self._claim_limited(
                campaign, limited, taken, limit=limit, callbacks=False, now=now
            )
        if free and len(taken.claimed) < limit:
            await self._claim_unlimited(campaign, free, taken, limit=limit, now=now)
        return taken

    async def _claim_unlimited(
        self,
        campaign: RunningCampaign,
        opened: Sequence[OpenGroup],
        taken: ClaimResult,
        *,
        limit: int,
        now: datetime,
    ) -> None:
        """Where nothing depends on the person, one statement claims them."""
        wanted = limit - len(taken.claimed)
        async with self.pool.acquire() as conn, conn.transaction():
            claimed, buckets = await claims.claim(
                conn,
                tenant_id=campaign.tenant_id,
                campaign_id=campaign.id,
                groups=[
                    ClaimableGroup(each.group.id, each.closes_at, each.rules.versions)
                    for each in opened
                ],
                limit=wanted,
                tzdata_version=tzdata_version(),
                revisit_at=now + self.lease,
                now=now,
            )
            await _count(conn, campaign, claimed, [(bucket, -1) for bucket in buckets])
        taken.claimed += claimed
        taken.more = taken.more or len(claimed) == wanted

    async def _claim_limited(
        self,
        campaign: RunningCampaign,
        opened: Sequence[OpenGroup],
        taken: ClaimResult,
        *,
        limit: int,
        callbacks: bool,
        now: datetime,
    ) -> None:
        """Where it does, each is decided on, and waits if it must."""
        by_group = {each.group.id: each for each in opened}
        wanted = limit - len(taken.claimed)
        # Also where little is wanted: who must wait is found soon, and is not asked again.
        looked_at = max(wanted, LOOK_LEAST)
        async with self.pool.acquire() as conn, conn.transaction():
            due = await claims.lock_due(
                conn,
                tenant_id=campaign.tenant_id,
                campaign_id=campaign.id,
                groups=list(by_group),
                callbacks=callbacks,
                limit=looked_at,
                now=now,
            )
            if not due:
                return
            blocks = await self._blocks(conn, campaign, due, by_group, now=now)
            allowed = [each for each in due if each.id not in blocks][:wanted]
            deferred = [
                (each, _deferral(each, block, now=now))
                for each in due
                if (block := blocks.get(each.id))
            ]
            claimed = await claims.insert(
                conn,
                [
                    NewAttempt(
                        contact_id=each.id,
                        closes_at=by_group[each.calling_group_id].closes_at,
                        rules=by_group[each.calling_group_id].rules.versions,
                    )
                    for each in allowed
                ],
                tenant_id=campaign.tenant_id,
                campaign_id=campaign.id,
                tzdata_version=tzdata_version(),
                revisit_at=now + self.lease,
                now=now,
            )
            await claims.defer(
                conn, [deferral for _, deferral in deferred], tenant_id=campaign.tenant_id
            )
            left = [(each.bucket, -1) for each in (*allowed, *(each for each, _ in deferred))]
            arrived = [(_place(campaign, each, deferral), 1) for each, deferral in deferred]
            await _count(conn, campaign, claimed, left + arrived)
        taken.claimed += claimed
        taken.more = taken.more or len(due) == looked_at or len(claimed) == wanted

    async def _blocks(
        self,
        conn: Connection,
        campaign: RunningCampaign,
        due: Sequence[DueContact],
        by_group: dict[int, OpenGroup],
        *,
        now: datetime,
    ) -> dict[int, Block]:
        """By contact, what forbids to call it; the dialer asks again, with the person locked."""
        persons = {each.id: Person(campaign.tenant_id, each.number) for each in due}
        calls = await person_calls.of_persons(conn, set(persons.values()), now=now)
        blocks = {}
        for each in due:
            known = calls.get(persons[each.id])
            rules = by_group[each.calling_group_id].rules
            if not known or not rules.limits:
                continue
            facts = ContactFacts(calls=known, call_up_until=call_up_until(known, now=now))
            block = first_block(rules, facts, now=now)
            if block is not None:
                blocks[each.id] = block
        return blocks


def _deferral(contact: DueContact, block: Block, *, now: datetime) -> DeferredContact:
    # What was asked is of the kind that ends; a window that closed meanwhile opens again.
    until = min(block.until or now + timedelta(minutes=1), now + RECHECK_AFTER)
    waits_for = wait_after(block.reason, before=contact.bucket.waits_for)
    return DeferredContact(contact_id=contact.id, until=until, waits_for=waits_for)


def _place(campaign: RunningCampaign, contact: DueContact, deferral: DeferredContact) -> WaitBucket:
    five_minutes = five_minutes_of(deferral.until)
    return WaitBucket(*campaign.key, contact.calling_group_id, deferral.waits_for, five_minutes)


async def _count(
    conn: Connection,
    campaign: RunningCampaign,
    claimed: Sequence[ClaimedAttempt],
    changes: Sequence[tuple[WaitBucket, int]],
) -> None:
    if claimed:
        await counters.add(conn, [(campaign.key, counters.ATTEMPTS, len(claimed))])
    await waiting_counts.add(conn, changes)
