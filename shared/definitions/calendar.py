"""The calendar of a campaign as its owner writes it: windows, special dates, holidays."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from shared.definitions.base import Definition, is_stored, refuse
from shared.domain.calendar.calendar import MINUTES_A_DAY, Calendar, DatedWindow, WeeklyWindow
from shared.domain.calendar.holidays import HolidaySet, known_regions
from shared.domain.calendar.zones import is_zone

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WallTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]
# Python's dates end with the year 9999, and the code adds up to two days to a date.
CallingDate = Annotated[dt.date, Field(ge=dt.date(1970, 1, 1), le=dt.date(2199, 12, 31))]

AT_MOST_A_DAY = "end is after start, so it is on the same day; leave crosses_midnight out"
AT_LEAST_A_MINUTE = (
    "start and end are the same; the smallest possible window is one minute, "
    "and a whole day is 00:00 to 24:00"
)
UNKNOWN_ZONE = "unknown time zone; use an IANA name such as Europe/London"
UNFLAGGED = "end is before start; set crosses_midnight to let it run into the next day"


def minute_of_day(wall_time: str) -> int:
    """Minutes from 00:00; `24:00` is 1440."""
    hours, minutes = wall_time.split(":")
    return int(hours) * 60 + int(minutes)


class HoursDefinition(Definition):
    """A span of wall time: `start` is part of it, `end` is not."""

    start: WallTime = Field(examples=["09:00"])
    end: WallTime = Field(examples=["20:00"])
    crosses_midnight: bool = Field(default=False, description="`end` is on the next day")

    @model_validator(mode="after")
    def is_possible(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            refuse(type(self), self._faults())
        return self

    def _faults(self) -> list[tuple[tuple[str, ...], str]]:
        if self.start == "24:00":
            return [(("start",), "start must be before 24:00; write 00:00 of the next day")]
        if self.crosses_midnight and self.end > self.start:
            return [(("end",), AT_MOST_A_DAY)]
        if not self.crosses_midnight and self.end == self.start:
            return [(("end",), AT_LEAST_A_MINUTE)]
        if not self.crosses_midnight and self.end < self.start:
            return [(("end",), UNFLAGGED)]
        return []

    def minutes(self) -> tuple[int, int]:
        start, end = minute_of_day(self.start), minute_of_day(self.end)
        # Stored definitions that are older than the flag cross midnight without it.
        return start, end if end > start else end + MINUTES_A_DAY


class WindowDefinition(HoursDefinition):
    """A weekly window; `days` are the days on which it begins."""

    days: list[Day] = Field(min_length=1, max_length=7)

    def windows(self) -> list[WeeklyWindow]:
        start, end = self.minutes()
        return [WeeklyWindow(weekday=DAYS.index(day), start=start, end=end) for day in self.days]


class SpecialDateDefinition(Definition):
    """A date with its own hours, which replace the weekly windows of that day."""

    date: CallingDate
    windows: list[HoursDefinition] = Field(min_length=1, max_length=20)

    def dated(self) -> list[DatedWindow]:
        spans = (hours.minutes() for hours in self.windows)
        return [DatedWindow(day=self.date, start=start, end=end) for start, end in spans]


class HolidaysDefinition(Definition):
    """The public holidays of a country; with a region, also those of the region."""

    country: Country = Field(examples=["US"], description="ISO 3166-1")
    region: Region | None = Field(
        default=None, examples=["AL"], description="ISO 3166-2, the part after the country"
    )

    @field_validator("country")
    @classmethod
    def is_known_country(cls, country: str) -> str:
        known_regions(country)
        return country

    @field_validator("region")
    @classmethod
    def is_known_region(cls, region: str | None, info: ValidationInfo) -> str | None:
        if "country" in info.data:
            HolidaySet(country=info.data["country"], region=region)
        return region


class CalendarDefinition(Definition):
    """When calls are allowed, in the wall time of the contact's zone, or of `zone` if it is given.

    Hours of law are always those of the place where the contact is.
    """

    windows: list[WindowDefinition] = Field(default=[], max_length=100)
    dates: list[SpecialDateDefinition] = Field(
        default=[], max_length=400, description="dates with their own hours"
    )
    excluded_dates: list[dt.date] = Field(
        default=[], max_length=1000, description="local dates without calls"
    )
    holidays: list[HolidaysDefinition] = Field(
        default=[], max_length=60, description="further dates without calls"
    )
    start_date: CallingDate | None = Field(default=None, description="first local date, inclusive")
    end_date: dt.date | None = Field(default=None, description="last local date, inclusive")
    zone: str | None = Field(
        default=None,
        examples=["America/New_York"],
        description="the zone of these hours and dates; null: that of each contact",
    )

    @field_validator("zone")
    @classmethod
    def is_known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not is_zone(zone):
            raise ValueError(UNKNOWN_ZONE)
        return zone

    @model_validator(mode="after")
    def is_possible(self) -> Self:
        if not self.windows and not self.dates:
            refuse(type(self), [(("windows",), "needs a weekly window, or dates with windows")])
        if self.start_date and self.end_date and self.end_date < self.start_date:
            refuse(type(self), [(("end_date",), "end_date is before start_date")])
        return self

    def calendar(self) -> Calendar:
        return Calendar(
            windows=tuple(weekly for window in self.windows for weekly in window.windows()),
            start_date=self.start_date,
            end_date=self.end_date,
            dated=tuple(dated for date in self.dates for dated in date.dated()),
            excluded=frozenset(self.excluded_dates),
            holidays=tuple(
                HolidaySet(country=holidays.country, region=holidays.region)
                for holidays in self.holidays
            ),
            zone=self.zone,
        )
