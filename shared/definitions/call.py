"""How calls are placed, as their owner writes it: who is shown, what is heard, by which rules."""

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

from shared.definitions.base import E164, Definition, Untagged
from shared.definitions.call_flow import OwnCallFlow
from shared.definitions.limits import Subject
from shared.definitions.sms import SmsDefinition
from shared.domain.call_flows.machines import MachineAction, MachinePolicy, OnlyOn
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


class CallTerms(Definition):
    """What the calls of a client are, where the vendor's API that it speaks cannot say it."""

    kind: CallKind = Field(
        default=CallKind.SOLICITATION,
        description="purpose of the calls; it decides which rules of law hold",
    )
    automated: bool = Field(
        default=True, description="whether people hear a recorded or an artificial voice"
    )
    trunk: TrunkName = Field(default="default", description="the trunk of the calls")


def without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


class CallDefinition(Definition):
    """What is the same of all calls of a campaign, and what a single call states of itself."""

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

    @field_validator("trunk")
    @classmethod
    def has_each_trunk_once(cls, trunk: str | list[str]) -> str | list[str]:
        names = [trunk] if isinstance(trunk, str) else trunk
        if any("\x00" in name for name in names):
            raise ValueError("must not contain a NUL character")
        if len(set(names)) < len(names):
            raise ValueError("names a trunk twice")
        return trunk

    @field_validator("number_pool", "call_flow", "agent")
    @classmethod
    def has_no_nul(cls, value: str | OwnCallFlow | None) -> str | OwnCallFlow | None:
        return without_nul(value) if isinstance(value, str) else value

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

    @property
    def trunks(self) -> list[str]:
        """The names of the trunks, the preferred one first."""
        return [self.trunk] if isinstance(self.trunk, str) else self.trunk
