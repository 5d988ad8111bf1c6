"""I2: how often a person is called in all campaigns of a tenant, and how soon after an event."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from tests.oracle.facts import Campaign, Contact, Facts, Violation
from tests.oracle.hours import local_date
from tests.oracle.law import Law, Rule

# The dialer counts a call from its decision; the call reaches the carrier a moment later.
_ARRIVAL_SECONDS = 1.0
# The database has microseconds, the log has floats: they differ by rounding.
_ROUNDING_SECONDS = 0.001
_BEGINNINGS = {
    # A call with an unknown end may have been a conversation.
    "conversation": ("answered_human", "callback_requested", "opt_out", "unknown"),
    "refusal": ("declined", "opt_out"),
    "abandoned": ("overflow",),
    "machine": ("machine_message_left", "machine_no_message"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A frequency cap or a silence, of a rule of law or (rule None) of the campaign."""

    written: dict[str, Any]
    rule: Rule | None = None

    def binds(self, call: "Call") -> bool:
        days = (local_date(zone, call.at) for zone in call.zones)
        return self.rule is None or any(self.rule.holds_on(day) for day in days)

    def counts(self, earlier: "Call", call: "Call") -> bool:
        return self.written.get("by", "subject") == "person" or earlier.subject == call.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`ended_at` is never before `at`; for a call without an end it equals `at`."""

    id: UUID
    at: float
    ended_at: float
    outcome: str | None
    subject: str
    zones: tuple[str, ...]
    limits: tuple[Limit, ...]


def called_too_often(facts: Facts) -> Iterator[Violation]:
    for calls in _calls_by_person(facts).values():
        for index, call in enumerate(calls):
            if index:
                for evidence in _broken(call, calls, index):
                    yield Violation(invariant="I2", id=str(call.id), evidence=evidence)


def _calls_by_person(facts: Facts) -> dict[tuple[int, str], list[Call]]:
    """The calls of each (tenant, number), in the order in which the carrier accepted them."""
    law, calls = Law(facts.tenant_rules), defaultdict(list)
    for line, attempt, contact, campaign in facts.known():
        if facts.accepted.get(attempt.id) is not line:
            continue
        limits = _limits(law, campaign, contact)
        subject = campaign.definition.get("subject") or ""
        informs = campaign.definition.get("kind") == "informational"
        if informs and not subject and not limits:
            # Such a call counts for its contact only, not for the person.
            continue
        call = Call(
            id=attempt.id,
            at=line.at,
            ended_at=max(line.at, facts.ended_at(attempt) or line.at),
            outcome=facts.outcome(attempt),
            subject=subject,
            zones=contact.zones,
            limits=limits,
        )
        calls[campaign.tenant_id, line.to].append(call)
    return calls


def _limits(law: Law, campaign: Campaign, contact: Contact) -> tuple[Limit, ...]:
    own = (*campaign.definition.get("frequency_caps", ()), *campaign.definition.get("silences", ()))
    legal = ((rule.cap or rule.silence, rule) for rule in law.rules(campaign, contact))
    return (
        *(Limit(written=written) for written in own),
        *(Limit(written=written, rule=rule) for written, rule in legal if written),
    )


def _broken(call: Call, calls: list[Call], index: int) -> Iterator[str]:
    for limit in call.limits:
        if limit.binds(call):
            judge = _too_many if "max_calls" in limit.written else _too_soon
            why = judge(limit, call, _before(limit, call, calls, index))
            if why is not None:
                yield f"{why}, by {limit.rule.name if limit.rule else 'its campaign'}"


def _before(limit: Limit, call: Call, calls: list[Call], index: int) -> Iterator[Call]:
    """The earlier calls that the limit counts, the latest first."""
    earlier = (calls[number] for number in range(index - 1, -1, -1))
    return (before for before in earlier if limit.counts(before, call))


def _too_many(limit: Limit, call: Call, earlier: Iterator[Call]) -> str | None:
    cap = limit.written
    ignored = cap.get("ignore", ())
    counted = (before for before in earlier if before.outcome not in ignored)
    first = next(islice(counted, cap["max_calls"] - 1, None), None)
    if first is None or _past(cap, first.at - _ARRIVAL_SECONDS, call):
        return None
    return f"{cap['max_calls'] + 1} calls within {_length(cap)}, {cap['max_calls']} allowed"


def _too_soon(limit: Limit, call: Call, earlier: Iterator[Call]) -> str | None:
    silence = limit.written
    events = (before for before in earlier if before.outcome in _BEGINNINGS[silence["after"]])
    last = max(events, key=lambda event: event.ended_at, default=None)
    if last is None or _past(silence, last.ended_at - _ROUNDING_SECONDS, call):
        return None
    waited = max(0.0, call.at - last.ended_at)
    return f"{waited:.3f} s after {last.outcome}, {_length(silence)} wanted"


def _past(length: dict[str, Any], since: float, call: Call) -> bool:
    """Whether the length is over: its hours, or its local days in each of the call's zones."""
    if length.get("hours") is not None:
        return bool(call.at - since >= length["hours"] * 3600)
    return all(
        (local_date(zone, call.at) - local_date(zone, since)).days >= length["local_days"]
        for zone in call.zones or ("UTC",)
    )


def _length(length: dict[str, Any]) -> str:
    hours, days = length.get("hours"), length.get("local_days")
    return f"{days} local days" if hours is None else f"{hours} h"
