"""Calendars by the REST API: an error names the field and says what would be valid."""

from datetime import date, timedelta
from typing import Any

from tests.support.api import DEFINITION, Api

MONDAYS = {"days": ["mon"], "start": "09:00", "end": "10:00"}
THANKSGIVING = {"date": "2030-11-28", "windows": [{"start": "10:00", "end": "12:00"}]}


def calendar(**changes: Any) -> dict[str, Any]:
    return {"calendar": {"windows": [MONDAYS]} | changes}


def special(**changes: Any) -> dict[str, Any]:
    return calendar(dates=[THANKSGIVING | changes])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"calendar": {"windows": []}}, "/calendar/windows"),
    (
        {"calendar": {"windows": [{"days": ["mon"], "start": "9:00", "end": "10:00"}]}},
        "/calendar/windows/0/start",
    ),
    (
        {"calendar": {"windows": [{"days": ["mon"], "start": "09:00", "end": "09:00"}]}},
        "/calendar/windows/0/end",
    ),
    (
        {
            "calendar": DEFINITION["calendar"]
            | {"start_date": "2030-02-02", "end_date": "2030-02-01"}
        },
        "/calendar/end_date",
    ),
    ({"calendar": DEFINITION["calendar"] | {"end_date": "2020-02-01"}}, "/calendar/end_date"),
    (
        {
            "calendar": {
                "windows": [{"days": ["mon"], "start": "09:00", "end": "10:00"}],
                "start_date": "2030-01-01",
                "end_date": "2030-01-05",
            }
        },
        "/calendar/windows",
    ),
    (calendar(windows=[MONDAYS | {"start": "24:00"}]), "/calendar/windows/0/start"),
    (calendar(windows=[MONDAYS | {"end": "08:00"}]), "/calendar/windows/0/end"),
    (calendar(windows=[MONDAYS | {"crosses_midnight": True}]), "/calendar/windows/0/end"),
    (special(date="2030-02-30"), "/calendar/dates/0/date"),
    (special(date="9999-12-31"), "/calendar/dates/0/date"),
    (special(windows=[]), "/calendar/dates/0/windows"),
    (
        special(windows=[{"start": "10:00", "end": "10:00"}]),
        "/calendar/dates/0/windows/0/end",
    ),
    (calendar(start_date="9999-12-30"), "/calendar/start_date"),
    (calendar(excluded_dates=["2030-01-01", "tomorrow"]), "/calendar/excluded_dates/1"),
    (calendar(holidays=[{"country": "XX"}]), "/calendar/holidays/0/country"),
    (calendar(holidays=[{"country": "us"}]), "/calendar/holidays/0/country"),
    (calendar(holidays=[{"country": "US", "region": "BA"}]), "/calendar/holidays/0/region"),
]
# A Monday, a public holiday in all of the US, and the day after it.
LABOR_DAY = {"start_date": "2030-09-02", "end_date": "2030-09-03"}
NEVER_OPEN: list[tuple[dict[str, Any], str]] = [
    (calendar(**LABOR_DAY, excluded_dates=["2030-09-02"]), "/calendar/windows"),
    (calendar(**LABOR_DAY, holidays=[{"country": "US"}]), "/calendar/windows"),
    (calendar(windows=[], dates=[THANKSGIVING], end_date="2030-11-27"), "/calendar/dates"),
    (calendar(windows=[], dates=[THANKSGIVING | {"date": "2020-11-28"}]), "/calendar/dates"),
    (
        calendar(windows=[], dates=[THANKSGIVING], excluded_dates=["2030-11-28"]),
        "/calendar/dates",
    ),
    (
        calendar(windows=[], dates=[THANKSGIVING], holidays=[{"country": "US", "region": "AL"}]),
        "/calendar/dates",
    ),
]
JUST_OPEN: list[dict[str, Any]] = [
    calendar(**LABOR_DAY),
    calendar(**LABOR_DAY, holidays=[{"country": "GB"}]),
    calendar(windows=[MONDAYS | {"end": "08:00", "crosses_midnight": True}]),
    calendar(windows=[], dates=[THANKSGIVING]),
    calendar(windows=[], dates=[THANKSGIVING], start_date="2030-11-28", end_date="2030-11-28"),
    calendar(
        **LABOR_DAY, dates=[THANKSGIVING | {"date": "2030-09-03"}], excluded_dates=["2030-09-02"]
    ),
    # Thirteen Mondays are excluded, and only the fourteenth is not.
    calendar(
        start_date="2030-01-01",
        end_date="2030-04-08",
        excluded_dates=[f"{date(2030, 1, 7) + timedelta(weeks=week)}" for week in range(13)],
    ),
]


async def test_a_calendar_that_cannot_be_is_refused_by_its_field(api: Api) -> None:
    for changes, pointer in WRONG:
        problem = await api.post("/v1/campaigns", DEFINITION | changes, status=422)

        assert problem["code"] == "invalid"
        assert [error["pointer"] for error in problem["errors"]] == [pointer], changes


async def test_a_schedule_that_never_opens_is_refused(api: Api) -> None:
    for changes, pointer in NEVER_OPEN:
        problem = await api.post("/v1/campaigns", DEFINITION | changes, status=422)

        errors = [(error["pointer"], error["reason"]) for error in problem["errors"]]
        assert errors == [(pointer, "never_open")], changes


async def test_a_schedule_that_opens_once_is_taken(api: Api) -> None:
    for changes in JUST_OPEN:
        assert await api.campaign(**changes)


async def test_a_refusal_says_what_would_be_right(api: Api) -> None:
    changes = calendar(
        windows=[MONDAYS | {"end": "08:00"}, MONDAYS | {"end": "09:00"}],
        holidays=[{"country": "ZZ"}, {"country": "GB", "region": "ZZ"}],
    )

    problem = await api.post("/v1/campaigns", DEFINITION | changes, status=422)

    details = [error["detail"] for error in problem["errors"]]
    assert "set crosses_midnight to let it run into the next day" in details[0]
    assert "the smallest possible window is one minute" in details[1]
    assert "'ZZ'; use an ISO 3166 code" in details[2]
    assert "region 'ZZ' of GB; its regions are ENG, NIR, SCT, WLS" in details[3]


async def test_a_campaign_far_ahead_is_callable(api: Api) -> None:
    ahead = DEFINITION["calendar"] | {"start_date": "2035-01-01", "end_date": "2035-01-01"}

    assert await api.campaign(calendar=ahead)
