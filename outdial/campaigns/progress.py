"""Shows a running campaign in the terminal, and decides when it can do no more for now."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from outdial.client import Counters, Waiting
from outdial.terminal import plain_table

# A window that opens within this time is worth waiting for.
SOON = timedelta(minutes=1)
# More lines would not fit into a terminal.
MOST_LINES = 12
RATE_SPAN = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    at: datetime
    state: str
    counters: Counters
    waiting: Sequence[Waiting]

    @property
    def is_over(self) -> bool:
        return self.state in ("completed", "cancelled")

    @property
    def is_settled(self) -> bool:
        """No call is live, and no contact may be called soon."""
        if self.counters.contacts["active"] or self.counters.attempts["live"]:
            return False
        accounted = sum(entry.contacts for entry in self.waiting)
        return accounted == self.counters.contacts["pending"] and not any(
            map(self._may_call_soon, self.waiting)
        )

    def _may_call_soon(self, entry: Waiting) -> bool:
        """A reason without a time, other than these, ends only by a decision of the owner."""
        if entry.opens_at is None:
            return entry.reason in ("pacing", "call_up", "trunk_down")
        return entry.opens_at <= self.at + SOON


class CallRate:
    """Calls per second over the snapshots of the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[Snapshot] = deque()

    def after(self, snapshot: Snapshot) -> float:
        self._seen.append(snapshot)
        while len(self._seen) > 1 and self._seen[1].at <= snapshot.at - RATE_SPAN:
            self._seen.popleft()
        first = self._seen[0]
        seconds = (snapshot.at - first.at).total_seconds()
        calls = snapshot.counters.attempts["total"] - first.counters.attempts["total"]
        return calls / seconds if seconds > 0 else 0.0


def dropped_text(attempts: dict[str, int]) -> str:
    """Explains the dropped attempts, which a pause leaves behind; empty if there are none."""
    if not attempts["dropped"]:
        return ""
    return f"{attempts['dropped']:,} dropped: not placed, and their contacts keep these attempts"


def view(snapshot: Snapshot, *, calls_per_second: float) -> Group:
    contacts, attempts = snapshot.counters.contacts, snapshot.counters.attempts
    dropped = dropped_text(attempts)
    idle = "; nobody can be called at this hour" if snapshot.is_settled else ""
    return Group(
        Text(f"The campaign is {snapshot.state}{'' if snapshot.is_over else idle}.", style="bold"),
        f"contacts  {contacts['pending']} pending, {contacts['active']} active, "
        f"{contacts['finished']} finished of {contacts['total']}",
        f"attempts  {attempts['live']} under way, {calls_per_second:.1f} per second, "
        f"{attempts['total']} so far{f', {dropped}' if dropped else ''}",
        ProgressBar(total=max(1, contacts["total"]), completed=contacts["finished"], width=60),
        "",
        outcome_table(snapshot.counters.outcomes),
        "",
        waiting_table(snapshot.waiting),
        "",
    )


def line(snapshot: Snapshot, *, calls_per_second: float) -> str:
    """The view in one line, for logs and pipes."""
    contacts = snapshot.counters.contacts
    text = (
        f"{snapshot.at:%H:%M:%S} UTC  {snapshot.state}: {contacts['pending']:,} pending, "
        f"{contacts['active']:,} active, {contacts['finished']:,} finished of "
        f"{contacts['total']:,}, {calls_per_second:.1f} calls per second"
    )
    if snapshot.is_over or not snapshot.is_settled:
        return text
    openings = [entry.opens_at for entry in snapshot.waiting if entry.opens_at]
    return f"{text}; nobody can be called before {local(min(openings))}" if openings else text


def local(at: datetime) -> str:
    """In the zone of the terminal, which it names."""
    return f"{at.astimezone():%a %d %b %H:%M %Z}"


def outcome_table(outcomes: dict[str, int]) -> Table:
    table = plain_table("outcome", "attempts", right=(1,))
    for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
        table.add_row(outcome.replace("_", " "), str(count))
    return table


def waiting_table(waiting: Sequence[Waiting]) -> Table:
    """One line for all contacts that wait for the same minute."""
    groups: dict[str, list[Waiting]] = {}
    for entry in sorted(waiting, key=_opening):
        groups.setdefault(_until(entry), []).append(entry)
    table = plain_table("waiting for", "contacts", "zones", right=(1,))
    lines = list(groups.items())
    for until, entries in lines[:MOST_LINES]:
        zones = sorted({zone for entry in entries for zone in entry.zones})
        table.add_row(until, _counted(entries), _short(zones))
    rest = [entry for _, entries in lines[MOST_LINES:] for entry in entries]
    if rest:
        table.add_row("later", _counted(rest), "")
    return table


def _counted(entries: Sequence[Waiting]) -> str:
    return str(sum(entry.contacts for entry in entries))


def _opening(entry: Waiting) -> float:
    return entry.opens_at.timestamp() if entry.opens_at else 0


def _until(entry: Waiting) -> str:
    reason = entry.reason.replace("_", " ")
    if entry.opens_at is None:
        return reason
    return f"{reason}, {local(entry.opens_at)}"


def _short(zones: Sequence[str]) -> str:
    shown = ", ".join(zones[:4])
    return f"{shown} and {len(zones) - 4} more" if len(zones) > 4 else shown
