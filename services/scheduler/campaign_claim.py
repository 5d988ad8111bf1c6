"""The claim of one campaign: each due contact becomes an attempt, or waits while it is blocked."""

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
from shared.domain.decision.gates import (
    NEW_CONTACT,
    Block,
    ContactFacts,
    first_block,
)
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import wait_after
from shared.domain.spend import reached
from shared.domain.wait_buckets import WaitBucket, five_minutes_of
from shared.rulepacks.rulebook import RuleBook

# At least so many contacts are decided on at a time.
LOOK_LEAST = 200


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A group whose contacts may be called now."""

    group: Group
    rules: CallingRules
    closes_at: datetime


@dataclass(slots=True)
class ClaimResult:
    """The claimed attempts, and whether there may be more to claim."""

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
        """The groups that every gate lets through, in the order of closing.

        The gates are asked about a new contact: a reason that keeps a whole group from being
        called keeps its contacts from being claimed.
        """
        open_groups, outages = [], campaign.outages
        spend = reached(campaign.spend)
        for group in groups:
            rules = self.rulebook.rules(campaign.policy, group.calling)
            span = rules.opening(now=now)
            if span is None or span.opens_at > now or span.closes_at <= now + WINDOW_MARGIN:
                continue
            places = group.calling.jurisdictions
            blackout = blacked_out(
                blackouts, tenant_id=campaign.tenant_id, jurisdictions=places, now=now
            )
            facts = NEW_CONTACT
            no_caller_id = campaign.policy.no_caller_id
            if no_caller_id or spend or blackout or outages:
                facts = ContactFacts(
                    blackout_until=None if blackout is None else blackout.ends_at,
                    outages=outages,
                    no_caller_id=no_caller_id,
                    spend=spend,
                )
            if first_block(rules, facts, now=now) is None:
                open_groups.append(OpenGroup(group, rules, span.closes_at))
        return sorted(open_groups, key=lambda group: (group.closes_at, group.group.id))

    async def take(
        self,
        campaign: RunningCampaign,
        opened: Sequence[OpenGroup],
        *,
        limit: int,
        callbacks: bool,
        now: datetime,
    ) -> ClaimResult:
        """Claim up to `limit` contacts: due callbacks first, then groups in the given order."""
        result = ClaimResult()
        if callbacks:
            await self._claim_limited(
                campaign, opened, result, limit=limit, callbacks=True, now=now
            )
        limited = [group for group in opened if group.rules.limits]
        free = [group for group in opened if not group.rules.limits]
        if limited and len(result.claimed) < limit:
            await self._claim_limited(
                campaign, limited, result, limit=limit, callbacks=False, now=now
            )
        if free and len(result.claimed) < limit:
            await self._claim_unlimited(campaign, free, result, limit=limit, now=now)
        return result

    async def _claim_unlimited(
        self,
        campaign: RunningCampaign,
        opened: Sequence[OpenGroup],
        result: ClaimResult,
        *,
        limit: int,
        now: datetime,
    ) -> None:
        """Claim by one statement, in groups without a limit on the calls to a person."""
        wanted = limit - len(result.claimed)
        async with self.pool.acquire() as conn, conn.transaction():
            claimed, buckets = await claims.claim(
                conn,
                tenant_id=campaign.tenant_id,
                campaign_id=campaign.id,
                backup_id=campaign.backup_id,
                groups=[
                    ClaimableGroup(group.group.id, group.closes_at, group.rules.versions)
                    for group in opened
                ],
                limit=wanted,
                tzdata_version=tzdata_version(),
                revisit_at=now + self.lease,
                now=now,
            )
            await _count(conn, campaign, claimed, [(bucket, -1) for bucket in buckets])
        result.claimed += claimed
        result.more = result.more or len(claimed) == wanted

    async def _claim_limited(
        self,
        campaign: RunningCampaign,
        opened: Sequence[OpenGroup],
        result: ClaimResult,
        *,
        limit: int,
        callbacks: bool,
        now: datetime,
    ) -> None:
        """Decide on each contact, in groups that limit the calls to a person; blocked ones wait."""
        by_group = {group.group.id: group for group in opened}
        wanted = limit - len(result.claimed)
        # Also if few are wanted: contacts that must wait are found soon and not read again.
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
            allowed = [contact for contact in due if contact.id not in blocks][:wanted]
            deferred = [
                (contact, _deferral(contact, block, now=now))
                for contact in due
                if (block := blocks.get(contact.id))
            ]
            claimed = await claims.insert(
                conn,
                [
                    NewAttempt(
                        contact_id=contact.id,
                        closes_at=by_group[contact.calling_group_id].closes_at,
                        rules=by_group[contact.calling_group_id].rules.versions,
                    )
                    for contact in allowed
                ],
                tenant_id=campaign.tenant_id,
                campaign_id=campaign.id,
                backup_id=campaign.backup_id,
                tzdata_version=tzdata_version(),
                revisit_at=now + self.lease,
                now=now,
            )
            await claims.defer(
                conn, [deferral for _, deferral in deferred], tenant_id=campaign.tenant_id
            )
            taken = {attempt.contact_id for attempt in claimed}
            gone = [contact for contact in allowed if contact.id in taken]
            left = [
                (contact.bucket, -1) for contact in (*gone, *(contact for contact, _ in deferred))
            ]
            arrived = [(_bucket(campaign, contact, deferral), 1) for contact, deferral in deferred]
            await _count(conn, campaign, claimed, left + arrived)
        result.claimed += claimed
        result.more = result.more or len(due) == looked_at or len(claimed) == wanted

    async def _blocks(
        self,
        conn: Connection,
        campaign: RunningCampaign,
        due: Sequence[DueContact],
        by_group: dict[int, OpenGroup],
        *,
        now: datetime,
    ) -> dict[int, Block]:
        """The blocks by contact id. The dialer decides again, when the attempt holds the number."""
        persons = {contact.id: Person(campaign.tenant_id, contact.number) for contact in due}
        calls = await person_calls.of_persons(conn, set(persons.values()), now=now)
        blocks = {}
        for contact in due:
            known = calls.get(persons[contact.id])
            rules = by_group[contact.calling_group_id].rules
            if not known or not rules.limits:
                continue
            block = first_block(rules, ContactFacts(calls=known), now=now)
            if block is not None:
                blocks[contact.id] = block
        return blocks


def _deferral(contact: DueContact, block: Block, *, now: datetime) -> DeferredContact:
    # The gates that were asked all end; a window that closed meanwhile opens again.
    until = min(block.until or now + timedelta(minutes=1), now + RECHECK_AFTER)
    waits_for = wait_after(block.reason, before=contact.bucket.waits_for)
    return DeferredContact(contact_id=contact.id, until=until, waits_for=waits_for)


def _bucket(
    campaign: RunningCampaign, contact: DueContact, deferral: DeferredContact
) -> WaitBucket:
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
