"""A simulated campaign keeps all rules of a real one, by a recount without the product's code."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outdial import sample
from outdial.simulation.call_outcomes import CallOutcomes, call_outcomes
from outdial.simulation.engine import Call
from outdial.simulation.inputs import read_campaign, read_people
from outdial.simulation.result import Result
from outdial.simulation.scenario import Scenario, run_scenario
from shared.domain.outcomes import Outcome
from shared.rulepacks import loader
from tests.oracle.hours import local_date, open_at

START = datetime(2026, 11, 20, 16, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RETRIED = ("busy", "no_answer", "network_error", "machine_no_message")
# Two windows a day, one of them past midnight; the rules of law apply too.
CALENDAR = {
    "windows": [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:30", "end": "12:00"},
        {"days": ["mon", "wed", "sat"], "start": "17:00", "end": "21:30"},
    ],
    "dates": [{"date": "2026-11-27", "windows": [{"start": "10:00", "end": "10:20"}]}],
    "excluded_dates": ["2026-11-25"],
}
CAMPAIGN: dict[str, Any] = {
    "name": "Offers",
    "calendar": CALENDAR,
    "kind": "solicitation",
    "subject": "offer",
    "attempts": {
        "max_total": 5,
        "max_per_day": 2,
        "max_per_window": 1,
        "min_gap_seconds": 1800,
        "delays_seconds": [600, 7200],
        "jitter": 0.5,
        "retry": {outcome: {} for outcome in RETRIED} | {"busy": {"max_attempts": 3}},
    },
    "frequency_caps": [{"max_calls": 3, "hours": 96}],
    "silences": [{"after": "machine", "hours": 60}],
    "caps": {"max_concurrent": 6, "calls_per_second": 2},
}


class Played:
    """Simulate a campaign with the contacts of the sample; keep every call."""

    def __init__(self, directory: Path, *, seed: int = 1, days: int = 20, **changes: Any) -> None:
        campaign, contacts = sample.write(directory)
        campaign.write_text(json.dumps(CAMPAIGN | changes))
        definition = read_campaign(campaign)
        people = read_people(contacts, definition)
        self.calls: list[Call] = []
        setting = Scenario(
            definition=definition,
            people=people,
            packs=loader.load(None),
            outcomes=some_outcomes(seed),
            start=START,
            days=days,
        )
        self.result: Result = run_scenario(setting, watch=self.calls.append)

    def by_number(self) -> dict[str, list[Call]]:
        by_number = defaultdict(list)
        for call in self.calls:
            by_number[call.contact.number].append(call)
        return by_number

    def each_with_those_before(self) -> Iterator[tuple[list[Call], Call]]:
        for calls in self.by_number().values():
            for index, call in enumerate(calls):
                yield calls[:index], call


def some_outcomes(seed: int) -> CallOutcomes:
    return call_outcomes({Outcome.ANSWERED_HUMAN: 0.2}, talk=(20, 90), ring=None, seed=seed)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("played"))


def test_there_is_much_to_recount(played: Played) -> None:
    assert len(played.calls) > 1500
    assert max(map(len, played.by_number().values())) == 5
    assert {call.outcome for call in played.calls} >= {Outcome(outcome) for outcome in RETRIED}


def test_every_call_is_inside_the_hours_of_all_its_zones(played: Played) -> None:
    for call in played.calls:
        zones = call.contact.queue.rules.group.zones
        assert zones
        for zone in zones:
            assert open_at(CALENDAR, zone, call.at), (call.at, zone)


def test_every_call_is_inside_the_hours_of_the_law(played: Played) -> None:
    """The hours of law for the United States and France, written out by hand."""
    for call in played.calls:
        group = call.contact.queue.rules.group
        if any(place.startswith("US") for place in group.jurisdictions):
            _within(call, group.zones, [("08:00", "21:00")])
        if "FR" in group.jurisdictions:
            _within(call, group.zones, [("10:00", "13:00"), ("14:00", "20:00")], "01234")


def _within(
    call: Call, zones: Iterable[str], spans: list[tuple[str, str]], days: str = "0123456"
) -> None:
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    named = [name for number, name in enumerate(every_day) if str(number) in days]
    windows = [{"days": named, "start": start, "end": end} for start, end in spans]
    assert all(open_at({"windows": windows}, zone, call.at) for zone in zones), (call.at, zones)


def test_no_rolling_second_has_more_calls_than_the_cap(played: Played) -> None:
    starts = [call.at for call in played.calls]

    assert starts == sorted(starts)
    assert all(
        later - earlier >= SECOND for earlier, later in zip(starts, starts[2:], strict=False)
    )


def test_never_are_more_calls_up_than_the_cap_and_sometimes_as_many(played: Played) -> None:
    changes = [(call.at, 1) for call in played.calls]
    changes += [(call.ended_at, -1) for call in played.calls]
    up = most = 0
    for _, change in sorted(changes):
        up += change
        most = max(most, up)

    assert most == played.result.peak == 6


def test_the_budgets_hold(played: Played) -> None:
    for calls in played.by_number().values():
        zones = calls[0].contact.queue.rules.group.zones
        assert [call.nth for call in calls] == list(range(1, len(calls) + 1))
        assert len(calls) <= 5
        by_day = Counter(
            min(local_date(zone, call.at.timestamp()) for zone in zones) for call in calls
        )
        assert max(by_day.values()) <= 2
        # A window is known by its closing.
        assert max(Counter(call.closes_at for call in calls).values()) == 1


def test_each_call_is_followed_as_the_policy_says(played: Played) -> None:
    for before, call in played.each_with_those_before():
        if not before:
            continue
        last = before[-1]
        assert last.outcome in RETRIED
        assert not (last.outcome == "busy" and len(before) >= 3)
        delay = timedelta(seconds=600 if len(before) == 1 else 7200)
        assert call.at - last.ended_at >= max(delay, timedelta(seconds=1800))


def test_frequency_caps_and_silences_are_never_broken(played: Played) -> None:
    held = 0
    for before, call in played.each_with_those_before():
        recent = [earlier for earlier in before if call.at - earlier.at < timedelta(hours=96)]
        machines = [earlier for earlier in before if earlier.outcome is Outcome.MACHINE_NO_MESSAGE]
        assert len(recent) < 3
        assert all(call.at - earlier.ended_at >= timedelta(hours=60) for earlier in machines)
        held += len(recent) == 2
    assert held > 100


def test_the_law_of_france_lets_a_person_be_called_four_times_in_thirty_days(
    played: Played,
) -> None:
    french = [calls for number, calls in played.by_number().items() if number.startswith("+33")]

    assert max(map(len, french)) == 4


def test_the_sums_are_those_of_the_calls(played: Played) -> None:
    result = played.result

    assert result.calls == len(played.calls)
    assert result.outcomes == Counter(call.outcome for call in played.calls)
    assert result.contacts == 1000
    waiting = sum(wait.contacts for wait in result.waiting)
    never = sum(count for _, count in result.never)
    assert sum(result.finished.values()) + waiting + never == 1000
    hours = Counter(call.at.replace(minute=0, second=0, microsecond=0) for call in played.calls)
    assert result.busiest == min(hours.items(), key=lambda item: (-item[1], item[0]))
    assert sum(result.by_hour.values()) == len(played.calls)


def test_the_end_is_that_of_the_last_call_or_there_is_none(tmp_path: Path) -> None:
    long = Played(tmp_path, days=60)
    short = Played(tmp_path, days=2)

    assert long.result.finished_at == max(call.ended_at for call in long.calls)
    assert not long.result.waiting
    assert short.result.finished_at is None
    gates = {wait.reason.partition(":")[0] for wait in short.result.waiting}
    assert gates <= {"window", "law", "retry", "day", "pacing", "silence", "frequency_cap"}


def test_the_same_seed_gives_the_same_calls_and_another_gives_others(tmp_path: Path) -> None:
    first, again, other = (Played(tmp_path, seed=seed, days=3) for seed in (1, 1, 2))

    assert _told(first) == _told(again)
    assert _told(first) != _told(other)


def _told(played: Played) -> list[tuple[str, datetime, datetime, str]]:
    return [(call.contact.number, call.at, call.ended_at, call.outcome) for call in played.calls]


def test_without_caps_all_open_contacts_are_called_at_once(tmp_path: Path) -> None:
    played = Played(tmp_path, days=1, caps={})

    first = [call for call in played.calls if call.at == played.calls[0].at]
    assert len(first) > 20
    assert played.result.peak >= len(first)


def test_a_contact_without_a_further_window_is_out_of_time(tmp_path: Path) -> None:
    calendar = CALENDAR | {"end_date": "2026-11-21"}
    played = Played(tmp_path, days=10, calendar=calendar)

    assert played.result.finished[Outcome.OUT_OF_TIME] > 100
    assert not played.result.waiting
    assert played.result.finished_at == max(call.ended_at for call in played.calls)
