"""The view of a running campaign: its call rate, and when no more calls are possible now."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from outdial.campaigns.progress import (
    MOST_LINES,
    CallRate,
    Snapshot,
    dropped_text,
    view,
    waiting_table,
)
from outdial.client import Counters, Waiting

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_snapshot(
    *,
    pending: int = 0,
    active: int = 0,
    live: int = 0,
    total: int = 0,
    dropped: int = 0,
    waiting: tuple[Waiting, ...] = (),
    at: datetime = NOW,
) -> Snapshot:
    counters = Counters(
        contacts={"total": 10, "pending": pending, "active": active, "finished": 0},
        attempts={"total": total, "live": live, "ended": 0, "dropped": dropped},
        outcomes={},
        finished={},
    )
    return Snapshot(at=at, state="running", counters=counters, waiting=waiting)


def waits(contacts: int, reason: str, after: timedelta | None) -> Waiting:
    opens_at = None if after is None else NOW + after
    return Waiting(zones=("Asia/Tokyo",), contacts=contacts, reason=reason, opens_at=opens_at)


@pytest.mark.parametrize(
    "snapshot",
    [
        a_snapshot(),
        a_snapshot(pending=4, waiting=(waits(4, "window", timedelta(hours=9)),)),
        a_snapshot(pending=4, waiting=(waits(4, "unknown_zone", None),)),
        a_snapshot(pending=4, waiting=(waits(4, "ended", None),)),
        a_snapshot(pending=4, waiting=(waits(4, "campaign", None),)),
        a_snapshot(pending=4, waiting=(waits(4, "blackout", None),)),
        a_snapshot(pending=4, waiting=(waits(4, "law", timedelta(hours=20)),)),
        a_snapshot(pending=4, waiting=(waits(4, "retry", timedelta(hours=20)),)),
    ],
    ids=[
        "all finished",
        "closed now",
        "no zone",
        "past its end",
        "paused",
        "black-out without end",
        "law until tomorrow",
        "retry tomorrow",
    ],
)
def test_nothing_more_happens_at_this_hour(snapshot: Snapshot) -> None:
    assert snapshot.is_settled


@pytest.mark.parametrize(
    "snapshot",
    [
        a_snapshot(active=1),
        a_snapshot(live=1),
        a_snapshot(pending=4, waiting=(waits(4, "retry", timedelta(seconds=4)),)),
        a_snapshot(pending=4, waiting=(waits(4, "window", timedelta(seconds=30)),)),
        a_snapshot(pending=4, waiting=(waits(4, "pacing", None),)),
        a_snapshot(pending=4, waiting=(waits(4, "call_up", None),)),
        a_snapshot(pending=4, waiting=(waits(3, "window", timedelta(hours=9)),)),
    ],
    ids=[
        "active",
        "live call",
        "retry soon",
        "opens soon",
        "wants a permit",
        "in a call",
        "unexplained",
    ],
)
def test_something_can_still_happen(snapshot: Snapshot) -> None:
    assert not snapshot.is_settled


def test_rate_is_of_the_last_seconds_only() -> None:
    rate = CallRate()

    assert rate.after(a_snapshot(total=100)) == 0
    assert rate.after(a_snapshot(total=110, at=NOW + timedelta(seconds=1))) == 10
    assert rate.after(a_snapshot(total=110, at=NOW + timedelta(seconds=9))) == 0


def test_contacts_that_wait_for_the_same_opening_are_one_line() -> None:
    morning = timedelta(hours=9)

    table = waiting_table([waits(3, "window", morning), waits(4, "window", morning)])

    assert table.row_count == 1
    assert list(table.columns[1].cells) == ["7"]


def test_everything_after_many_openings_is_one_line() -> None:
    entries = [waits(2, "retry", timedelta(hours=hour)) for hour in range(1, 31)]

    table = waiting_table(entries)

    assert table.row_count == MOST_LINES + 1
    assert list(table.columns[0].cells)[-1] == "later"
    assert list(table.columns[1].cells)[-1] == str(2 * (30 - MOST_LINES))


def test_dropped_attempts_are_explained_once_and_only_if_there_are_some() -> None:
    output = StringIO()
    console = Console(file=output, width=200)
    console.print(view(a_snapshot(total=30, dropped=27), calls_per_second=0))
    text = output.getvalue()

    assert text.count("27 dropped: not placed, and their contacts keep these attempts") == 1
    assert dropped_text(a_snapshot(total=30).counters.attempts) == ""
