"""The base class of all parts of a definition, and what their errors say."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_wrap_validator_function

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]

# The validation context of a stored definition. A definition that was once accepted stays readable,
# even if a rule that was added later would refuse it.
STORED = {"stored": True}


class Definition(BaseModel):
    """Base of the parts: immutable; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NullIsDefault(Definition):
    """Base of parts that clients of another API write: null is as if the field was left out."""

    @model_validator(mode="before")
    @classmethod
    def leaves_out_nulls(cls, sent: object) -> object:
        if not isinstance(sent, dict):
            return sent
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        return {
            name: value for name, value in sent.items() if value is not None or name not in optional
        }


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


@dataclass(frozen=True, slots=True)
class Untagged:
    """Marks a union whose errors name the field as it was sent.

    pydantic puts the tag of the part into the path of an error, where the document has no field.
    `field` tells the parts apart, by one of `tags`, unless they are of different JSON types.
    """

    field: str = ""
    tags: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_wrap_validator_function(self._validated, handler(source))

    def _validated(self, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            details = [self._detail(fault) for fault in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, details) from None

    def _detail(self, fault: Any) -> InitErrorDetails:
        code, path = fault["type"], fault["loc"][1:]
        detail = fault["msg"].removeprefix("Value error, ")
        if code in {"union_tag_invalid", "union_tag_not_found"}:
            detail, path = f"must be one of {', '.join(self.tags)}", (self.field,)
        elif code == "model_attributes_type":
            detail = "must be an object"
        # The words for the fault may name its bounds, which are in `ctx`.
        context = {**fault.get("ctx", {}), "detail": detail}
        return InitErrorDetails(
            type=PydanticCustomError(code, "{detail}", context), loc=path, input=None
        )
