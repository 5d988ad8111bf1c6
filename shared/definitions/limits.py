"""The limits of a campaign as its owner writes them: frequency caps and silences."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.definitions.base import Definition
from shared.domain.outcomes import Outcome
from shared.domain.policy.frequency import CoolingOff, Event, FrequencyCap, Length, Scope

Subject = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._:-]{0,63}$")]
HOURS_MOST = 366 * 24
DAYS_MOST = 366


class LengthDefinition(Definition):
    """A length in rolling hours or in local days; the day of the call or event is the first."""

    hours: int | None = Field(default=None, ge=1, le=HOURS_MOST)
    local_days: int | None = Field(default=None, ge=1, le=DAYS_MOST)

    @model_validator(mode="after")
    def has_one_length(self) -> Self:
        if (self.hours is None) == (self.local_days is None):
            raise ValueError("give either hours or local_days")
        return self

    def length(self) -> Length:
        return Length(hours=self.hours, local_days=self.local_days)


class FrequencyCapDefinition(LengthDefinition):
    """At most so many calls to a person, in all campaigns of the tenant together.

    Calls of informational campaigns without a subject and without a limit are not counted.
    """

    max_calls: int = Field(ge=1, le=1000)
    by: Scope = Field(default=Scope.SUBJECT, description="calls on the same subject, or all")
    ignore: list[Outcome] = Field(
        default_factory=list, max_length=16, description="outcomes that do not count"
    )

    def cap(self) -> FrequencyCap:
        return FrequencyCap(
            max_calls=self.max_calls,
            within=self.length(),
            by=self.by,
            ignore=frozenset(self.ignore),
        )


class SilenceDefinition(LengthDefinition):
    """After an event, no call to the person for this long, in any campaign of the tenant."""

    after: Event
    by: Scope = Field(default=Scope.SUBJECT, description="events on the same subject, or all")

    def silence(self) -> CoolingOff:
        return CoolingOff(after=self.after, lasts=self.length(), by=self.by)


def contradiction(caps: list[FrequencyCapDefinition]) -> str | None:
    """The detail of the first cap that another one makes unreachable; None if there is none."""
    for index, cap in enumerate(caps):
        for other in caps[:index]:
            if cap.by is not other.by or set(cap.ignore) != set(other.ignore):
                continue
            shorter, longer = sorted((cap, other), key=_hours)
            if shorter.max_calls >= longer.max_calls:
                return (
                    f"{shorter.max_calls} calls in {_words(shorter)} can never be reached under "
                    f"{longer.max_calls} in {_words(longer)}; leave one out"
                )
    return None


def _hours(cap: FrequencyCapDefinition) -> int:
    return cap.hours or 24 * (cap.local_days or 0)


def _words(cap: FrequencyCapDefinition) -> str:
    return f"{cap.hours} hours" if cap.hours else f"{cap.local_days} days"
