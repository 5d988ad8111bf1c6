"""A number pool as its owner writes it."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator

from shared.definitions.base import E164, Definition
from shared.domain.capacity.caller_ids import Rotation

# Each call of a sticky pool weighs every number.
NUMBERS_MOST = 200

Numbers = Annotated[list[E164], Field(min_length=1, max_length=NUMBERS_MOST)]
CallsMost = Annotated[int, Field(ge=1, le=1_000_000)]

NUMBERS = "caller IDs of the tenant; inactive ones are left out of the rotation"
ROTATION = (
    "round_robin: the number whose last call is the longest ago · least_used: the one with the "
    "fewest calls of the day · sticky: the same one for the same person · local_presence: one with "
    "the area code of the person, else of the same part of the country, else of the same country"
)
PER_HOUR = "calls through pools that may show one number in an hour of UTC; null: no cap"
PER_DAY = (
    "calls through pools that may show one number in a day, which begins at midnight in the "
    "number's own zone, or in UTC if it has several; null: no cap"
)


class NumberPoolDefinition(Definition):
    """Caller IDs of which each call of a campaign shows one."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    numbers: Numbers = Field(description=NUMBERS, examples=[["+12025550100", "+13035550111"]])
    rotation: Rotation = Field(default=Rotation.ROUND_ROBIN, description=ROTATION)
    max_calls_per_hour: CallsMost | None = Field(default=None, description=PER_HOUR)
    max_calls_per_day: CallsMost | None = Field(default=None, description=PER_DAY)

    @field_validator("name")
    @classmethod
    def has_no_nul(cls, name: str) -> str:
        if "\x00" in name:
            raise ValueError("must not contain a NUL character")
        return name


class NumberPoolEdit(Definition):
    """Parts that are given replace those of the pool; the others stay."""

    numbers: Numbers | None = None
    rotation: Rotation | None = None
    max_calls_per_hour: CallsMost | None = Field(default=None, description=PER_HOUR)
    max_calls_per_day: CallsMost | None = Field(default=None, description=PER_DAY)

    @field_validator("numbers", "rotation")
    @classmethod
    def is_not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("must not be null; leave it out to keep it")
        return value

    def edited(self, before: Any) -> NumberPoolDefinition:
        """The pool after the edit; `before` has the same parts as attributes."""
        parts = {name: getattr(before, name) for name in NumberPoolDefinition.model_fields}
        return NumberPoolDefinition.model_validate(parts | self.model_dump(exclude_unset=True))
