"""A rule pack as its file writes it; the JSON Schema for editors is generated from this.

`python -m shared.rulepacks.definition > shared/rulepacks/schema.json`
"""

import json
import sys
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from shared.definitions.base import Definition
from shared.definitions.limits import FrequencyCapDefinition, SilenceDefinition
from shared.domain.calendar.calendar import Calendar
from shared.domain.calendar.holidays import DAY_PATTERN, HolidaySet, known_regions
from shared.domain.policy.rules import AbandonmentLimit, CallKind, Demand, Duty, RingTime, Rule
from shared.rulepacks.hours import DAYS_PATTERN, Days, Hours, minutes_of, weekly_windows

DEMANDS = ("hours", "cap", "silence", "ring_seconds", "abandonment", "duty")
Grade = Literal["D", "S", "3", "K", "design"]
# Grades of rules that were not read in the law or in a text that quotes it.
UNREAD = ("3", "K", "design")
# Countries whose parts are all known: any other part is a mistake.
DIVIDED = ("AU", "CA", "GB", "US")


def _is_country(code: str) -> str:
    if code not in SUPPORTED_REGIONS:
        raise ValueError(f"{code} is no country; use an ISO 3166 code such as US or GB")
    return code


def _is_place(code: str) -> str:
    country, _, part = code.partition("-")
    _is_country(country)
    if part and country in DIVIDED and part not in known_regions(country):
        parts = ", ".join(known_regions(country))
        raise ValueError(f"{country} has no part {part}; its parts are {parts}")
    return code


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_is_country)]
Place = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"), AfterValidator(_is_place)
]
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2}(-[a-z0-9]{1,3})?(\.[a-z0-9-]+)+$", max_length=100),
]
DayOfYear = Annotated[str, StringConstraints(pattern=rf"^({DAY_PATTERN})$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class RuleHolidays(Definition):
    """The public holidays of a country or of one region of it, and further days of every year."""

    country: str = Field(examples=["US"])
    region: str | None = Field(default=None, examples=["LA"])
    days: list[DayOfYear] = Field(
        default_factory=list,
        max_length=50,
        description="holidays that are not among the known ones: month and day (11-01), the first "
        "weekday from a date on (fri>=11-23), days from Easter Sunday (easter-2)",
        examples=[["11-01", "fri>=11-23", "easter-2"]],
    )

    @model_validator(mode="after")
    def are_known(self) -> Self:
        self.holiday_set()
        return self

    def holiday_set(self) -> HolidaySet:
        return HolidaySet(country=self.country, region=self.region, days=tuple(sorted(self.days)))


class AbandonmentDefinition(Definition):
    """The highest share of answered calls that may be abandoned, over so many days."""

    ratio: float = Field(ge=0, lt=1)
    days: int = Field(ge=1, le=366)


class RuleDefinition(Definition):
    """One rule with exactly one demand; a `duty` is one that a dialer cannot enforce."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [demand]} for demand in DEMANDS]}
    )

    name: Name = Field(description="unique; it begins with the place", examples=["us-fl.hours"])
    jurisdiction: Place = Field(description="ISO 3166 code of a country or a part of it")
    says: Text = Field(description="the rule in a sentence")
    source: Text = Field(description="who says so: statute and section")
    grade: Grade = Field(
        description="D read in the law, S in a quotation, 3 in secondary texts, K not confirmed"
    )
    kinds: list[CallKind] = Field(min_length=1, description="the calls that it is about")
    automated_only: bool = Field(default=False, description="leaves alone who speaks themselves")
    verified: bool = Field(default=True, description="otherwise off until a tenant turns it on")
    effective_from: date | None = Field(default=None, description="its first local date")
    effective_until: date | None = Field(default=None, description="the first date without it")
    hours: dict[Days, Hours] | None = Field(
        default=None,
        description="wall time in which calls are allowed; a day that is not named has none",
        examples=[{"mon-fri": "10:00-13:00, 14:00-20:00", "sat": "10:00-17:00"}],
        json_schema_extra={"propertyNames": {"pattern": DAYS_PATTERN}},
    )
    holidays: list[RuleHolidays] = Field(
        default_factory=list, max_length=10, description="days without calls, whatever their hours"
    )
    holiday_hours: Hours | None = Field(
        default=None,
        description="wall time in which calls are allowed on holidays",
        examples=["13:00-21:00"],
    )
    places: Literal["all"] | None = Field(
        default=None,
        description="all: the hours hold where the number may be and where the address is; "
        "otherwise the zones of the address go before those of the number",
    )
    cap: FrequencyCapDefinition | None = None
    silence: SilenceDefinition | None = None
    ring_seconds: int | None = Field(default=None, ge=1, le=120)
    abandonment: AbandonmentDefinition | None = None
    duty: Literal[True] | None = None

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        faults = [*self._faults()]
        if faults:
            raise ValueError("; ".join(faults))
        self.demand()
        return self

    def _faults(self) -> Iterator[str]:
        given = [demand for demand in DEMANDS if getattr(self, demand) is not None]
        if len(given) != 1:
            text = " and ".join(given) or "none"
            yield f"it makes exactly one demand of {', '.join(DEMANDS)}, and not {text}"
        if self.holidays and self.hours is None:
            yield "holidays belong to hours"
        if self.holiday_hours is not None and not self.holidays:
            yield "holiday_hours belong to holidays"
        if self.places and self.hours is None:
            yield "places belongs to hours"
        if not self.name.startswith(f"{self.jurisdiction.lower()}."):
            yield f"its name must begin with its place: {self.jurisdiction.lower()}."
        if self.verified and self.grade in UNREAD:
            yield f"a rule of grade {self.grade} must say verified = false"
        begins, ends = self.effective_from, self.effective_until
        if begins and ends and ends <= begins:
            yield "effective_until must be after effective_from"

    def demand(self) -> Demand:
        if self.hours is not None:
            return Calendar(
                windows=weekly_windows(self.hours),
                holidays=tuple(definition.holiday_set() for definition in self.holidays),
                holiday_hours=self._holiday_minutes(),
            )
        if self.cap is not None:
            return self.cap.cap()
        if self.silence is not None:
            return self.silence.silence()
        if self.ring_seconds is not None:
            return RingTime(self.ring_seconds)
        if self.abandonment is not None:
            return AbandonmentLimit(self.abandonment.ratio, self.abandonment.days)
        return Duty()

    def _holiday_minutes(self) -> tuple[tuple[int, int], ...]:
        spans = self.holiday_hours
        return () if spans is None else minutes_of("holiday_hours", spans)

    def rule(self, pack: str) -> Rule:
        return Rule(
            name=self.name,
            pack=pack,
            jurisdiction=self.jurisdiction,
            says=self.says,
            source=self.source,
            grade=self.grade,
            demand=self.demand(),
            kinds=frozenset(self.kinds),
            automated_only=self.automated_only,
            in_all_places=self.places == "all",
            verified=self.verified,
            effective_from=self.effective_from,
            effective_until=self.effective_until,
        )


class RulePackDefinition(Definition):
    """The rules of one country and its parts, as of a day."""

    jurisdiction: Country
    version: date = Field(description="the day as of which the rules were read")
    rules: list[RuleDefinition] = Field(min_length=1)

    @property
    def pack(self) -> str:
        return f"{self.jurisdiction}@{self.version}"


def schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RulePackDefinition.model_json_schema(),
    }


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
