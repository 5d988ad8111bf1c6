"""Attempts per hour as an SVG chart, stacked by zone, with the windows of each zone below."""

from collections import Counter
from datetime import datetime, timedelta
from html import escape

from outdial.simulation.result import HOUR, Result, Zone
from shared.domain.calendar.intervals import Intervals, instant_of, seconds_of, union

# Zones with a colour of their own; the others share the last one.
OWN_COLOURS = 8
WIDTH, CHART, LANE, LEFT, RIGHT, TOP = 960, 240, 16, 230, 12, 28
STYLE = """
svg { font: 12px system-ui, sans-serif; --ink: #222; --faint: #ccc; --ground: #fff }
.s0 { fill: #4477aa } .s1 { fill: #ee6677 } .s2 { fill: #228833 } .s3 { fill: #ccbb44 }
.s4 { fill: #66ccee } .s5 { fill: #aa3377 } .s6 { fill: #ee7733 } .s7 { fill: #009988 }
.s8 { fill: #999 }
.ground { fill: var(--ground) } text { fill: var(--ink) } .end { text-anchor: end }
.open { opacity: .35 } .line { stroke: var(--faint); fill: none }
@media (prefers-color-scheme: dark) { svg { --ink: #ddd; --faint: #444; --ground: #15181c } }
""".strip()


def chart_svg(result: Result) -> str:
    """A complete SVG document, without references to other files."""
    zones = _shown(result.zones)
    first, last = _hours(result)
    scale = _Scale(first, last, most=max(result.by_hour.values(), default=1))
    lanes_top = TOP + CHART + 30
    height = lanes_top + LANE * len(zones) + 8
    body = [
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text x="{LEFT}" y="16">attempts per hour, by zone; below, when its windows are open '
        "(UTC)</text>",
        *_axis(scale, height),
        *_bars(zones, scale),
        *_lanes(zones, scale, lanes_top),
    ]
    title = f"attempts per hour from {instant_of(first * HOUR):%Y-%m-%d %H:%M} UTC"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{STYLE}</style>\n' + "\n".join(body) + "\n</svg>\n"
    )


class _Scale:
    """Converts hours and counts to coordinates."""

    def __init__(self, first: int, last: int, *, most: int) -> None:
        self.first, self.last, self.most = first, last, most
        self.hour = (WIDTH - LEFT - RIGHT) / (last - first)

    def x(self, hour: float) -> float:
        return round(LEFT + (hour - self.first) * self.hour, 2)

    def y(self, calls: int) -> float:
        return round(TOP + CHART - calls * CHART / self.most, 2)


def _hours(result: Result) -> tuple[int, int]:
    """What is shown: to the last call, and an hour more."""
    first = seconds_of(result.start) // HOUR
    last = max(result.by_hour, default=first) + 1
    return first, max(last, seconds_of(result.end) // HOUR if result.waiting else last)


def _shown(zones: list[Zone]) -> list[Zone]:
    if len(zones) <= OWN_COLOURS + 1:
        return zones
    rest = zones[OWN_COLOURS:]
    hours: Counter[int] = Counter()
    for zone in rest:
        hours.update(zone.hours)
    others = Zone(
        label=f"{len(rest)} others",
        contacts=sum(zone.contacts for zone in rest),
        calls=sum(zone.calls for zone in rest),
        hours=dict(hours),
        windows=union(span for zone in rest for span in zone.windows),
    )
    return [*zones[:OWN_COLOURS], others]


def _bars(zones: list[Zone], scale: _Scale) -> list[str]:
    """One path per zone: a picture of many hours stays small."""
    below: Counter[int] = Counter()
    wide = round(max(scale.hour - 0.5, scale.hour / 2), 2)
    paths = []
    for place, zone in enumerate(zones):
        steps = []
        for hour, calls in zone.hours.items():
            bottom, top = scale.y(below[hour]), scale.y(below[hour] + calls)
            steps.append(f"M{scale.x(hour):g} {bottom:g}h{wide:g}V{top:g}h-{wide:g}z")
            below[hour] += calls
        title = f"<title>{escape(zone.label)}: {zone.calls:,} attempts</title>"
        paths.append(f'<path class="s{place}" d="{"".join(steps)}">{title}</path>')
    return paths


def _lanes(zones: list[Zone], scale: _Scale, top: int) -> list[str]:
    lines = []
    for place, zone in enumerate(zones):
        y = top + place * LANE
        label = f"{zone.label}, {zone.contacts:,}"
        lines.append(f'<text class="end" x="{LEFT - 8}" y="{y + 11}">{escape(label)}</text>')
        path = "".join(_open(zone.windows, scale, y))
        lines.append(f'<path class="open s{place}" d="{path}"/>')
    return lines


def _open(windows: Intervals, scale: _Scale, y: int) -> list[str]:
    found = []
    for opens, closes in windows:
        begin, end = max(opens / HOUR, scale.first), min(closes / HOUR, scale.last)
        if begin < end:
            x, wide = scale.x(begin), round(scale.x(end) - scale.x(begin), 2)
            found.append(f"M{x:g} {y + 2}h{wide:g}v{LANE - 4}h-{wide:g}z")
    return found


def _axis(scale: _Scale, height: int) -> list[str]:
    hours = scale.last - scale.first
    every = next((each for each in (1, 3, 6, 12, 24, 48, 96) if hours / each <= 16), 168)
    lines = [
        f'<text class="end" x="{LEFT - 8}" y="{TOP + 10}">{scale.most:,}</text>',
        f'<text class="end" x="{LEFT - 8}" y="{TOP + CHART}">0</text>',
        f'<path class="line" d="M{LEFT} {TOP}H{WIDTH - RIGHT}M{LEFT} {TOP + CHART}'
        f'H{WIDTH - RIGHT}"/>',
    ]
    for hour in range(scale.first, scale.last + 1):
        if hour % every == 0:
            x = scale.x(hour)
            lines.append(f'<path class="line" d="M{x:g} {TOP}V{height - 4}"/>')
            if x < WIDTH - 30:
                told = _tick(instant_of(hour * HOUR), every)
                lines.append(f'<text x="{x:g}" y="{TOP + CHART + 16}">{told}</text>')
    return lines


def _tick(at: datetime, every: int) -> str:
    """The hour, and on its first one the day."""
    if every >= 24 or at - timedelta(hours=every) < at.replace(hour=0):
        return f"{at:%a %d}" if every >= 24 else f"{at:%a %H}"
    return f"{at:%H}"
