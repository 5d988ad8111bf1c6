"""Whether a queued message may be sent at an instant, by the gates that calls pass."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.db.sms_sending import DueSms
from shared.domain.campaigns import WantedState
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.decision.gates import Block, ContactFacts, first_block
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.reasons import Reason

# How soon the messages of a paused campaign are looked at again.
PAUSED_DELAY = timedelta(minutes=5)
# An owner may open the hours or lift a suppression before the time that a message waits for.
LOOK_AGAIN = timedelta(hours=1)
# The reason of a message whose sender is not, or no longer, an active one of its tenant.
NO_SENDER = "sender"


class Judged(NamedTuple):
    """A message may be sent, and is valid `until` then. With a `reason` it waits until then.

    Without an `until` it is never sent.
    """

    until: datetime | None
    reason: str | None = None


def judge(
    sms: DueSms, rules: CallingRules, in_force: Iterable[Blackout], *, at: datetime
) -> Judged:
    """A message waits only for what may end before it expires."""
    judged = _judge(sms, rules, in_force, at=at)
    if judged.reason is None or judged.until is None:
        return judged
    if judged.until > sms.expires_at or at >= sms.expires_at:
        return Judged(None, judged.reason)
    return Judged(min(judged.until, at + LOOK_AGAIN), judged.reason)


def _judge(
    sms: DueSms, rules: CallingRules, in_force: Iterable[Blackout], *, at: datetime
) -> Judged:
    if sms.trunk_id is None:
        return Judged(None, NO_SENDER)
    if sms.wanted_state is not WantedState.RUNNING:
        is_paused = sms.wanted_state is WantedState.PAUSED
        until = min(at + PAUSED_DELAY, sms.expires_at) if is_paused else None
        return Judged(until, Reason.CAMPAIGN)
    block = first_block(rules, _facts(sms, rules, in_force, at=at), now=at)
    if block is not None:
        return Judged(_until(block, sms, at=at), block.reason)
    span = rules.opening(now=at)
    if span is None or span.closes_at <= at + WINDOW_MARGIN:
        # It would arrive after the closing.
        return Judged(at + WINDOW_MARGIN, Reason.WINDOW)
    return Judged(min(span.closes_at, sms.expires_at))


def _facts(
    sms: DueSms, rules: CallingRules, in_force: Iterable[Blackout], *, at: datetime
) -> ContactFacts:
    blackout = blacked_out(
        in_force,
        tenant_id=sms.reference.tenant_id,
        jurisdictions=rules.group.jurisdictions,
        now=at + WINDOW_MARGIN,
    )
    return ContactFacts(
        expires_at=sms.expires_at,
        suppressed_until=sms.suppressed_until,
        refused=rules.destinations.refusal_of(sms.number),
        blackout_until=None if blackout is None else blackout.ends_at,
        blackout=None if blackout is None else blackout.reason,
    )


def _until(block: Block, sms: DueSms, *, at: datetime) -> datetime | None:
    """A black-out without an end will be ended by somebody, as a pause."""
    if block.until is None:
        is_open = block.reason is Reason.BLACKOUT
        return min(at + LOOK_AGAIN, sms.expires_at) if is_open else None
    return max(block.until, at + WINDOW_MARGIN)
