"""What is wrong with a value is said in plain words, without the value."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.definitions.campaign import CampaignDefinition
from shared.definitions.validation import in_words


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (int, "s3cret", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (int, None, "must be a whole number"),
        (float, "s3cret", "must be a number"),
        (Decimal, "s3cret", "must be a number"),
        (bool, "s3cret", "must be true or false"),
        (str, 7, "must be text"),
        (list[int], "s3cret", "must be a list"),
        (Part, "s3cret", "must be an object"),
        (Part, {}, "is required"),
        (Part, {"name": "a", "s3cret": 1}, "there is no such field"),
        (UUID, "s3cret", "must be a UUID, like 019a8c4e-0000-7000-8000-000000000000"),
        (date, "s3cret", "must be a date, like 2031-01-31"),
        (time, "s3cret", "must be a time of day, like 09:00"),
        (datetime, "s3cret", "must be an instant with its offset from UTC, like 2031-01-31T08:00"),
        (AwareDatetime, "2031-01-31T08:00:00", "must be an instant with its offset from UTC"),
        (Annotated[int, Field(ge=1)], 0, "must be 1 or more"),
        (Annotated[int, Field(le=5)], 6, "must be 5 or less"),
        (Annotated[int, Field(gt=1)], 1, "must be more than 1"),
        (Annotated[int, Field(lt=5)], 5, "must be less than 5"),
        (Literal["a", "b"], "s3cret", "must be 'a' or 'b'"),
    ],
)
def test_a_fault_says_what_would_be_right(kind: Any, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)

    (fault,) = caught.value.errors()
    assert in_words(fault).startswith(words)
    assert "s3cret" not in in_words(fault)


def test_no_fault_of_a_campaign_speaks_of_inputs() -> None:
    nonsense: dict[str, Any] = {name: [[object()]] for name in CampaignDefinition.model_fields}

    with pytest.raises(ValidationError) as caught:
        CampaignDefinition.model_validate(nonsense)

    faults = [in_words(fault) for fault in caught.value.errors()]
    assert not [fault for fault in faults if "input" in fault.lower()]
