"""A campaign as its owner writes it: checked at the edge, stored as JSON, read as domain values."""

from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.base import Definition
from shared.definitions.calendar import CalendarDefinition
from shared.domain.attempt_policy import AttemptPolicy
from shared.domain.calendar import Calendar
from shared.domain.zones import is_zone

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


class CapsDefinition(Definition):
    """Hard caps of the campaign; those of the tenant, the trunk and everything hold beside them."""

    max_concurrent: int | None = Field(default=None, ge=1, le=100_000)
    calls_per_second: int | None = Field(default=None, ge=1, le=100_000)


class WebhookDefinition(Definition):
    """Where the campaign's events are posted, signed as Standard Webhooks say."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]


class CampaignDefinition(Definition):
    """A policy for calling a list."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    caller_id: E164 | None = None
    call_flow: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    trunk: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "default"
    calendar: CalendarDefinition
    default_region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="country of numbers that are written without one"
    )
    default_zone: str | None = Field(
        default=None, description="zone of contacts that have none; without it they are not called"
    )
    attempts: AttemptsDefinition = AttemptsDefinition()
    caps: CapsDefinition = CapsDefinition()
    webhook: WebhookDefinition | None = None

    @field_validator("name", "call_flow", "trunk")
    @classmethod
    def has_no_nul(cls, text: str | None) -> str | None:
        if text and "\x00" in text:
            raise ValueError("must not contain a NUL character")
        return text

    @field_validator("default_zone")
    @classmethod
    def is_known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not is_zone(zone):
            raise ValueError("unknown time zone; use an IANA name such as Europe/London")
        return zone


@lru_cache(maxsize=4096)
def parse_definition(text: str) -> CampaignDefinition:
    """The stored JSON as values; the same text is parsed once."""
    return CampaignDefinition.model_validate_json(text)


@lru_cache(maxsize=4096)
def calendar_of(definition: str) -> Calendar:
    """The calendar of a stored definition, parsed once."""
    return parse_definition(definition).calendar.calendar()


@lru_cache(maxsize=4096)
def policy_of(definition: str) -> AttemptPolicy:
    """The attempt policy of a stored definition, parsed once."""
    return parse_definition(definition).attempts.policy()
