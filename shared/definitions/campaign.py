"""A campaign as its owner writes it: validated by the api, stored as JSON, read as values."""

from itertools import chain
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.base import STORED, Definition
from shared.definitions.calendar import CalendarDefinition, WindowDefinition
from shared.definitions.limits import (
    FrequencyCapDefinition,
    SilenceDefinition,
    Subject,
    contradiction,
)
from shared.domain.calendar.calendar import Calendar
from shared.domain.calendar.zones import is_zone
from shared.domain.capacity.scopes import Caps
from shared.domain.policy.calling_rules import CampaignRules
from shared.domain.policy.rules import CallKind

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


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


class WebhookDefinition(Definition):
    """The endpoint of the campaign's events; posts are signed as Standard Webhooks specifies."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]


class CampaignDefinition(Definition):
    """Who is called when, how often, under which rules and caps."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    caller_id: E164 | None = None
    call_flow: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    trunk: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "default"
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
    kind: CallKind = Field(
        default=CallKind.SOLICITATION,
        description="purpose of the calls; it decides which rules of law hold",
    )
    automated: bool = Field(
        default=True, description="whether people hear a recorded or an artificial voice"
    )
    subject: Subject | None = Field(
        default=None,
        description="topic of the calls; caps by subject count the calls on one subject together",
        examples=["loan-offer"],
    )
    attempts: AttemptsDefinition = AttemptsDefinition()
    frequency_caps: list[FrequencyCapDefinition] = Field(default_factory=list, max_length=10)
    silences: list[SilenceDefinition] = Field(default_factory=list, max_length=10)
    ring_seconds: int | None = Field(
        default=None, ge=5, le=120, description="how long an unanswered call rings"
    )
    caps: CapsDefinition = CapsDefinition()
    share: ShareDefinition = ShareDefinition()
    webhook: WebhookDefinition | None = None

    @field_validator("name", "call_flow", "trunk")
    @classmethod
    def has_no_nul(cls, text: str | None) -> str | None:
        if text and "\x00" in text:
            raise ValueError("must not contain a NUL character")
        return text

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
            raise ValueError("unknown time zone; use an IANA name such as Europe/London")
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
