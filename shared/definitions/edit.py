"""An edit of an existing campaign: whole parts of its definition that take a new value."""

from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.base import Definition
from shared.definitions.calendar import CalendarDefinition, WindowDefinition
from shared.definitions.campaign import CampaignDefinition, CapsDefinition, ShareDefinition
from shared.definitions.limits import FrequencyCapDefinition, SilenceDefinition
from shared.domain.policy.rules import CallKind

FIXED = "cannot be changed after creation"


class CampaignEdit(Definition):
    """Parts that are given replace those of the definition; the others stay.

    The result is validated as a whole, so a part may be null only where a definition allows it.
    """

    name: str | None = None
    calendar: CalendarDefinition | None = None
    attempts: AttemptsDefinition | None = None
    caps: CapsDefinition | None = None
    share: ShareDefinition | None = None
    frequency_caps: list[FrequencyCapDefinition] | None = None
    silences: list[SilenceDefinition] | None = None
    subject: str | None = None
    kind: CallKind | None = None
    automated: bool | None = None
    ring_seconds: int | None = None
    default_zone_windows: list[WindowDefinition] | None = None

    @model_validator(mode="before")
    @classmethod
    def refuse_fixed_parts(cls, given: Any) -> Any:
        fixed = CampaignDefinition.model_fields.keys() - cls.model_fields.keys()
        details = [
            InitErrorDetails(
                type=PydanticCustomError("not_editable", FIXED), loc=(name,), input=None
            )
            for name in (given if isinstance(given, dict) else ())
            if name in fixed
        ]
        if details:
            raise ValidationError.from_exception_data(cls.__name__, details)
        return given

    def edited(self, before: CampaignDefinition) -> CampaignDefinition:
        """The definition after the edit; ValidationError if it is not valid."""
        parts = before.model_dump(mode="json") | self.model_dump(mode="json", exclude_unset=True)
        return CampaignDefinition.model_validate(parts)
