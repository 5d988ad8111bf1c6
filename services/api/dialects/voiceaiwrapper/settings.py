"""A campaign of VoiceAIWrapper as its client writes it, and as parts of a definition."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from shared.definitions.attempts import DELAY_MOST, LONGEST_DAY, AttemptsDefinition, RetryDefinition
from shared.definitions.base import NullIsDefault, refuse
from shared.definitions.calendar import (
    DAYS,
    UNKNOWN_ZONE,
    CalendarDefinition,
    CallingDate,
    Day,
    WindowDefinition,
)
from shared.definitions.call import MachineDefinition, without_nul
from shared.domain.calendar.zones import is_zone
from shared.domain.call_flows.machines import MachineAction
from shared.domain.outcomes import Outcome

MOST_ATTEMPTS = 100
A_MINUTE = 60
LONGEST_GAP = DELAY_MOST // A_MINUTE
REQUIRED = "is required for OUTBOUND campaigns"
NOT_AFTER_DATE = "must be after start_date"
NOT_AFTER_TIME = "must be after daily_start_time, by a whole minute"
WEEKDAYS: dict[str, Day] = dict(
    zip(
        ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"),
        DAYS,
        strict=True,
    )
)
# After these a lead is called again; voicemail is one of them unless it counts as answered.
RETRIED = (
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.DECLINED,
    Outcome.NETWORK_ERROR,
    Outcome.OVERFLOW,
)
VOICEMAIL = (Outcome.MACHINE_MESSAGE_LEFT, Outcome.MACHINE_NO_MESSAGE)


class CampaignType(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class DialerType(StrEnum):
    SINGLE = "SINGLE"
    POOL = "POOL"


class CallingEntity(StrEnum):
    """What the id of the assistant names at Vapi."""

    ASSISTANT = "ASSISTANT"
    WORKFLOW = "WORKFLOW"
    SQUAD = "SQUAD"


def _written(value: object) -> object:
    """A date is a text here: pydantic takes numbers for seconds since 1970, too."""
    if value is not None and not isinstance(value, str | dt.date):
        raise ValueError("must be a date like 2025-01-31")
    return value


Stored = AfterValidator(without_nul)
Id = Annotated[str, StringConstraints(min_length=1, max_length=200), Stored]
Date = Annotated[CallingDate, BeforeValidator(_written)]
Time = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")]
Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
WebhookUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]
Attempts = Annotated[int, Field(strict=True, ge=1, le=MOST_ATTEMPTS)]


class Settings(NullIsDefault):
    """The body of a creation. An INBOUND campaign keeps what is said of calls, to no effect on it.

    An OUTBOUND one with a pool and a number shows what its dialer type says, and keeps the other.
    """

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Stored
    ]
    type: CampaignType
    assistant_id: Id
    tenant_voice_provider_id: Id
    dialer_type: DialerType
    vapi_calling_entity: CallingEntity | None = None
    phone_number_id: Id | None = None
    phone_number_pool_id: Id | None = None
    start_date: Date | None = None
    end_date: Date | None = None
    timezone: Annotated[str, Field(max_length=64)] | None = None
    days_of_week: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = None
    daily_start_time: Time | None = None
    daily_end_time: Time | None = None
    max_call_attempts: Attempts | None = None
    max_daily_attempts: Attempts | None = None
    min_gap_between_attempts: Annotated[int, Field(strict=True, ge=3, le=LONGEST_GAP)] | None = None
    consider_voicemail_as_answered: Annotated[bool, Field(strict=True)] = False
    webhook_url: WebhookUrl | None = None

    @field_validator("timezone")
    @classmethod
    def is_known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not is_zone(zone):
            raise ValueError(UNKNOWN_ZONE)
        return zone

    @model_validator(mode="after")
    def is_possible(self) -> Self:
        faults: list[tuple[tuple[str, ...], str]] = []
        if self.type is CampaignType.OUTBOUND:
            missing = (name for name in FOR_OUTBOUND if getattr(self, name) is None)
            faults += (((name,), REQUIRED) for name in missing)
        if self.start_date and self.end_date and self.end_date <= self.start_date:
            faults.append((("end_date",), NOT_AFTER_DATE))
        if self.daily_start_time and self.daily_end_time:
            start, end = self._minutes()
            if end <= start:
                faults.append((("daily_end_time",), NOT_AFTER_TIME))
        refuse(type(self), faults)
        return self

    def _minutes(self) -> tuple[int, int]:
        """From which minute of the day to which; seconds make the span shorter, never longer."""
        start = _seconds(self.daily_start_time or "")
        end = _seconds(self.daily_end_time or "")
        return -(-start // A_MINUTE), end // A_MINUTE

    @property
    def is_inbound(self) -> bool:
        return self.type is CampaignType.INBOUND

    def written(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def calendar(self) -> CalendarDefinition:
        """The hours of the campaign's own zone."""
        start, end = self._minutes()
        days = [WEEKDAYS[name] for name in dict.fromkeys(self.days_of_week or ())]
        window = WindowDefinition(days=days, start=_wall_time(start), end=_wall_time(end))
        return CalendarDefinition(
            windows=[window], start_date=self.start_date, end_date=self.end_date, zone=self.timezone
        )

    def attempts(self) -> AttemptsDefinition:
        """A day has one window, so a budget of windows is one of the campaign's own days."""
        most, gap = self.max_call_attempts or 1, (self.min_gap_between_attempts or 1) * A_MINUTE
        a_day = min(self.max_daily_attempts or 1, most, 1 + LONGEST_DAY // gap)
        retried = RETRIED if self.consider_voicemail_as_answered else (*RETRIED, *VOICEMAIL)
        return AttemptsDefinition(
            max_total=most,
            max_per_day=a_day,
            max_per_window=a_day,
            min_gap_seconds=gap,
            delays_seconds=[gap],
            retry={outcome: RetryDefinition() for outcome in retried},
        )

    def machine(self) -> MachineDefinition:
        """Voicemail that counts as answered hears what a person would hear."""
        is_answer = self.consider_voicemail_as_answered
        return MachineDefinition(action=MachineAction.GO_ON if is_answer else MachineAction.HANG_UP)


FOR_OUTBOUND = (
    "start_date",
    "timezone",
    "days_of_week",
    "daily_start_time",
    "daily_end_time",
    "max_call_attempts",
    "max_daily_attempts",
    "min_gap_between_attempts",
)
# The fields that never change.
FIXED = frozenset({"type", "start_date", "end_date", "vapi_calling_entity"})
# Of which fields each part of a definition is made.
CALENDAR = frozenset(
    {
        "start_date",
        "end_date",
        "timezone",
        "days_of_week",
        "daily_start_time",
        "daily_end_time",
    }
)
ATTEMPTS = frozenset(
    {
        "max_call_attempts",
        "max_daily_attempts",
        "min_gap_between_attempts",
        "consider_voicemail_as_answered",
    }
)
VOICE = frozenset({"assistant_id", "tenant_voice_provider_id", "vapi_calling_entity"})
SHOWN = frozenset({"dialer_type", "phone_number_id", "phone_number_pool_id"})


def _seconds(time: str) -> int:
    hours, minutes, seconds = map(int, f"{time}:00".split(":")[:3])
    return (hours * A_MINUTE + minutes) * A_MINUTE + seconds


def _wall_time(minute: int) -> str:
    return f"{minute // A_MINUTE:02}:{minute % A_MINUTE:02}"
