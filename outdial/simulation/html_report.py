"""The result of a simulation as one HTML file, without references to other files."""

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

from outdial.simulation.chart_svg import chart_svg
from outdial.simulation.inputs import People
from outdial.simulation.result import HOUR, Result
from outdial.simulation.text_report import busy, ending, instant, left_out, words
from shared.definitions.words import unreachable_text
from shared.domain.calendar.intervals import instant_of

PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$name: simulation</title>
<style>
:root { --ink: #222; --ground: #fff; --faint: #ccc }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --ground: #15181c; --faint: #444 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 960px; margin: 2rem auto; padding: 0 1rem }
svg { width: 100%; height: auto }
table { border-collapse: collapse; margin: 1.5rem 0; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .15rem 1.5rem .15rem 0; border-bottom: 1px solid var(--faint) }
td + td, th + th { text-align: right }
</style>
<h1>$name</h1>
<p>A simulation from $start.<br><b>$ending</b><br>$busy</p>
$notes
$chart
$outcomes
$waiting
$zones
$hours
</html>
""")


def html_report(result: Result, *, name: str, people: People) -> str:
    notes = left_out(people) + [
        f"{number:,} can never be called: {unreachable_text(why)}" for why, number in result.never
    ]
    return PAGE.substitute(
        name=escape(name),
        start=escape(instant(result.start)),
        ending=escape(ending(result)),
        busy=escape(busy(result)),
        notes="".join(f"<p>{escape(note)}</p>\n" for note in notes),
        chart=chart_svg(result),
        outcomes=_outcomes(result),
        waiting=_waiting(result),
        zones=_zones(result),
        hours=_hours(result),
    )


def _outcomes(result: Result) -> str:
    outcomes = {*result.outcomes, *result.finished}
    names = sorted(outcomes, key=lambda outcome: (-result.outcomes[outcome], outcome))
    rows = [
        (words(each), f"{result.outcomes[each]:,}", f"{result.finished[each]:,}") for each in names
    ]
    return _table(("outcome", "calls", "contacts finished"), rows)


def _waiting(result: Result) -> str:
    rows = [
        (words(each.reason), f"{each.contacts:,}", instant(each.next_at) if each.next_at else "")
        for each in result.waiting
    ]
    return _table(("still waiting for", "contacts", "next"), rows) if rows else ""


def _zones(result: Result) -> str:
    rows = [(zone.label, f"{zone.contacts:,}", f"{zone.calls:,}") for zone in result.zones]
    return _table(("zone", "contacts", "calls"), rows)


def _hours(result: Result) -> str:
    rows = [
        (instant(instant_of(hour * HOUR)), f"{calls:,}")
        for hour, calls in sorted(result.by_hour.items())
    ]
    table = _table(("hour from", "calls"), rows)
    return f"<details><summary>Calls by hour</summary>\n{table}</details>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"<tr>{''.join(f'<th>{escape(each)}</th>' for each in header)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>" for row in rows]
    return "<table>\n" + "\n".join(lines) + "\n</table>\n"
