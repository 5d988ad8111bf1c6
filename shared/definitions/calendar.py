"""When a campaign may call, as its owner writes it."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.definitions.base import Definition
from shared.domain.calendar import Calendar, WeeklyWindow

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WallTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
MINUTES_A_DAY = 1440


def minute_of_day(wall_time: str) -> int:
    """Minutes from 00:00; `24:00` is 1440."""
    hours, minutes = wall_time.split(":")
    return int(hours) * 60 + int(minutes)


class WindowDefinition(Definition):
    """A weekly span of wall time, half-open; an end at or before the start is on the next day."""

    days: list[Day] = Field(min_length=1, max_length=7)
    start: WallTime = Field(examples=["09:00"])
    end: WallTime = Field(examples=["20:00"])

    @model_validator(mode="after")
    def has_length(self) -> Self:
        if self.start == "24:00":
            raise ValueError("start must be before 24:00; write 00:00 of the next day")
        if self.start == self.end:
            raise ValueError("start and end are the same; a whole day is 00:00 to 24:00")
        return self

    def windows(self) -> list[WeeklyWindow]:
        start, end = minute_of_day(self.start), minute_of_day(self.end)
        if end <= start:
            end += MINUTES_A_DAY
        return [WeeklyWindow(weekday=DAYS.index(day), start=start, end=end) for day in self.days]


class CalendarDefinition(Definition):
    """When calling is allowed, in the wall time of the zone in which the contact is."""

    windows: list[WindowDefinition] = Field(min_length=1, max_length=100)
    start_date: date | None = Field(default=None, description="first local date, inclusive")
    end_date: date | None = Field(default=None, description="last local date, inclusive")

    @model_validator(mode="after")
    def ends_after_start(self) -> Self:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError("end_date is before start_date")
        return self

    def calendar(self) -> Calendar:
        windows = tuple(weekly for window in self.windows for weekly in window.windows())
        return Calendar(windows=windows, start_date=self.start_date, end_date=self.end_date)
