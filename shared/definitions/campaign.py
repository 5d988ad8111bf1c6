"""A campaign as its owner writes it: validated by the api, stored as JSON, read as values."""

from itertools import chain
from typing import Annotated, Self

from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.base import E164, STORED, Definition, Untagged
from shared.definitions.calendar import CalendarDefinition, WindowDefinition
from shared.definitions.call_flow import OwnCallFlow
from shared.definitions.limits import (
    FrequencyCapDefinition,
    SilenceDefinition,
    Subject,
    contradiction,
)
from shared.definitions.sms import SmsDefinition
from shared.definitions.spend import CampaignSpendDefinition
from shared.domain.calendar.calendar import Calendar
from shared.domain.calendar.zones import is_zone
from shared.domain.call_flows.machines import MachineAction, MachinePolicy, OnlyOn
from shared.domain.capacity.scopes import Caps
from shared.domain.deliveries import EVENT_TYPES, EventType
from shared.domain.policy.calling_rules import CampaignRules
from shared.domain.policy.rules import CallKind


def _kind(value: object) -> str:
    return "own" if isinstance(value, dict | OwnCallFlow) else "name"


CallFlowChoice = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=200), Tag("name")]
    | Annotated[OwnCallFlow, Tag("own")],
    Discriminator(_kind),
    Untagged(),
]


def _trunks_kind(value: object) -> str:
    return "list" if isinstance(value, list) else "name"


TrunkName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
TrunkChoice = Annotated[
    Annotated[TrunkName, Tag("name")]
    | Annotated[list[TrunkName], Field(min_length=1, max_length=10), Tag("list")],
    Discriminator(_trunks_kind),
    Untagged(),
]


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


class MachineDefinition(Definition):
    """The action when an answering machine takes the call, on every attempt or on one only.

    On the other attempts the call hangs up.
    """

    action: MachineAction = Field(
        description="hang_up · leave_message: the step `on_machine` of the tenant's call flow, or "
        "what the provider's flow does · go_on: as if it were a person"
    )
    only_on: OnlyOn | None = Field(
        default=None, description="the first attempt, or the last that the policy allows"
    )

    @model_validator(mode="after")
    def differs_on_others(self) -> Self:
        if self.action is MachineAction.HANG_UP and self.only_on is not None:
            raise ValueError("on the other attempts the call hangs up too; leave only_on out")
        return self

    def policy(self) -> MachinePolicy:
        return MachinePolicy(action=self.action, only_on=self.only_on)


class WebhookDefinition(Definition):
    """The endpoint of the campaign's events; posts are signed as Standard Webhooks specifies.

    Each post names its `type`: the campaign changed, an attempt ended, a contact was finished
    without a call, or a text message ended. Pass over a type that you do not know.
    """

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2000)]
    event_types: Annotated[tuple[EventType, ...], Field(min_length=1, max_length=20)] | None = (
        Field(default=None, description="the types of events that are posted; null: all of them")
    )

    @property
    def chosen(self) -> tuple[EventType, ...]:
        return self.event_types or EVENT_TYPES


class CampaignDefinition(Definition):
    """Who is called when, how often, under which rules and caps."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    caller_id: E164 | None = Field(
        default=None,
        description="one of the tenant's active caller IDs; null: the default of the trunk",
    )
    number_pool: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="name of a number pool of the tenant; each call shows one of its numbers",
    )
    call_flow: CallFlowChoice | None = Field(
        default=None,
        description="a name or an id that the provider knows, or one of the tenant's own flows",
        examples=[{"name": "reminder"}],
    )
    agent: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="name of an agent of the tenant, which talks instead of a call flow",
    )
    trunk: TrunkChoice = Field(
        default="default",
        description="the trunk of the calls, or several in order of preference: a call goes by the "
        "first that is up and whose caps are not full",
        examples=[["north", "south"]],
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
    talk_seconds_most: int | None = Field(
        default=None, ge=10, le=14_400, description="how long an answered call may last"
    )
    machine: MachineDefinition | None = Field(
        default=None,
        description="what to do when an answering machine takes the call; without it nobody "
        "listens for machines, and they hear what a person would hear",
    )
    sms: SmsDefinition | None = Field(
        default=None, description="text messages; a call flow that sends some needs it, too"
    )
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

    @field_validator("trunk")
    @classmethod
    def has_each_trunk_once(cls, trunk: str | list[str]) -> str | list[str]:
        names = [trunk] if isinstance(trunk, str) else trunk
        if any("\x00" in name for name in names):
            raise ValueError("must not contain a NUL character")
        if len(set(names)) < len(names):
            raise ValueError("names a trunk twice")
        return trunk

    @field_validator("name", "number_pool", "call_flow", "agent")
    @classmethod
    def has_no_nul(cls, value: str | OwnCallFlow | None) -> str | OwnCallFlow | None:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("must not contain a NUL character")
        return value

    @field_validator("number_pool")
    @classmethod
    def is_alone(cls, pool: str | None, info: ValidationInfo) -> str | None:
        if pool is not None and info.data.get("caller_id") is not None:
            raise ValueError("give caller_id or number_pool, not both")
        return pool

    @field_validator("agent")
    @classmethod
    def talks_alone(cls, agent: str | None, info: ValidationInfo) -> str | None:
        if agent is not None and info.data.get("call_flow") is not None:
            raise ValueError("give call_flow or agent, not both")
        return agent

    @field_validator("machine")
    @classmethod
    def has_message(
        cls, machine: MachineDefinition | None, info: ValidationInfo
    ) -> MachineDefinition | None:
        leaves = machine is not None and machine.action is MachineAction.LEAVE_MESSAGE
        talks = info.data.get("call_flow", "faulty") or info.data.get("agent", "faulty")
        if leaves and talks is None:
            raise ValueError("to leave a message it needs a call_flow that has one, or an agent")
        return machine

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

    @property
    def trunks(self) -> list[str]:
        """The names of the trunks, the preferred one first."""
        return [self.trunk] if isinstance(self.trunk, str) else self.trunk

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
