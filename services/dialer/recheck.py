"""A due attempt with its campaign and its rules, and whether it may be dialed at an instant."""

from dataclasses import dataclass
from datetime import datetime

from shared.db.campaign_runs import RunningCampaign
from shared.db.dialing import DueAttempt
from shared.db.person_calls import Person
from shared.domain.attempts import CallReference
from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.margins import RECHECK_AFTER, WINDOW_MARGIN
from shared.domain.capacity.scopes import Hierarchy
from shared.domain.decision.gates import Block, ContactFacts, first_block
from shared.domain.policy.blackouts import Blackout
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import MEANINGS, Reason

# Nothing stands against nearly all of them.
UNHINDERED = ContactFacts()


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
        return CallReference(self.run.tenant_id, self.due.id)

    @property
    def person(self) -> Person:
        return Person(self.run.tenant_id, self.due.number)


def facts_of(
    due: DueAttempt, run: RunningCampaign, rules: CallingRules, blackout: Blackout | None
) -> ContactFacts:
    """What is known before anybody looks at the calls to the person."""
    spent = rules.max_total is not None and due.attempt_number > rules.max_total
    hindered = due.suppressed or due.expires_at is not None or blackout is not None
    if run.wanted and not hindered and not spent:
        return UNHINDERED
    return ContactFacts(
        attempts=due.attempt_number - 1,
        expires_at=due.expires_at,
        suppressed_until=NEVER if due.suppressed else None,
        campaign_stopped=None if run.wanted else "not_wanted",
        blackout_until=None if blackout is None else blackout.ends_at,
        blackout=None if blackout is None else blackout.reason,
    )


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an attempt is not dialed, by which rule of law, and from when on it may be again."""

    reason: Reason
    retry_at: datetime
    rule: str | None = None


def recheck(candidate: Candidate, facts: ContactFacts, *, at: datetime) -> Blocked | None:
    """Why the attempt must not be dialed at this instant; None when it may be."""
    block = first_block(candidate.rules, facts, now=at)
    if block is not None:
        return _blocked(block, at=at)
    # Its span, as it was when it was claimed and as it is now, has to last a moment longer.
    span = candidate.rules.opening(now=at)
    closes_at = candidate.due.window_closes_at
    if span is None or min(closes_at, span.closes_at) <= at + WINDOW_MARGIN:
        return Blocked(Reason.WINDOW, at + WINDOW_MARGIN)
    return None


def _blocked(block: Block, *, at: datetime) -> Blocked:
    retry_at = at + WINDOW_MARGIN
    if MEANINGS[block.reason].is_personal and block.until is not None:
        retry_at = max(retry_at, min(block.until, at + RECHECK_AFTER))
    return Blocked(block.reason, retry_at, None if block.rule is None else block.rule.name)
