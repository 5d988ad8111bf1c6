"""A campaign of SmartAlex as its client writes it, and as the definition of a campaign."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.definitions.attempts import AttemptsDefinition, RetryDefinition
from shared.definitions.base import Definition, NullIsDefault, refuse
from shared.definitions.calendar import (
    DAYS,
    UNKNOWN_ZONE,
    CalendarDefinition,
    Day,
    WallTime,
    WindowDefinition,
    minute_of_day,
)
from shared.definitions.call import CallTerms, MachineDefinition, without_nul
from shared.definitions.campaign import CampaignDefinition, CapsDefinition
from shared.domain.calendar.zones import is_zone
from shared.domain.call_flows.machines import MachineAction
from shared.domain.outcomes import Outcome

# SmartAlex's table: after which delay a call is repeated, and how often at most. The other outcomes
# end the contact.
_A_DAY = timedelta(hours=24)
RETRIES: dict[Outcome, tuple[timedelta, int]] = {
    Outcome.MACHINE_MESSAGE_LEFT: (_A_DAY, 3),
    Outcome.MACHINE_NO_MESSAGE: (_A_DAY, 3),
    Outcome.NO_ANSWER: (_A_DAY, 3),
    Outcome.DECLINED: (_A_DAY, 3),
    Outcome.BUSY: (timedelta(hours=1), 5),
    Outcome.NETWORK_ERROR: (timedelta(minutes=30), 3),
    Outcome.OVERFLOW: (timedelta(minutes=30), 3),
}
WEEKDAYS: dict[str, Day] = dict(
    zip(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        DAYS,
        strict=True,
    )
)
START, END, ZONE = "09:00", "17:00", "UTC"
NOT_AFTER = "must be after the start, on the same day"
NEVER_OPEN = "must enable a day"
TWICE = "is also in settings; give one of the two"
DAILY = frozenset({"calling_hours_start", "calling_hours_end"})
NO_TIMES = "an enabled day needs start and end"


class Hours(NullIsDefault):
    """The hours of a weekday; one that is not enabled has none."""

    enabled: Annotated[bool, Field(strict=True)] = True
    start: WallTime | None = None
    end: WallTime | None = None

    @model_validator(mode="after")
    def is_possible(self) -> Self:
        if self.enabled and (self.start is None or self.end is None):
            refuse(type(self), [(("start" if self.start is None else "end",), NO_TIMES)])
        if self.start is not None and self.end is not None:
            _refuse_not_after(type(self), self.start, self.end, "end")
        return self


class BusinessHours(Definition):
    """Hours by weekday; a day that is left out has none."""

    monday: Hours | None = None
    tuesday: Hours | None = None
    wednesday: Hours | None = None
    thursday: Hours | None = None
    friday: Hours | None = None
    saturday: Hours | None = None
    sunday: Hours | None = None

    @model_validator(mode="after")
    def opens(self) -> Self:
        if not self.windows():
            raise ValueError(NEVER_OPEN)
        return self

    def windows(self) -> list[WindowDefinition]:
        return [
            WindowDefinition(days=[day], start=hours.start, end=hours.end)
            for name, day in WEEKDAYS.items()
            if (hours := getattr(self, name)) is not None and hours.enabled
        ]


def _known(zone: str) -> str:
    if not is_zone(zone):
        raise ValueError(UNKNOWN_ZONE)
    return zone


Zone = Annotated[str, Field(max_length=64), AfterValidator(_known)]
Stored = AfterValidator(without_nul)


class Settings(NullIsDefault):
    """When and how often is called, in the daily hours."""

    calling_hours_start: WallTime = START
    calling_hours_end: WallTime = END
    timezone: Zone = ZONE
    concurrent_calls: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1
    max_retries: Annotated[int, Field(strict=True, ge=0, le=99)] = 3

    @model_validator(mode="after")
    def ends_after_its_start(self) -> Self:
        _refuse_not_after(
            type(self), self.calling_hours_start, self.calling_hours_end, "calling_hours_end"
        )
        return self


class NewCampaign(Definition):
    """The body of a creation. `timezone` and `business_hours` are those of newer clients, in place
    of the settings of these names and of the daily hours.
    """

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Stored
    ]
    description: Annotated[str, Field(max_length=2000), Stored] | None = None
    agent_id: Annotated[str, Field(max_length=100)]
    settings: Settings | None = None
    timezone: Zone | None = None
    business_hours: BusinessHours | None = None

    @model_validator(mode="after")
    def says_nothing_twice(self) -> Self:
        given = self.chosen.model_fields_set
        faults = []
        if self.timezone is not None and "timezone" in given:
            faults.append((("timezone",), TWICE))
        if self.business_hours is not None and DAILY & given:
            faults.append((("business_hours",), TWICE))
        refuse(type(self), faults)
        return self

    @property
    def chosen(self) -> Settings:
        return self.settings or Settings()

    @property
    def zone(self) -> str:
        return self.timezone or self.chosen.timezone

    def windows(self) -> list[WindowDefinition]:
        if self.business_hours is not None:
            return self.business_hours.windows()
        start, end = self.chosen.calling_hours_start, self.chosen.calling_hours_end
        return [WindowDefinition(days=list(DAYS), start=start, end=end)]


# The fields of a body by those of the definition in which a use case may refuse.
FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "description": ("description",),
    "agent": ("agent_id",),
    "trunk": ("agent_id",),
    "calendar": ("settings", "calling_hours_end"),
    "default_zone": ("settings", "timezone"),
    "attempts": ("settings", "max_retries"),
    "caps": ("settings", "concurrent_calls"),
}


def definition_of(
    new: NewCampaign, terms: CallTerms, *, agent: str, trunk: str
) -> CampaignDefinition:
    """The campaign of a body. Its hours are in its own zone; a contact of no known zone is there.

    `terms` are those of the client's key; the trunk is that of the agent.

    A machine is hung up on, so that voicemail has its row of the table.
    """
    settings, zone = new.chosen, new.zone
    return CampaignDefinition(
        name=new.name,
        description=new.description,
        agent=agent,
        trunk=trunk,
        kind=terms.kind,
        automated=terms.automated,
        calendar=CalendarDefinition(windows=new.windows(), zone=zone),
        default_zone=zone,
        attempts=attempts_of(settings.max_retries),
        caps=CapsDefinition(max_concurrent=settings.concurrent_calls),
        machine=MachineDefinition(action=MachineAction.HANG_UP),
    )


def attempts_of(max_retries: int) -> AttemptsDefinition:
    """One budget of retries for all outcomes, which cuts those of the table."""
    if not max_retries:
        return AttemptsDefinition()
    return AttemptsDefinition(
        max_total=1 + max_retries,
        retry={
            outcome: RetryDefinition(
                delay_seconds=int(delay.total_seconds()), max_attempts=1 + min(most, max_retries)
            )
            for outcome, (delay, most) in RETRIES.items()
        },
    )


def settings_of(definition: CampaignDefinition) -> dict[str, Any]:
    """The settings of a campaign; null: they have no word for one that was made in another way."""
    windows = definition.calendar.windows
    daily = windows[0] if len(windows) == 1 and len(set(windows[0].days)) == len(DAYS) else None
    return {
        "calling_hours_start": daily and daily.start,
        "calling_hours_end": daily and daily.end,
        "timezone": definition.calendar.zone,
        "concurrent_calls": definition.caps.max_concurrent,
        "max_retries": definition.attempts.max_total - 1,
    }


def business_hours_of(definition: CampaignDefinition) -> dict[str, Any] | None:
    """The hours by weekday; None where a day has several windows, or only special dates have."""
    windows = definition.calendar.windows
    by_day = {day: [window for window in windows if day in window.days] for day in DAYS}
    if not windows or any(len(found) > 1 for found in by_day.values()):
        return None
    return {
        name: {
            "enabled": bool(by_day[day]),
            "start": by_day[day][0].start if by_day[day] else None,
            "end": by_day[day][0].end if by_day[day] else None,
        }
        for name, day in WEEKDAYS.items()
    }


def _refuse_not_after(model: type[Definition], start: str, end: str, field: str) -> None:
    if minute_of_day(end) <= minute_of_day(start):
        refuse(model, [((field,), NOT_AFTER)])
