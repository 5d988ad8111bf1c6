"""A campaign as its owner writes it: validated by the api, stored as JSON, read as values."""

from itertools import chain
from typing import Annotated

from pydantic import (
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.base import STORED, Definition
from shared.definitions.calendar import UNKNOWN_ZONE, CalendarDefinition, WindowDefinition
from shared.definitions.call import CallDefinition, without_nul
from shared.definitions.limits import (
    FrequencyCapDefinition,
    SilenceDefinition,
    contradiction,
)
from shared.definitions.spend import CampaignSpendDefinition
from shared.domain.calendar.calendar import Calendar
from shared.domain.calendar.zones import is_zone
from shared.domain.capacity.scopes import Caps
from shared.domain.deliveries import EVENT_TYPES, EventType
from shared.domain.policy.calling_rules import CampaignRules


class CapsDefinition(Definition):
    """Hard caps of the campaign, beside those of its tenant, its trunk and the installation."""

    max_concurrent: int | None = Field(default=None, ge=1, le=100_000)
    calls_per_second: int | None = Field(default=None, ge=1, le=100_000)

    def caps(self) -> Caps:
        return Caps(self.max_concurrent, self.calls_per_second)


class ShareDefinition(Definition):
    """How campaigns share free capacity: by priority first, then in proportion to weight.

    Campaigns of a lower priority get only what those of a higher priority leave.
    """

    weight: int = Field(default=1, ge=1, le=100)
    priority: int = Field(default=0, ge=0, le=9)


WebhookUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]


class WebhookDefinition(Definition):
    """The endpoint of the campaign's events; posts are signed as Standard Webhooks specifies.

    Each post names its `type`: the campaign changed, an attempt ended, a contact was finished
    without a call, or a text message ended. Pass over a type that you do not know.
    """

    url: WebhookUrl
    event_types: Annotated[tuple[EventType, ...], Field(min_length=1, max_length=20)] | None = (
        Field(default=None, description="the types of events that are posted; null: all of them")
    )

    @property
    def chosen(self) -> tuple[EventType, ...]:
        return self.event_types or EVENT_TYPES


class CampaignDefinition(CallDefinition):
    """Who is called when, how often, under which rules and caps."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        default=None, description="the owner's own words; nothing follows from them"
    )
    calendar: CalendarDefinition
    default_region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="country of numbers that are written without a country code"
    )
    default_zone: str | None = Field(
        default=None,
        description="zone of contacts without a known zone; without it they are not called",
    )
    default_zone_windows: list[WindowDefinition] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="hours, within the calendar, for contacts whose zone is only the default",
    )
    attempts: AttemptsDefinition = AttemptsDefinition()
    frequency_caps: list[FrequencyCapDefinition] = Field(default_factory=list, max_length=10)
    silences: list[SilenceDefinition] = Field(default_factory=list, max_length=10)
    keep_open: bool = Field(
        default=False,
        description="it is not completed when its contacts are finished, only when its last day is "
        "over; it may be started without contacts",
    )
    caps: CapsDefinition = CapsDefinition()
    share: ShareDefinition = ShareDefinition()
    spend_ceiling: CampaignSpendDefinition | None = Field(
        default=None, description="what its calls may cost, in a day and in all"
    )
    webhook: WebhookDefinition | None = None

    @field_validator("name", "description")
    @classmethod
    def has_no_nul_in_words(cls, value: str | None) -> str | None:
        return None if value is None else without_nul(value)

    @field_validator("frequency_caps")
    @classmethod
    def do_not_contradict(cls, caps: list[FrequencyCapDefinition]) -> list[FrequencyCapDefinition]:
        detail = contradiction(caps)
        if detail is not None:
            raise ValueError(detail)
        return caps

    @field_validator("default_zone_windows")
    @classmethod
    def has_default_zone(
        cls, windows: list[WindowDefinition] | None, info: ValidationInfo
    ) -> list[WindowDefinition] | None:
        if windows is not None and info.data.get("default_zone") is None:
            raise ValueError("without a default_zone no contact has these hours; give one")
        return windows

    @field_validator("default_zone")
    @classmethod
    def is_known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not is_zone(zone):
            raise ValueError(UNKNOWN_ZONE)
        return zone

    @classmethod
    def stored(cls, text: str) -> "CampaignDefinition":
        """The definition that a row holds as JSON."""
        return cls.model_validate_json(text, context=STORED)

    def rules(self) -> CampaignRules:
        """The campaign's own rules: its hours, its limits, and which rules of law hold for it."""
        default_zone_hours = None
        if self.default_zone_windows is not None:
            written = [window.windows() for window in self.default_zone_windows]
            default_zone_hours = Calendar(windows=tuple(chain.from_iterable(written)))
        return CampaignRules(
            kind=self.kind,
            automated=self.automated,
            subject=self.subject or "",
            calendar=self.calendar.calendar(),
            default_zone_hours=default_zone_hours,
            limits=(
                *(cap.cap() for cap in self.frequency_caps),
                *(silence.silence() for silence in self.silences),
            ),
            ring_seconds=self.ring_seconds,
            max_total=self.attempts.max_total,
        )
