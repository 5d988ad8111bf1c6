"""Another release of the zone data is taken up whole, while everything goes on; or not at all."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.domain.calendar.calendar import Calendar, WeeklyWindow, is_open, next_span
from shared.domain.calendar.tzdata_release import ZoneDataError, installed_package, read_release
from shared.domain.calendar.zones import (
    day_start,
    is_zone,
    release_in_force,
    tzdata_version,
    use_release,
    utc_offset,
)
from shared.domain.places.calling_groups import CallingGroup
from shared.rulepacks.rulebook import RuleBook
from shared.rulepacks.store import RulePackStore
from shared.runtime.metrics import ZONE_DATA_REFUSED
from shared.zone_watch import ZoneWatch, read_whole_release

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
NINE_TO_FIVE = Calendar(
    windows=tuple(WeeklyWindow(weekday=day, start=540, end=1_020) for day in range(7))
)
GAZA = "Asia/Gaza"
IN_GAZA = CallingGroup(
    zones=(GAZA,), source="contact", jurisdictions=("PS",), jurisdiction_source="number"
)
DAYS = '["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'
HOURS = f'{{"days": {DAYS}, "start": "09:00", "end": "17:00"}}'
DEFINITION = f'{{"name": "Gaza", "calendar": {{"windows": [{HOURS}]}}}}'


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A copy of the installed package with its record; what was in force is so again at the end."""
    before, installed = release_in_force(), installed_package()
    copy = tmp_path / "tzdata"
    shutil.copytree(installed, copy)
    for record in installed.parent.glob("tzdata-*.dist-info"):
        shutil.copytree(record, tmp_path / record.name)
    yield copy
    use_release(before)


def make_another_release(
    package: Path, version: str = "2099z", instead: str = "Asia/Tokyo"
) -> None:
    """Gaza decides overnight to have other clocks."""
    shutil.rmtree(next(package.parent.glob("tzdata-*.dist-info")))
    shutil.copy(package / "zoneinfo" / instead, package / "zoneinfo" / GAZA)
    (package / "__init__.py").write_text(f'IANA_VERSION = "{version}"\n')


def refusals() -> float:
    return next(iter(ZONE_DATA_REFUSED.collect())).samples[0].value


async def test_what_is_installed_is_whole_and_changes_nothing(package: Path) -> None:
    before, refused = release_in_force(), refusals()

    await ZoneWatch(package).run_once(NOW)

    assert release_in_force() is before
    assert refusals() == refused
    assert read_whole_release(installed_package()) == before


async def test_another_release_moves_windows_without_a_restart(package: Path) -> None:
    watch = ZoneWatch(package)
    await watch.run_once(NOW)
    day = NOW.date() + timedelta(days=1)
    before = next_span((NINE_TO_FIVE,), (GAZA,), now=NOW)
    begun = day_start(GAZA, day)

    make_another_release(package)
    await watch.run_once(NOW)

    after = next_span((NINE_TO_FIVE,), (GAZA,), now=NOW)
    assert tzdata_version() == "2099z"
    assert utc_offset(GAZA, int(NOW.timestamp())) == 9 * 3_600
    assert before is not None
    assert after is not None
    assert (before.opens_at.hour, after.opens_at.hour) == (6, 0)
    assert is_open((NINE_TO_FIVE,), (GAZA,), at=after.opens_at)
    assert begun - day_start(GAZA, day) == timedelta(hours=6)


async def test_the_openings_that_a_process_keeps_move_too(package: Path) -> None:
    watch, book = ZoneWatch(package), RuleBook(RulePackStore(None))
    await book.refresh(NOW)
    before = book.rules(DEFINITION, "{}", IN_GAZA).opening(now=NOW)

    make_another_release(package)
    await watch.run_once(NOW)
    await book.refresh(NOW)

    after = book.rules(DEFINITION, "{}", IN_GAZA).opening(now=NOW)
    assert before is not None
    assert after is not None
    assert before.opens_at - after.opens_at == timedelta(hours=-18)


async def test_a_look_without_a_change_reads_nothing(package: Path) -> None:
    watch = ZoneWatch(package)
    await watch.run_once(NOW)
    (package / "zoneinfo" / GAZA).write_bytes(b"")

    await watch.run_once(NOW)

    assert utc_offset(GAZA, int(NOW.timestamp())) == 3 * 3_600


async def test_half_an_upgrade_leaves_the_old_data_in_force(package: Path) -> None:
    """The files are new, and the installer has not written its record yet."""
    before, refused = release_in_force(), refusals()
    shutil.copy(package / "zoneinfo" / "Asia/Tokyo", package / "zoneinfo" / GAZA)
    (package / "__init__.py").write_text('IANA_VERSION = "2099z"\n')
    watch = ZoneWatch(package)

    await watch.run_once(NOW)
    await watch.run_once(NOW)

    assert release_in_force() is before
    assert refusals() == refused + 2

    shutil.rmtree(next(package.parent.glob("tzdata-*.dist-info")))
    await watch.run_once(NOW)
    assert tzdata_version() == "2099z"


@pytest.mark.parametrize("missing", ["__init__.py", "zones", f"zoneinfo/{GAZA}", "."])
async def test_what_is_missing_leaves_the_old_data_in_force(package: Path, missing: str) -> None:
    before, refused = release_in_force(), refusals()
    make_another_release(package)
    gone = package / missing
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()

    await ZoneWatch(package).run_once(NOW)

    assert release_in_force() is before
    assert is_zone(GAZA)
    assert refusals() == refused + 1


@pytest.mark.parametrize("version", ["", "IANA_VERSION = 3", "\xff"])
def test_a_package_without_a_version_is_refused(package: Path, version: str) -> None:
    (package / "__init__.py").write_text(version, "latin-1")

    with pytest.raises(ZoneDataError):
        read_release(package)


def test_a_damaged_zone_is_refused_by_its_name(package: Path) -> None:
    make_another_release(package)
    (package / "zones").write_text(f"{GAZA}\nUTC\n")
    whole = (package / "zoneinfo" / GAZA).read_bytes()

    for kept in range(0, len(whole) - 30, 5):
        (package / "zoneinfo" / GAZA).write_bytes(whole[:kept])
        with pytest.raises(ZoneDataError, match=GAZA):
            read_whole_release(package)
