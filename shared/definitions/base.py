"""The base class of all parts of a definition."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

# The validation context of a stored definition. A definition that was once accepted stays readable,
# even if a rule that was added later would refuse it.
STORED = {"stored": True}


class Definition(BaseModel):
    """Base of the parts: immutable; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def is_stored(info: ValidationInfo) -> bool:
    return info.context is STORED


def refuse(model: type[Definition], faults: Iterable[tuple[tuple[str, ...], str]]) -> None:
    """Refuse fields that contradict others, each by its own path, with the detail that says why.

    A validator of the model calls it; a path may lead into a nested model.
    """
    details = [
        InitErrorDetails(
            type=PydanticCustomError("contradiction", "{detail}", {"detail": detail}),
            loc=path,
            input=None,
        )
        for path, detail in faults
    ]
    if details:
        raise ValidationError.from_exception_data(model.__name__, details)
