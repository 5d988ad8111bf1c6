"""A campaign as its owner writes it: checked at the edge, stored as JSON, read as domain values."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from shared.domain.attempt_policy import AttemptPolicy, RetryRule
from shared.domain.calendar import Calendar, WeeklyWindow
from shared.domain.outcomes import Outcome
from shared.domain.zones import is_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WallTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
MINUTES_A_DAY = 1440


class Definition(BaseModel):
    """Base of the parts: immutable, and a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class RetryDefinition(Definition):
    """What follows one outcome."""

    delay_seconds: int = Field(ge=0, le=30 * 86_400)
    max_attempts: int | None = Field(default=None, ge=1, le=100)


class AttemptsDefinition(Definition):
    """One shared budget of attempts; an outcome that `retry` does not name ends the contact."""

    max_total: int = Field(default=1, ge=1, le=100)
    max_per_day: int | None = Field(default=None, ge=1, le=100)
    min_gap_seconds: int = Field(default=0, ge=0, le=30 * 86_400)
    retry: dict[Outcome, RetryDefinition] = Field(default_factory=dict)

    def policy(self) -> AttemptPolicy:
        rules = {
            outcome: RetryRule(
                delay=timedelta(seconds=rule.delay_seconds), max_attempts=rule.max_attempts
            )
            for outcome, rule in self.retry.items()
        }
        return AttemptPolicy(
            max_total=self.max_total,
            max_per_day=self.max_per_day,
            min_gap=timedelta(seconds=self.min_gap_seconds),
            retry=rules,
        )


class CapsDefinition(Definition):
    """Hard caps of the campaign; those of the tenant, the trunk and everything hold beside them."""

    max_concurrent: int | None = Field(default=None, ge=1, le=100_000)
    calls_per_second: int | None = Field(default=None, ge=1, le=100_000)


class WebhookDefinition(Definition):
    """Where the campaign's events are posted, signed as Standard Webhooks say."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]


class CampaignDefinition(Definition):
    """A policy for calling a list."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    caller_id: E164 | None = None
    call_flow: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    trunk: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "default"
    calendar: CalendarDefinition
    default_region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="country of numbers that are written without one"
    )
    default_zone: str | None = Field(
        default=None, description="zone of contacts that have none; without it they are not called"
    )
    attempts: AttemptsDefinition = AttemptsDefinition()
    caps: CapsDefinition = CapsDefinition()
    webhook: WebhookDefinition | None = None

    @field_validator("name", "call_flow", "trunk")
    @classmethod
    def has_no_nul(cls, text: str | None) -> str | None:
        if text and "\x00" in text:
            raise ValueError("must not contain a NUL character")
        return text

    @field_validator("default_zone")
    @classmethod
    def is_known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not is_zone(zone):
            raise ValueError("unknown time zone; use an IANA name such as Europe/London")
        return zone


@lru_cache(maxsize=4096)
def parse_definition(text: str) -> CampaignDefinition:
    """The stored JSON as values; the same text is parsed once."""
    return CampaignDefinition.model_validate_json(text)


@lru_cache(maxsize=4096)
def calendar_of(definition: str) -> Calendar:
    """The calendar of a stored definition, parsed once."""
    return parse_definition(definition).calendar.calendar()


@lru_cache(maxsize=4096)
def policy_of(definition: str) -> AttemptPolicy:
    """The attempt policy of a stored definition, parsed once."""
    return parse_definition(definition).attempts.policy()
