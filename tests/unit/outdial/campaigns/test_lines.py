"""The lines that stand for the live view where there is no terminal."""

import json
from datetime import timedelta

import pytest

from outdial.campaigns.progress import line, local
from outdial.campaigns.watch import IDLE_LINES_EVERY, LINES_EVERY, Lines
from tests.unit.outdial.campaigns.test_progress import NOW, a_snapshot, waits

SECOND = timedelta(seconds=1)


def test_a_line_comes_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(as_json=False)

    for at in (NOW, NOW + SECOND, NOW + LINES_EVERY, NOW + LINES_EVERY + SECOND):
        lines.show(a_snapshot(active=3, at=at), 2.0)

    assert [text[:8] for text in capsys.readouterr().out.splitlines()] == ["12:00:00", "12:00:05"]


def test_lines_are_rare_while_no_contact_may_be_called(capsys: pytest.CaptureFixture[str]) -> None:
    closed = (waits(4, "window", timedelta(hours=9)),)
    lines = Lines(as_json=False)

    for at in (NOW, NOW + LINES_EVERY, NOW + IDLE_LINES_EVERY):
        lines.show(a_snapshot(pending=4, waiting=closed, at=at), 0)

    first, last = capsys.readouterr().out.splitlines()
    assert first.endswith(f"nobody can be called before {local(NOW + timedelta(hours=9))}")
    assert last.startswith("12:05:00 UTC")


def test_a_line_says_the_state_the_counts_and_the_rate() -> None:
    text = line(a_snapshot(pending=1, active=2, total=9), calls_per_second=1.25)

    assert text == (
        "12:00:00 UTC  running: 1 pending, 2 active, 0 finished of 10, 1.2 calls per second"
    )


def test_for_programs_a_line_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    Lines(as_json=True).show(a_snapshot(active=1, total=5), 0)

    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "running"
    assert told["contacts"]["active"] == 1
    assert told["attempts"]["total"] == 5
