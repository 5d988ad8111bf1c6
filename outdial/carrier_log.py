"""Counts the calls in the simulated carrier's log."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCount:
    accepted: int
    refused: int
    duplicates: int
    numbers: int
    outcomes: dict[str, int]
    first_call_at: float | None

    @property
    def retries(self) -> int:
        return self.accepted - self.numbers


def count(log: Path) -> CarrierCount:
    with log.open(encoding="utf-8") as lines:
        return count_lines(lines)


def count_lines(lines: Iterable[str]) -> CarrierCount:
    verdicts: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    numbers: set[str] = set()
    first_call_at: float | None = None
    for line in map(json.loads, lines):
        if line["kind"] == "message":
            continue
        if line["kind"] == "ended":
            outcomes[line["outcome"]] += 1
            continue
        verdicts[line["verdict"]] += 1
        if line["verdict"] == "accepted":
            numbers.add(line["to"])
            first_call_at = min(first_call_at or line["at"], line["at"])
    return CarrierCount(
        accepted=verdicts["accepted"],
        refused=verdicts["refused"],
        duplicates=verdicts["duplicate"],
        numbers=len(numbers),
        outcomes=dict(outcomes),
        first_call_at=first_call_at,
    )
