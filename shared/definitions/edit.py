"""What its owner may change of a campaign that exists: whole parts of its definition."""

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
    """Each part that is given takes the place of the one before it; the others stay.

    Whether the parts make a campaign is asked of the whole: also whether one may be null.
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
    def leaves_the_rest(cls, given: Any) -> Any:
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
        """The whole as it is now; raises ValidationError when that is none."""
        parts = before.model_dump(mode="json") | self.model_dump(mode="json", exclude_unset=True)
        return CampaignDefinition.model_validate(parts)
