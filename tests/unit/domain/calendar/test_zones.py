"""Zones come from the tzdata package, and every change of their clocks is found to the second."""

import subprocess
import sys
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from itertools import pairwise

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from shared.domain.calendar.zones import (
    UnknownZoneError,
    day_start,
    is_zone,
    local_date,
    offset_segments,
    tzdata_version,
    zone,
)
from tests.unit.domain.calendar.oracle import LAST, MINUTE, all_zones, loaded, stored_changes

NEW_DAYS = (
    "America/Havana",
    "Asia/Beirut",
    "Africa/Cairo",
    "America/Santiago",
    "America/New_York",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Niue",
)


def test_zone_data_come_from_the_package_and_not_from_the_machine() -> None:
    script = (
        "import zoneinfo; zoneinfo.reset_tzpath(['/nowhere-but-set']);"
        "import shared.domain.calendar.zones as z; print(zoneinfo.TZPATH, z.zone('Europe/Paris'))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout.split() == ["()", "Europe/Paris"]
    assert zoneinfo.TZPATH == ()


def test_version_is_the_installed_release() -> None:
    year, number = metadata.version("tzdata").split(".")[:2]

    assert tzdata_version() == year + chr(ord("a") + int(number) - 1)


def test_no_zone_is_read_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    names = all_zones()
    monkeypatch.delattr("importlib.resources.files")

    assert tuple(zone(name).key for name in names) == names


@pytest.mark.parametrize("name", ["Asia/Calcutta", "Asia/Kolkata", "US/Pacific", "Etc/UTC", "UTC"])
def test_legacy_names_are_zones(name: str) -> None:
    assert is_zone(name)
    assert zone(name).key == name


@pytest.mark.parametrize(
    "name",
    ["", "Etc/Unknown", "Factory", "America", "america/new_york", "../UTC", "/etc/passwd", "UTC\0"],
)
def test_anything_else_is_refused(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(UnknownZoneError):
        zone(name)


def test_every_zone_that_a_number_can_have_is_known() -> None:
    named = {name for zones in TIMEZONE_DATA.values() for name in zones} - {"Etc/Unknown"}

    assert {name for name in named if not is_zone(name)} == set()


def test_no_zone_ever_changed_its_offset_there_and_back_within_the_probing_step() -> None:
    shortest = min(
        after[0] - before[0]
        for name in all_zones()
        for before, after in pairwise(_offset_changes(name))
    )

    assert shortest > 6 * 3_600


@pytest.mark.parametrize(
    "name", ["America/New_York", "Asia/Gaza", "Africa/Casablanca", "Antarctica/Casey"]
)
def test_segments_hold_exactly_the_changes_of_the_zone_file(name: str) -> None:
    start = int(datetime(1972, 1, 1, tzinfo=UTC).timestamp())
    stored = [at for at, _ in _offset_changes(name) if start < at]

    segments = offset_segments(name, start, stored[-1] + 60)

    assert [begin for begin, _, _ in segments] == [start, *stored]
    assert [end for _, end, _ in segments] == [*stored, stored[-1] + 60]


def _offset_changes(name: str) -> list[tuple[int, int]]:
    """The file's entries, without those that keep the offset."""
    changes: list[tuple[int, int]] = []
    for at, offset in stored_changes(name):
        if not changes or changes[-1][1] != offset:
            changes.append((at, offset))
    return changes


@pytest.mark.parametrize("name", NEW_DAYS)
def test_day_starts_after_the_last_instant_of_the_day_before(name: str) -> None:
    day = date(2026, 1, 1)
    while day < date(2028, 1, 1):
        start = day_start(name, day)

        assert local_date(name, start) >= day
        assert local_date(name, start - timedelta(microseconds=1)) < day
        assert all(
            local_date(name, start + quarter * 15 * MINUTE) >= day for quarter in range(1, 96)
        )
        day += timedelta(days=1)


def test_a_midnight_that_is_skipped_starts_the_day_later() -> None:
    skipped = [
        (name, day)
        for name in ("America/Santiago", "Africa/Cairo", "Asia/Beirut", "America/Havana")
        for day in _days(date(2026, 1, 1), date(2028, 1, 1))
        if day_start(name, day).astimezone(loaded(name)).hour == 1
    ]

    assert {name for name, _ in skipped} >= {"America/Santiago", "Africa/Cairo", "Asia/Beirut"}


def test_an_hour_before_midnight_that_comes_twice_belongs_to_the_old_day() -> None:
    """Santiago puts its clocks from 24:00 back to 23:00."""
    days = _days(date(2026, 1, 1), date(2028, 1, 1))
    lengths = {
        day_start("America/Santiago", day + timedelta(days=1)) - day_start("America/Santiago", day)
        for day in days
    }

    assert lengths == {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days)]


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        local_date("UTC", LAST.replace(tzinfo=None))
