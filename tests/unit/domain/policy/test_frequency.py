"""Frequency caps and silences: the calls that count, and the exact instant of the end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar.zones import local_date
from shared.domain.outcomes import Outcome
from shared.domain.policy.frequency import (
    BEGINS,
    CoolingOff,
    Event,
    FrequencyCap,
    Held,
    Length,
    PastCall,
    Scope,
    held_by,
)
from shared.domain.policy.rules import AbandonmentLimit, RingTime

TICK = timedelta(microseconds=1)
NEW_YORK, LOS_ANGELES, PARIS = "America/New_York", "America/Los_Angeles", "Europe/Paris"
LOAN, INSURANCE = "loan", "insurance"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_call(
    at: str | datetime,
    outcome: Outcome | None = Outcome.NO_ANSWER,
    *,
    subject: str = LOAN,
    lasts: timedelta = timedelta(seconds=30),
) -> PastCall:
    begun = utc(at) if isinstance(at, str) else at
    ended_at = None if outcome is None else begun + lasts
    return PastCall(dialing_at=begun, subject=subject, outcome=outcome, ended_at=ended_at)


def a_cap(
    most: int,
    *,
    hours: int | None = None,
    local_days: int | None = None,
    by: Scope = Scope.SUBJECT,
    ignore: frozenset[Outcome] = frozenset(),
) -> FrequencyCap:
    length = Length(hours=hours, local_days=local_days)
    return FrequencyCap(max_calls=most, within=length, by=by, ignore=ignore)


def a_silence(
    after: Event,
    *,
    hours: int | None = None,
    local_days: int | None = None,
    by: Scope = Scope.PERSON,
) -> CoolingOff:
    return CoolingOff(after=after, lasts=Length(hours=hours, local_days=local_days), by=by)


def held_until(
    limit: FrequencyCap | CoolingOff,
    calls: list[PastCall],
    now: str | datetime,
    *zones: str,
    subject: str = LOAN,
) -> datetime | None:
    at = utc(now) if isinstance(now, str) else now
    held = held_by(limit, calls, subject=subject, zones=zones or (NEW_YORK,), now=at)
    return held.until if held else None


THREE = [a_call("2026-11-23T15:00"), a_call("2026-11-23T16:00"), a_call("2026-11-23T17:00")]


def test_the_call_after_the_last_allowed_waits_for_the_oldest_to_leave_the_window() -> None:
    cap = a_cap(3, hours=24)

    assert held_until(cap, THREE[:2], "2026-11-23T17:00") is None
    assert held_until(cap, THREE, "2026-11-23T18:00") == utc("2026-11-24T15:00")


def test_a_limit_is_reported_with_the_calls_that_it_counted() -> None:
    now = utc("2026-11-23T18:00")

    held = held_by(a_cap(2, hours=24), THREE, subject=LOAN, zones=(NEW_YORK,), now=now)

    assert held == Held(until=utc("2026-11-24T16:00"), since=THREE[1], calls=tuple(THREE))


def test_the_order_in_which_calls_are_given_does_not_matter() -> None:
    cap = a_cap(3, hours=24)

    assert held_until(cap, THREE[::-1], "2026-11-23T18:00") == utc("2026-11-24T15:00")


def test_by_subject_only_calls_on_the_same_subject_count() -> None:
    now = "2026-11-23T18:00"

    assert held_until(a_cap(3, hours=24), THREE, now, subject=INSURANCE) is None
    assert held_until(a_cap(3, hours=24, by=Scope.PERSON), THREE, now, subject=INSURANCE)


def test_outcomes_that_are_ignored_do_not_count_but_a_call_without_one_does() -> None:
    cap = a_cap(1, hours=24, ignore=frozenset({Outcome.BUSY}))
    now = "2026-11-23T18:00"

    assert held_until(cap, [a_call("2026-11-23T17:00", Outcome.BUSY)], now) is None
    assert held_until(cap, [a_call("2026-11-23T17:00", Outcome.NO_ANSWER)], now)
    assert held_until(cap, [a_call("2026-11-23T17:00", None)], now)
    assert held_until(cap, [a_call("2026-11-23T17:00", Outcome.UNKNOWN)], now)


@pytest.mark.parametrize(
    ("zones", "called_at", "free_at"),
    [
        pytest.param((NEW_YORK,), "2026-11-23T15:00", "2026-11-24T05:00", id="the next midnight"),
        pytest.param((NEW_YORK,), "2026-11-24T04:59", "2026-11-24T05:00", id="minutes before it"),
        pytest.param((NEW_YORK,), "2026-11-01T04:30", "2026-11-02T05:00", id="a day of 25 hours"),
        pytest.param((NEW_YORK,), "2026-03-08T05:30", "2026-03-09T04:00", id="a day of 23 hours"),
        pytest.param(
            ("America/Havana",), "2026-03-07T20:00", "2026-03-08T05:00", id="no midnight that day"
        ),
        pytest.param(
            (NEW_YORK, LOS_ANGELES), "2026-11-23T15:00", "2026-11-24T08:00", id="the latest of two"
        ),
        pytest.param(
            (NEW_YORK, LOS_ANGELES), "2026-11-24T06:00", "2026-11-25T05:00", id="on two dates"
        ),
        pytest.param((), "2026-11-23T15:00", "2026-11-24T00:00", id="without a zone that of UTC"),
    ],
)
def test_a_local_day_ends_when_it_ends_in_every_zone(
    zones: tuple[str, ...], called_at: str, free_at: str
) -> None:
    cap, calls, free = a_cap(1, local_days=1), [a_call(called_at)], utc(free_at)

    held = held_by(cap, calls, subject=LOAN, zones=zones, now=utc(called_at))

    assert held is not None
    assert held.until == free
    assert held_by(cap, calls, subject=LOAN, zones=zones, now=free - TICK) is not None
    assert held_by(cap, calls, subject=LOAN, zones=zones, now=free) is None


def test_the_day_of_the_call_is_the_first_of_its_days() -> None:
    week = a_cap(1, local_days=7)

    assert held_until(week, [a_call("2026-11-23T15:00")], "2026-11-29T15:00") == utc(
        "2026-11-30T05:00"
    )


def test_rolling_hours_go_on_through_a_change_of_the_clocks() -> None:
    assert held_until(a_cap(1, hours=24), [a_call("2026-10-31T15:00")], "2026-10-31T16:00") == utc(
        "2026-11-01T15:00"
    )


@pytest.mark.parametrize(
    ("event", "outcome"),
    [(event, outcome) for event, begins in BEGINS.items() for outcome in sorted(begins)],
)
def test_a_silence_begins_when_the_call_with_its_event_ends(event: Event, outcome: Outcome) -> None:
    call = a_call("2026-11-23T15:00", outcome, lasts=timedelta(minutes=4))

    held = held_until(a_silence(event, hours=72), [call], "2026-11-23T15:04")

    assert held == utc("2026-11-26T15:04")


@pytest.mark.parametrize("event", Event)
def test_other_outcomes_begin_no_silence(event: Event) -> None:
    calls = [a_call("2026-11-23T15:00", outcome) for outcome in Outcome]
    others = [call for call in calls if call.outcome not in BEGINS[event]]

    assert held_until(a_silence(event, hours=72), others, "2026-11-23T15:01") is None


def test_a_call_that_is_up_has_not_begun_a_silence_yet() -> None:
    silence = a_silence(Event.CONVERSATION, hours=72)

    assert held_until(silence, [a_call("2026-11-23T15:00", None)], "2026-11-23T15:01") is None


def test_the_last_of_several_events_counts() -> None:
    calls = [
        a_call("2026-11-24T15:00", Outcome.OPT_OUT),
        a_call("2026-11-20T15:00", Outcome.DECLINED),
    ]

    held = held_until(a_silence(Event.REFUSAL, local_days=61), calls, "2026-11-25T15:00", PARIS)

    assert held == utc("2027-01-23T23:00")


def test_a_conversation_over_midnight_is_one_of_the_day_on_which_it_ended() -> None:
    call = a_call("2026-11-24T04:58", Outcome.ANSWERED_HUMAN, lasts=timedelta(minutes=5))

    held = held_until(a_silence(Event.CONVERSATION, local_days=7), [call], "2026-11-24T06:00")

    assert held == utc("2026-12-01T05:00")


def test_an_end_that_is_noted_before_its_beginning_does_not_shorten_a_silence() -> None:
    call = a_call("2026-11-23T15:00", Outcome.OVERFLOW, lasts=timedelta(seconds=-2))

    held = held_until(a_silence(Event.ABANDONED, hours=72), [call], "2026-11-23T15:01")

    assert held == utc("2026-11-26T15:00")


@pytest.mark.parametrize(
    ("hours", "local_days"),
    [(None, None), (1, 1), (0, None), (-1, None), (None, 0), (8785, None), (None, 367)],
)
def test_a_length_is_one_of_hours_and_days_and_from_an_hour_to_a_year(
    hours: int | None, local_days: int | None
) -> None:
    with pytest.raises(ValueError, match=r"exactly one|from 1 hour"):
        Length(hours=hours, local_days=local_days)


def test_a_cap_allows_at_least_one_call() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        a_cap(0, hours=24)


ZONES = st.lists(
    st.sampled_from(
        (
            NEW_YORK,
            LOS_ANGELES,
            PARIS,
            "America/Havana",
            "Asia/Beirut",
            "Africa/Cairo",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Pacific/Kiritimati",
            "America/Santiago",
        )
    ),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants its bounds without a zone
    max_value=datetime(2036, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
LENGTHS = st.one_of(
    st.integers(1, 24 * 40).map(lambda hours: Length(hours=hours)),
    st.integers(1, 61).map(lambda days: Length(local_days=days)),
)
# Steps of a few hours, so that many calls are near midnight.
GAPS = st.lists(st.timedeltas(timedelta(0), timedelta(hours=40)), min_size=1, max_size=25)
OUTCOMES = st.sampled_from((*Outcome, None))


def days_apart(zones: tuple[str, ...], call: datetime, now: datetime) -> int:
    """The smallest number of local days between both instants, over the zones."""
    return min((local_date(name, now) - local_date(name, call)).days for name in zones)


@given(most=st.integers(1, 5), length=LENGTHS, zones=ZONES, start=INSTANTS, gaps=GAPS)
def test_obeying_a_cap_never_gives_more_calls_in_any_window(
    most: int, length: Length, zones: tuple[str, ...], start: datetime, gaps: list[timedelta]
) -> None:
    cap = FrequencyCap(max_calls=most, within=length, by=Scope.PERSON)
    calls: list[PastCall] = []
    now = start
    for gap in gaps:
        now += gap
        held = held_by(cap, calls, subject=LOAN, zones=zones, now=now)
        now = held.until if held else now
        calls.append(a_call(now))

    made = [call.dialing_at for call in calls]
    for first, one_more in zip(made, made[most:], strict=False):
        if length.hours is not None:
            assert one_more - first >= timedelta(hours=length.hours)
        else:
            assert days_apart(zones, first, one_more) >= (length.local_days or 0)


@given(
    limit=st.one_of(
        st.builds(
            FrequencyCap,
            max_calls=st.integers(1, 4),
            within=LENGTHS,
            by=st.sampled_from(Scope),
            ignore=st.frozensets(st.sampled_from(Outcome), max_size=3),
        ),
        st.builds(
            CoolingOff, after=st.sampled_from(Event), lasts=LENGTHS, by=st.sampled_from(Scope)
        ),
    ),
    zones=ZONES,
    start=INSTANTS,
    made=st.lists(
        st.tuples(st.timedeltas(timedelta(0), timedelta(days=9)), OUTCOMES, st.booleans()),
        max_size=12,
    ),
)
def test_a_call_is_delayed_to_exactly_the_reported_instant(
    limit: FrequencyCap | CoolingOff,
    zones: tuple[str, ...],
    start: datetime,
    made: list[tuple[timedelta, Outcome | None, bool]],
) -> None:
    calls, now = [], start
    for gap, outcome, same in made:
        now += gap
        calls.append(a_call(now, outcome, subject=LOAN if same else INSURANCE))

    held = held_by(limit, calls, subject=LOAN, zones=zones, now=now)

    if held is not None:
        assert held.until > now
        assert held.since in calls
        assert held_by(limit, calls, subject=LOAN, zones=zones, now=held.until - TICK) is not None
        assert held_by(limit, calls, subject=LOAN, zones=zones, now=held.until) is None


@given(zones=ZONES, at=INSTANTS, days=st.integers(1, 61))
def test_local_days_are_over_only_where_every_zone_has_so_many_dates_more(
    zones: tuple[str, ...], at: datetime, days: int
) -> None:
    over = Length(local_days=days).after(at, zones)

    dates = [(local_date(name, over), local_date(name, at)) for name in zones]
    assert all((later - earlier).days >= days for later, earlier in dates)
    # The end is as early as possible: a moment before, one zone still has an earlier date.
    assert any(
        local_date(name, over - TICK) < local_date(name, at) + timedelta(days=days)
        for name in zones
    )


@pytest.mark.parametrize(
    ("ratio", "days"), [(-0.01, 30), (1.0, 30), (3.0, 30), (0.03, 0), (0.03, 367)]
)
def test_a_limit_on_abandoned_calls_is_a_share_over_days(ratio: float, days: int) -> None:
    with pytest.raises(ValueError, match=r"share|days"):
        AbandonmentLimit(ratio, days)


@pytest.mark.parametrize("seconds", [0, 121])
def test_a_ring_time_is_at_most_two_minutes(seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 120"):
        RingTime(seconds)
