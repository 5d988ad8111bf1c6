"""Intervals: ascending half-open spans, in seconds since 1970, that neither overlap nor touch."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

Intervals = tuple[tuple[int, int], ...]

# The first and the last of all instants; PostgreSQL stores them as infinity.
AT_ONCE = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds_of(at: datetime) -> int:
    since_epoch = at - _EPOCH
    return since_epoch.days * 86_400 + since_epoch.seconds


def instant_of(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def union(spans: Iterable[tuple[int, int]]) -> Intervals:
    """Merge spans, in any order, that overlap or touch."""
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def intersection(left: Intervals, right: Intervals) -> Intervals:
    common: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        opens, closes = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if opens < closes:
            common.append((opens, closes))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def first_after(spans: Intervals, at: int) -> tuple[int, int] | None:
    """The span that contains `at`, or the next one."""
    index = bisect_right(spans, at, key=_closing)
    return spans[index] if index < len(spans) else None


def _closing(span: tuple[int, int]) -> int:
    return span[1]
