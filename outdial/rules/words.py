"""Rules of law in words, for the terminal and the documents."""

from typing import assert_never

from outdial.terminal import counted
from shared.definitions.words import hours_text
from shared.domain.calendar.calendar import Calendar
from shared.domain.policy.frequency import CoolingOff, Event, FrequencyCap, Length, Scope
from shared.domain.policy.rules import AbandonmentLimit, Demand, Duty, RingTime, Rule

AFTER = {
    Event.CONVERSATION: "a conversation",
    Event.REFUSAL: "a refusal",
    Event.ABANDONED: "an abandoned call",
    Event.MACHINE: "a machine",
}
BY = {Scope.SUBJECT: "per person and subject", Scope.PERSON: "per person"}


def summary(rule: Rule) -> str:
    """The demand in figures; a duty has none, so its sentence."""
    if isinstance(rule.demand, Duty):
        return f"a duty: {rule.says}"
    return demanded(rule)


def demanded(rule: Rule) -> str:
    where = ", where the number and the address are" if rule.in_all_places else ""
    return _demanded(rule.demand) + where


def _demanded(demand: Demand) -> str:
    match demand:
        case Calendar():
            return hours_text(demand) if demand.windows else "no calls at all"
        case FrequencyCap():
            most, span = counted(demand.max_calls, "call"), length(demand.within)
            left_out = ", ".join(sorted(demand.ignore)).replace("_", " ")
            ignored = f", not counting {left_out}" if left_out else ""
            return f"at most {most} in {span}, {BY[demand.by]}{ignored}"
        case CoolingOff():
            span, event = length(demand.lasts), AFTER[demand.after]
            return f"no call for {span} after {event}, {BY[demand.by]}"
        case RingTime():
            return f"rings for at least {counted(demand.seconds, 'second')}"
        case AbandonmentLimit():
            return f"at most {demand.ratio * 100:g} % abandoned in {counted(demand.days, 'day')}"
        case Duty():
            return "a duty"
        case _:
            assert_never(demand)


def length(of: Length) -> str:
    if of.hours is not None:
        return counted(of.hours, "hour")
    return counted(of.local_days or 0, "local day")


def calls(rule: Rule) -> str:
    kinds = ", ".join(sorted(rule.kinds)).replace("_", " ")
    return f"{kinds} (automated only)" if rule.automated_only else kinds


def dates(rule: Rule) -> str:
    """The dates of the rule; empty if it has neither start nor end."""
    begins = f"from {rule.effective_from}" if rule.effective_from else ""
    ends = f"before {rule.effective_until}" if rule.effective_until else ""
    return f"{begins} {ends}".strip()
