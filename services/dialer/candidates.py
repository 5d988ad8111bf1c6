"""Reads due attempts with all that decides on them: campaign, rules, black-outs, suppressions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.db import blackouts, campaign_runs, dialing
from shared.db.campaign_runs import RunningCampaign
from shared.db.dialing import DueAttempt
from shared.db.person_calls import Person
from shared.db.policies import Policies
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.capacity.scopes import Hierarchy
from shared.domain.decision.gates import NEW_CONTACT, ContactFacts
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.kafka.messages.attempts import AttemptDue
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.metrics import CLOCK_SKEW
from shared.runtime.process import now

# A clock further off than this against PostgreSQL's may open a window that is closed.
CLOCK_TOLERANCE = timedelta(seconds=2)


class ClockSkewError(ConnectionError):
    """The machine's clock and PostgreSQL's disagree: nothing is dialed until they agree."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due attempt with its campaign, its rules, and the facts but for the calls to the person."""

    due: DueAttempt
    run: RunningCampaign
    rules: CallingRules
    facts: ContactFacts

    @property
    def scopes(self) -> Hierarchy:
        return self.run.scopes

    @property
    def reference(self) -> CallReference:
        return self.due.reference

    @property
    def person(self) -> Person:
        return Person(self.run.tenant_id, self.due.number)


@dataclass(frozen=True, slots=True)
class CandidateReader:
    pool: Pool
    rulebook: RuleBook
    policies: Policies = field(default_factory=Policies)

    async def read(self, messages: Collection[AttemptDue]) -> list[Candidate]:
        """The attempts of these messages that are still claimed. Raises ClockSkewError."""
        references = {message.data.reference for message in messages}
        campaigns = {message.data.campaign for message in messages}
        async with self.pool.acquire() as conn:
            due = await dialing.due(conn, references)
            runs, database_now = await campaign_runs.current(conn, self.policies, campaigns)
            tenants = {run.tenant_id for run in runs.values()}
            in_force = await blackouts.in_force(conn, tenant_ids=tenants)
        _check_clock(now() - database_now)
        known: dict[tuple[int, int], tuple[CallingRules, Blackout | None]] = {}
        candidates = []
        for attempt in due:
            run, key = runs[attempt.campaign_id], (attempt.campaign_id, attempt.group_id)
            if key not in known:
                known[key] = self._rules(run, attempt.group, in_force)
            rules, blackout = known[key]
            facts = facts_of(attempt, run, rules, blackout)
            candidates.append(Candidate(attempt, run, rules, facts))
        return candidates

    def _rules(
        self, run: RunningCampaign, group: CallingGroup, in_force: Sequence[Blackout]
    ) -> tuple[CallingRules, Blackout | None]:
        """The rules and the black-out that all attempts of a campaign in a group have in common."""
        rules = self.rulebook.rules(run.policy, group)
        # A black-out that is planned may begin while the call is on its way.
        soon = now() + WINDOW_MARGIN
        blackout = blacked_out(
            in_force, tenant_id=run.tenant_id, jurisdictions=group.jurisdictions, now=soon
        )
        return rules, blackout


def facts_of(
    due: DueAttempt, run: RunningCampaign, rules: CallingRules, blackout: Blackout | None
) -> ContactFacts:
    """The facts that are known without the calls to the person."""
    spent = rules.max_total is not None and due.attempt_number > rules.max_total
    hindered = due.suppressed or due.expires_at is not None or blackout is not None
    if run.wanted and not hindered and not spent:
        return NEW_CONTACT
    return ContactFacts(
        attempts=due.attempt_number - 1,
        expires_at=due.expires_at,
        suppressed_until=NEVER if due.suppressed else None,
        campaign_stopped=None if run.wanted else "not_wanted",
        blackout_until=None if blackout is None else blackout.ends_at,
        blackout=None if blackout is None else blackout.reason,
    )


def _check_clock(skew: timedelta) -> None:
    CLOCK_SKEW.set(skew.total_seconds())
    if abs(skew) > CLOCK_TOLERANCE:
        raise ClockSkewError(f"clock is off by {skew.total_seconds():.1f} s")
