"""Rules of law in words, as the terminal and the documents show them."""

from itertools import groupby
from typing import assert_never

from outdial.terminal import counted
from shared.definitions.calendar import DAYS
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
    """The demand; of a duty, which has no figures, the sentence."""
    if isinstance(rule.demand, Duty):
        return f"a duty: {rule.says}"
    return demanded(rule.demand)


def demanded(demand: Demand) -> str:
    match demand:
        case Calendar():
            return hours(demand)
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


def hours(calendar: Calendar) -> str:
    """Weekdays of the same hours together: Mon-Fri 09:00-18:00, Sat 10:00-17:00."""
    by_day = [
        " and ".join(
            f"{clock(window.start)}-{clock(window.end)}"
            for window in calendar.windows
            if window.weekday == weekday
        )
        for weekday in range(7)
    ]
    runs = [list(run) for _, run in groupby(range(7), key=lambda weekday: by_day[weekday])]
    spans = [f"{days(run)} {by_day[run[0]]}" for run in runs if by_day[run[0]]]
    places = [
        f"{each.country}-{each.region}" if each.region else each.country
        for each in calendar.holidays
    ]
    return ", ".join(spans) + (f"; no holidays of {' and '.join(places)}" if places else "")


def days(run: list[int]) -> str:
    first, last = DAYS[run[0]].title(), DAYS[run[-1]].title()
    return first if first == last else f"{first}-{last}"


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def length(of: Length) -> str:
    if of.hours is not None:
        return counted(of.hours, "hour")
    return counted(of.local_days or 0, "local day")


def calls(rule: Rule) -> str:
    kinds = ", ".join(sorted(rule.kinds)).replace("_", " ")
    return f"{kinds} (automated only)" if rule.automated_only else kinds


def dates(rule: Rule) -> str:
    """When the rule has effect; nothing if it always had and has no end."""
    begins = f"from {rule.effective_from}" if rule.effective_from else ""
    ends = f"before {rule.effective_until}" if rule.effective_until else ""
    return f"{begins} {ends}".strip()
