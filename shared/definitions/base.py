"""What all parts of a definition share."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

# The context in which a definition is read back: what its owner was once allowed to write stays
# readable, even if it would be refused today.
STORED = {"stored": True}


class Definition(BaseModel):
    """Base of the parts: immutable, and a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def is_stored(info: ValidationInfo) -> bool:
    return info.context is STORED


def refuse(model: type[Definition], faults: Iterable[tuple[tuple[str, ...], str]]) -> None:
    """Refuse fields that contradict others, each by its own path and with what would be right.

    To be called from a validator of the model, which may know the path of a nested field.
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
