"""The result of a simulation as text for a terminal of 80 columns."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from outdial.simulation.inputs import People
from outdial.simulation.result import HOUR, Result, Zone
from outdial.terminal import counted, plain_table
from shared.definitions.words import unreachable_text
from shared.domain.calendar.intervals import instant_of

BARS = " ▁▂▃▄▅▆▇█"
SHOWN_ZONES = 16
SHOWN_DAYS = 31


def text_report(result: Result, *, name: str, people: People) -> Group:
    parts: list[RenderableType] = [
        Text(f"{name}: {counted(result.contacts, 'contact')} from {instant(result.start)}"),
        Text(ending(result), style="bold"),
        Text(busy(result)),
    ]
    parts += [Text(line, style="yellow") for line in left_out(people)]
    parts += ["", _outcomes(result)]
    if result.never:
        parts += ["", *_never(result)]
    if result.calls:
        parts += ["", _days(result), "", _zones(result.zones)]
    return Group(*parts)


def ending(result: Result) -> str:
    if result.finished_at is None:
        days = (result.until - result.start).days
        waiting = sum(each.contacts for each in result.waiting)
        return (
            f"not finished within {counted(days, 'day')}: {counted(waiting, 'contact')} still wait"
        )
    if result.calls == 0:
        return "nobody is called"
    took = length(result.finished_at - result.start)
    return f"finished at {instant(result.finished_at)}, after {took}"


def busy(result: Result) -> str:
    if result.busiest is None:
        return "no calls"
    hour, most = result.busiest
    return (
        f"{counted(result.calls, 'call')}, {result.calls / result.contacts:.2f} per contact; "
        f"{most:,} in the hour from {hour:%a %H:%M}; {result.peak:,} at once"
    )


def left_out(people: People) -> list[str]:
    lines = []
    if people.duplicates:
        shown = ", ".join(map(str, people.duplicate_lines))
        left = people.duplicates - len(people.duplicate_lines)
        more = f" and {left:,} more" if left else ""
        lines.append(f"{counted(people.duplicates, 'duplicate')} left out: line {shown}{more}")
    if people.rejected:
        lines.append(f"{counted(people.rejected, 'row')} refused")
        lines += [f"  {error}" for error in people.errors]
        if people.rejected > len(people.errors):
            lines.append(f"  and {people.rejected - len(people.errors):,} more")
    lines += [f"warning: {warning}" for warning in people.warnings]
    return lines


def _outcomes(result: Result) -> Table:
    table = plain_table("outcome", "calls", "contacts finished", right=(1, 2))
    names = {*result.outcomes, *result.finished}
    for outcome in sorted(names, key=lambda each: (-result.outcomes[each], each)):
        finished = result.finished[outcome]
        table.add_row(words(outcome), f"{result.outcomes[outcome]:,}", f"{finished:,}")
    for waits in result.waiting:
        when = f", next {instant(waits.next_at)}" if waits.next_at else ""
        table.add_row(f"still waiting: {words(waits.reason)}{when}", "", f"{waits.contacts:,}")
    return table


def _never(result: Result) -> Iterable[RenderableType]:
    for why, number in result.never:
        yield Text(f"{number:,} can never be called: {unreachable_text(why)}")


def _days(result: Result) -> Table:
    """One line per day in UTC, with one bar per hour."""
    hours = result.by_hour
    most = max(hours.values())
    table = plain_table("day", "calls", "hours of UTC, from 0 to 23", right=(1,))
    days = sorted({hour // 24 for hour in hours})
    for day in days[:SHOWN_DAYS]:
        counts = [hours[day * 24 + hour] for hour in range(24)]
        bars = "".join(BARS[-(-calls * (len(BARS) - 1) // most)] for calls in counts)
        table.add_row(f"{instant_of(day * 24 * HOUR):%a %Y-%m-%d}", f"{sum(counts):,}", f"|{bars}|")
    if len(days) > SHOWN_DAYS:
        table.add_row(f"and {len(days) - SHOWN_DAYS} more days", "", "")
    return table


def _zones(zones: list[Zone]) -> Table:
    columns = ("zone", "contacts", "calls", "first hour", "last hour")
    table = plain_table(*columns, right=(1, 2, 3, 4))
    for zone in zones[:SHOWN_ZONES]:
        hours = [f"{instant_of(hour * HOUR):%a %d %H:%M}" for hour in zone.hours]
        edges = (hours[0], hours[-1]) if hours else ("", "")
        table.add_row(zone.label, f"{zone.contacts:,}", f"{zone.calls:,}", *edges)
    rest = zones[SHOWN_ZONES:]
    if rest:
        contacts, calls = sum(each.contacts for each in rest), sum(each.calls for each in rest)
        table.add_row(f"and {len(rest)} more", f"{contacts:,}", f"{calls:,}", "", "")
    return table


def words(name: str) -> str:
    return name.replace("_", " ")


def instant(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M} UTC"


def length(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes % 60} min"]
    return " ".join(part for part in parts if part)
