"""Holidays by country and region, compared with published dates."""

import subprocess
import sys
from datetime import date
from importlib import metadata

import pytest

from shared.domain.calendar.holidays import HolidaySet, UnknownHolidaysError, holidays_version


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [
        pytest.param("US", "LA", "2027-02-09", id="Mardi Gras in Louisiana"),
        pytest.param("US", "LA", "2027-03-26", id="Good Friday in Louisiana"),
        pytest.param("US", "RI", "2026-08-10", id="Victory Day in Rhode Island"),
        pytest.param("US", "UT", "2026-07-24", id="Pioneer Day in Utah"),
        pytest.param("US", "AL", "2026-11-26", id="Thanksgiving in Alabama"),
        pytest.param("US", "PA", "2026-11-26", id="Thanksgiving in Pennsylvania"),
        pytest.param("FR", None, "2026-05-25", id="Whit Monday in France"),
        pytest.param("FR", None, "2026-07-14", id="the 14th of July in France"),
        pytest.param("AU", None, "2027-01-26", id="Australia Day"),
        pytest.param("AU", None, "2026-12-25", id="Christmas in Australia"),
        pytest.param("US", None, "2026-07-03", id="a Saturday's holiday, observed on Friday"),
        pytest.param("US", None, "2027-12-31", id="New Year's Day, observed the year before"),
        pytest.param("GB", "SCT", "2026-11-30", id="St Andrew's Day in Scotland"),
        pytest.param("CA", "QC", "2026-06-24", id="St John's Day in Quebec"),
    ],
)
def test_known_days(country: str, region: str | None, day: str) -> None:
    when = date.fromisoformat(day)

    assert when in HolidaySet(country=country, region=region).dates(when.year)


def test_a_region_has_its_own_beside_those_of_the_country() -> None:
    country, region = HolidaySet(country="US"), HolidaySet(country="US", region="RI")

    assert date(2026, 8, 10) in region.dates(2026) - country.dates(2026)
    assert country.dates(2026) & region.dates(2026) >= {date(2026, 7, 4), date(2026, 12, 25)}


def further(year: int, *days: str) -> set[str]:
    known, more = HolidaySet(country="US"), HolidaySet(country="US", days=days)
    return {f"{day:%m-%d}" for day in more.dates(year) - known.dates(year)}


def test_further_days_are_holidays_of_every_year_on_their_date() -> None:
    for year in (2026, 2027, 2028):
        assert further(year, "01-08", "11-01") == {"01-08", "11-01"}


@pytest.mark.parametrize(
    ("day", "dates"),
    [
        pytest.param("fri>=11-23", ("11-27", "11-26", "11-24"), id="the day after Thanksgiving"),
        pytest.param("tue>=11-02", ("11-03", "11-02", "11-07"), id="election day"),
        pytest.param("easter-2", ("04-03", "03-26", "04-14"), id="Good Friday"),
        pytest.param("easter-47", ("02-17", "02-09", "02-29"), id="Mardi Gras"),
        pytest.param("easter+1", ("04-06", "03-29", "04-17"), id="Easter Monday"),
        pytest.param("sun>=12-28", ("", "01-03", "01-02 12-31"), id="across the end of a year"),
    ],
)
def test_further_days_that_move(day: str, dates: tuple[str, str, str]) -> None:
    """In 2026, 2027 and 2028."""
    for year, expected in zip((2026, 2027, 2028), dates, strict=True):
        assert further(year, day) == set(expected.split()), year


def test_days_from_easter_are_those_that_the_library_knows_of_louisiana() -> None:
    known = HolidaySet(country="US", region="LA")
    again = HolidaySet(country="US", region="LA", days=("easter-47", "easter-2"))

    for year in range(2020, 2050):
        assert again.dates(year) == known.dates(year)


@pytest.mark.parametrize(
    "day", ["02-29", "02-30", "04-31", "13-01", "00-01", "wed>=02-29", "easter", "first of may"]
)
def test_a_further_day_that_some_year_lacks_is_refused(day: str) -> None:
    with pytest.raises(ValueError, match="is no day of every year"):
        HolidaySet(country="US", days=(day,))


def test_dates_of_a_year_are_in_it() -> None:
    for year in range(2020, 2038):
        days = HolidaySet(country="US").dates(year)

        assert len(days) >= 10
        assert {day.year for day in days} == {year}


@pytest.mark.parametrize("country", ["ZZ", "us", "UK", "GBR", "", "U" * 1_000])
def test_an_unknown_country_is_named(country: str) -> None:
    with pytest.raises(UnknownHolidaysError, match="two capital letters") as raised:
        HolidaySet(country=country)

    assert repr(country[:16]) in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("region", ["ZZ", "Alabama", ""])
def test_an_unknown_region_is_named_with_those_that_are_known(region: str) -> None:
    with pytest.raises(UnknownHolidaysError, match="AL, ") as raised:
        HolidaySet(country="US", region=region)

    assert repr(region) in str(raised.value)


def test_a_country_without_regions_says_so() -> None:
    with pytest.raises(UnknownHolidaysError, match="leave the region out"):
        HolidaySet(country="EE", region="X")


def test_the_version_is_the_installed_one() -> None:
    assert holidays_version() == metadata.version("holidays")


def test_holidays_are_loaded_only_when_they_are_used() -> None:
    script = (
        "import sys; import shared.domain.calendar.calendar, shared.definitions.campaign;"
        "import shared.runtime.process;"
        "print('holidays' in sys.modules)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == "False"
