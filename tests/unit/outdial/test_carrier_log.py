"""Counts the carrier's log and compares it with the campaign's counters."""

import json
from collections.abc import Iterable

from outdial.campaigns.summary import agrees
from outdial.carrier_log import CarrierCount, count_lines
from tests.unit.outdial.campaigns.test_progress import NOW, a_snapshot


def originate(to: str, verdict: str = "accepted", at: float = 1.0) -> dict[str, object]:
    return {"kind": "originate", "at": at, "to": to, "verdict": verdict}


def ended(outcome: str) -> dict[str, object]:
    return {"kind": "ended", "at": 2.0, "outcome": outcome}


def counted(lines: Iterable[dict[str, object]]) -> CarrierCount:
    return count_lines(json.dumps(line) for line in lines)


def test_calls_refusals_and_retries_are_counted_separately() -> None:
    seen = counted(
        [
            originate("+12125550101", at=5.0),
            ended("busy"),
            originate("+12125550101", "refused", at=4.0),
            originate("+12125550101", at=6.0),
            ended("answered_human"),
            originate("+12125550102", at=7.0),
        ]
    )

    assert (seen.accepted, seen.refused, seen.numbers, seen.retries) == (3, 1, 2, 1)
    assert seen.outcomes == {"busy": 1, "answered_human": 1}
    assert seen.first_call_at == 5.0


def test_an_empty_log_is_no_calls() -> None:
    seen = counted([])

    assert (seen.accepted, seen.retries, seen.first_call_at) == (0, 0, None)
    assert agrees(a_snapshot(at=NOW), seen)


def test_a_call_more_than_was_counted_is_a_difference() -> None:
    seen = counted([originate("+12125550101"), ended("busy")])

    assert not agrees(a_snapshot(), seen)


def test_a_second_call_for_one_attempt_is_a_difference() -> None:
    seen = counted([originate("+12125550101", "duplicate")])

    assert not agrees(a_snapshot(), seen)
