"""Whether a candidate may be dialed at an instant, and if not, by which reason and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.dialer.candidates import Candidate
from shared.domain.capacity.margins import RECHECK_AFTER, WINDOW_MARGIN
from shared.domain.decision.details import DestinationDetail
from shared.domain.decision.gates import Block, ContactFacts, first_block
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import MEANINGS, Reason


@dataclass(frozen=True, slots=True)
class Blocked:
    """The reason not to dial an attempt, and the time from which it may be tried.

    `rule` names the rule of law that stops it, or why the number is not called.
    """

    reason: Reason
    retry_at: datetime
    rule: str | None = None


def recheck(candidate: Candidate, facts: ContactFacts, *, at: datetime) -> Blocked | None:
    """Decide whether the attempt must not be dialed at this instant; None when it may be."""
    return _decided(candidate, first_block(candidate.rules, facts, now=at), at=at)


def recheck_all(
    candidates: Sequence[Candidate], *, at: datetime
) -> list[tuple[Candidate, Blocked | None]]:
    """The same for a batch: the gates are asked once about all candidates with the same facts.

    New contacts have the same facts, so a batch asks once for each of their calling groups.
    """
    asked: dict[tuple[CallingRules, int], Block | None] = {}
    answers = []
    for candidate in candidates:
        key = candidate.rules, id(candidate.facts)
        if key not in asked:
            asked[key] = first_block(candidate.rules, candidate.facts, now=at)
        answers.append((candidate, _decided(candidate, asked[key], at=at)))
    return answers


def _decided(candidate: Candidate, block: Block | None, *, at: datetime) -> Blocked | None:
    if block is not None:
        return _blocked(block, at=at)
    # The span of the claim and the span of now must both last a moment longer.
    span = candidate.rules.opening(now=at)
    closes_at = candidate.due.window_closes_at
    if span is None or min(closes_at, span.closes_at) <= at + WINDOW_MARGIN:
        return Blocked(Reason.WINDOW, at + WINDOW_MARGIN)
    return None


def _blocked(block: Block, *, at: datetime) -> Blocked:
    retry_at = at + WINDOW_MARGIN
    if MEANINGS[block.reason].is_personal and block.until is not None:
        retry_at = max(retry_at, min(block.until, at + RECHECK_AFTER))
    return Blocked(block.reason, retry_at, _name(block))


def _name(block: Block) -> str | None:
    if isinstance(block.detail, DestinationDetail):
        return block.detail.refused
    return None if block.rule is None else block.rule.name
