"""Decides for each due attempt whether it is dialed now, later or not at all."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from services.dialer.compare_and_set import commit
from services.dialer.desk import CallDesk
from services.dialer.permits.permits import PERMIT_SECONDS, Permits, Refusal
from services.dialer.provider_events import EventsAddress
from services.dialer.providers.protocol import Originate, Provider
from services.dialer.providers.trunks import Trunks, UnusableTrunkError
from services.dialer.recheck import Blocked, Candidate, facts_of, recheck
from shared.db import blackouts, campaign_runs, dialing
from shared.db.campaign_runs import RunningCampaign
from shared.db.policies import Policies
from shared.db.types import Pool
from shared.domain.attempts import AttemptState
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.capacity.scopes import INSTALLATION, Caps, Scope
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import Reason
from shared.kafka.messages.attempts import AttemptDue
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import (
    ATTEMPTS_DIALING,
    ATTEMPTS_HANDED_BACK,
    ATTEMPTS_RECEIVED,
    CLOCK_SKEW,
)
from shared.runtime.process import now
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

# A compare-and-set that took longer may be older than a pause; what it won is not dialed.
COMMIT_SECONDS = 0.5
# A trunk that is mended is tried again after this.
NO_TRUNK_DELAY = timedelta(seconds=60)
# So few that their compare-and-set is committed well within a permit's life.
AT_ONCE = 250
# A clock further off than this against PostgreSQL's may open a window that is closed.
CLOCK_TOLERANCE = timedelta(seconds=2)


class ClockSkewError(ConnectionError):
    """The machine's clock and PostgreSQL's disagree: nothing is dialed until they agree."""


@dataclass(frozen=True, slots=True)
class AttemptDialer:
    pool: Pool
    permits: Permits
    desk: CallDesk
    trunks: Trunks
    rulebook: RuleBook
    installation: Caps
    events: EventsAddress
    reconcile: timedelta
    policies: Policies = field(default_factory=Policies)

    async def on_attempts_due(self, messages: list[AttemptDue]) -> None:
        """Read, decide, ask for permits, compare and set, dial: in this order for all at once."""
        ATTEMPTS_RECEIVED.inc(len(messages))
        at = now()
        wanted, unwanted = [], []
        for candidate in await self._candidates(messages):
            reason = recheck(candidate, candidate.facts, at=at)
            if reason is None:
                wanted.append(candidate)
            else:
                unwanted.append((candidate, reason))
        await self._drop(unwanted)
        # Side by side, because each is a chain of round trips in which nobody works.
        slices = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
        done = await asyncio.gather(*map(self._dial, slices), return_exceptions=True)
        # Raised when all have ended: the batch comes again, and a slice must not meet itself.
        for error in done:
            if error is not None:
                raise error

    async def _candidates(self, messages: list[AttemptDue]) -> list[Candidate]:
        ids = {message.data.attempt_id for message in messages}
        campaign_ids = {message.data.campaign_id for message in messages}
        async with self.pool.acquire() as conn:
            due = await dialing.due(conn, list(ids))
            runs, database_now = await campaign_runs.current(conn, self.policies, campaign_ids)
            tenants = {run.tenant_id for run in runs.values()}
            shut = await blackouts.in_force(conn, tenant_ids=tenants)
        skew = now() - database_now
        CLOCK_SKEW.set(skew.total_seconds())
        if abs(skew) > CLOCK_TOLERANCE:
            raise ClockSkewError(f"clock is off by {skew.total_seconds():.1f} s")
        known: dict[tuple[int, int], tuple[CallingRules, Blackout | None]] = {}
        candidates = []
        for each in due:
            run, key = runs[each.campaign_id], (each.campaign_id, each.group_id)
            if key not in known:
                known[key] = self._rules(run, each.group, shut)
            rules, blackout = known[key]
            candidates.append(Candidate(each, run, rules, facts_of(each, run, rules, blackout)))
        return candidates

    def _rules(
        self, run: RunningCampaign, group: CallingGroup, shut: Sequence[Blackout]
    ) -> tuple[CallingRules, Blackout | None]:
        """What all attempts of a campaign in a group have in common."""
        rules = self.rulebook.rules(run.policy, group)
        places = group.jurisdictions
        # One that is planned begins while the call is on its way.
        soon = now() + WINDOW_MARGIN
        return rules, blacked_out(shut, tenant_id=run.tenant_id, jurisdictions=places, now=soon)

    async def _drop(self, stopped: Sequence[tuple[Candidate, Blocked]]) -> None:
        await asyncio.gather(
            *(
                self.desk.drop(
                    each.reference,
                    reason.reason,
                    AttemptState.CLAIMED,
                    retry_at=reason.retry_at,
                    stopped_by=reason.rule,
                )
                for each, reason in stopped
            )
        )

    async def _dial(self, wanted: list[Candidate]) -> None:
        providers = await self._providers(wanted)
        wanted = [each for each in wanted if each.run.trunk_id in providers]
        asked_at = time.monotonic()
        granted = await self._permitted(wanted, providers)
        if not granted:
            return
        if time.monotonic() - asked_at > PERMIT_SECONDS:
            await self._give_back(granted)
            return
        at = now()
        open_now = [each for each in granted if recheck(each, each.facts, at=at) is None]
        committing_at = time.monotonic()
        committed = await commit(self.pool, open_now, reconcile=self.reconcile)
        passing(Failpoint.AFTER_DIALING)
        ATTEMPTS_DIALING.inc(len(committed.ids))
        await self._drop(committed.stopped)
        won = [each for each in granted if each.due.id in committed.ids]
        settled = committed.ids | {each.due.id for each, _ in committed.stopped}
        lost = [each for each in granted if each.due.id not in settled]
        if time.monotonic() - asked_at > PERMIT_SECONDS / 2:
            asked_at = time.monotonic()
            won = await self._permit_again(won, providers, committing_at=committing_at)
        for each in won:
            self._originate(providers[each.run.trunk_id], each, asked_at=asked_at)
        if lost:
            # Paused, suppressed, closed or taken by another a moment ago: looked at again.
            await self._give_back(lost)

    async def _providers(self, wanted: list[Candidate]) -> dict[int, Provider]:
        """By trunk; attempts for a trunk that leads nowhere are dropped, not left to fill caps."""
        providers: dict[int, Provider] = {}
        for trunk_id in {each.run.trunk_id for each in wanted}:
            try:
                providers[trunk_id] = await self.trunks.provider(trunk_id)
            except UnusableTrunkError as error:
                extra = {"trunk_id": trunk_id, "reason": str(error)}
                logger.error("trunk not usable", extra=extra)
        await asyncio.gather(
            *(
                self.desk.drop(
                    each.reference,
                    Reason.REFUSED,
                    AttemptState.CLAIMED,
                    retry_at=now() + NO_TRUNK_DELAY,
                )
                for each in wanted
                if each.run.trunk_id not in providers
            )
        )
        return providers

    async def _permit_again(
        self, won: list[Candidate], providers: Mapping[int, Provider], *, committing_at: float
    ) -> list[Candidate]:
        """A slow commit has used up the permits: those that get no other are not dialed."""
        late = time.monotonic() - committing_at > COMMIT_SECONDS
        answers: list[Refusal | None]
        try:
            answers = await self.permits.acquire(
                [(each.reference, each.scopes) for each in won], self._caps(won, providers)
            )
        except TRANSIENT:
            answers = [Refusal(0, "lost")] * len(won)
        pairs = list(zip(won, answers, strict=True))
        await asyncio.gather(
            *(
                self.desk.drop(
                    each.reference, Reason.PERMIT_EXPIRED, AttemptState.DIALING, retry_at=now()
                )
                for each, refusal in pairs
                if refusal or late
            )
        )
        return [each for each, refusal in pairs if not (refusal or late)]

    async def _permitted(
        self, wanted: list[Candidate], providers: Mapping[int, Provider]
    ) -> list[Candidate]:
        answers = await self.permits.acquire(
            [(each.reference, each.scopes) for each in wanted], self._caps(wanted, providers)
        )
        granted, later, times = [], [], []
        for each, refusal in zip(wanted, answers, strict=True):
            if refusal is None:
                granted.append(each)
                continue
            ATTEMPTS_HANDED_BACK.labels(refusal.scope).inc()
            later.append(each.due.id)
            times.append(now() + timedelta(seconds=refusal.seconds))
        if later:
            await dialing.hand_back(self.pool, later, times)
        return granted

    def _originate(self, provider: Provider, each: Candidate, *, asked_at: float) -> None:
        definition = each.run.policy.definition
        request = Originate(
            reference=each.reference,
            to=each.due.number,
            caller_id=definition.caller_id,
            call_flow=definition.call_flow,
            events_url=self.events.of_trunk(each.run.trunk_id),
            ring_seconds=each.rules.ring_seconds,
        )
        self.desk.dial(provider, request, each.scopes, asked_at=asked_at)

    async def _give_back(self, candidates: Sequence[Candidate]) -> None:
        """Have attempts that were not dialed looked at again at once, if they are still claimed.

        Each keeps its lease: whoever dials it meanwhile holds the same one, and what is dropped
        instead is swept.
        """
        ids = [each.due.id for each in candidates]
        await dialing.hand_back(self.pool, ids, [now()] * len(ids))

    def _caps(
        self, candidates: Sequence[Candidate], providers: Mapping[int, Provider]
    ) -> dict[Scope, Caps]:
        caps = {INSTALLATION: self.installation}
        for run in {each.run.id: each.run for each in candidates}.values():
            caps |= run.caps
            trunk, provider = Scope("trunk", run.trunk_id), providers[run.trunk_id]
            # The provider judges the trunk's rate by its own span; all other caps keep ours.
            caps[trunk] = replace(caps[trunk], rate_span=provider.capabilities.rate_span)
        return caps
