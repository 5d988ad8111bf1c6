"""A call flow as its owner writes it: validated by the api, stored as JSON, read as a value."""

from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from shared.definitions.base import E164, STORED, Definition, Untagged, is_stored, refuse
from shared.domain.call_flows import flow, texts
from shared.domain.call_flows.faults import FlowFault, FlowFaultKind, faults
from shared.domain.call_flows.flow import CallFlow, Step, Variable

LONGEST_TEXT = 4_000
STEPS_MOST = 100
CALLBACK_MINUTES_MOST = 30 * 24 * 60


def _is_speakable(text: str, info: ValidationInfo) -> str:
    """Not asked of a stored flow: variables may make a text longer."""
    if not is_stored(info):
        if not text.strip():
            raise ValueError("must have a word")
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"must have at most {LONGEST_TEXT} characters")
        if "\x00" in text:
            raise ValueError("must not contain a NUL character")
    return text


Text = Annotated[
    str,
    AfterValidator(_is_speakable),
    Field(
        description="at most 4,000 characters; {{name}} stands for a variable",
        examples=["Good morning, {{first_name}}."],
    ),
]
StepName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Next = Annotated[StepName, Field(description="the step that follows")]
AudioUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=2_000)]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35),
    Field(examples=["en-GB"]),
]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,20}$")]
VariableName = Annotated[str, StringConstraints(pattern=f"^{texts.NAME}$")]
FlowName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$"),
    Field(examples=["reminder"]),
]


class PlayDefinition(Definition):
    """Play a recording, which the provider fetches."""

    type: Literal["play"]
    audio_url: AudioUrl
    next: Next


class SpeakDefinition(Definition):
    """Read text aloud."""

    type: Literal["speak"]
    text: Text
    language: Language | None = None
    next: Next


class GatherDefinition(Definition):
    """Wait for keys, after a text if there is one."""

    type: Literal["gather"]
    text: Text | None = None
    language: Language | None = None
    digits_most: int = Field(default=1, ge=1, le=20, description="go on after so many keys")
    seconds: int = Field(default=5, ge=1, le=60, description="how long to wait for each key")
    choices: dict[Digits, StepName] = Field(
        default_factory=dict,
        max_length=50,
        description="the step for exactly these digits",
        examples=[{"1": "confirm", "9": "stop"}],
    )
    otherwise: StepName = Field(description="the step for other digits")
    on_timeout: StepName = Field(description="the step if no key is pressed")

    @model_validator(mode="after")
    def can_be_chosen(self) -> Self:
        longer = [digits for digits in self.choices if len(digits) > self.digits_most]
        detail = f"is longer than digits_most, {self.digits_most}; raise that"
        refuse(type(self), ((("choices", digits), detail) for digits in longer))
        return self


class TransferDefinition(Definition):
    """Connect the callee with another number. The flow ends here if that is answered."""

    type: Literal["transfer"]
    to: E164
    ring_seconds: int = Field(default=30, ge=5, le=120)
    otherwise: StepName | None = Field(
        default=None, description="the step if nobody answers; without it the call ends"
    )


class LeaveMessageDefinition(Definition):
    """Wait for the beep of an answering machine, then read or play the message."""

    type: Literal["leave_message"]
    text: Text | None = None
    audio_url: AudioUrl | None = None
    language: Language | None = None
    next: Next

    @model_validator(mode="after")
    def has_one_message(self) -> Self:
        if (self.text is None) == (self.audio_url is None):
            raise ValueError("give either text or audio_url")
        return self


class SendSmsDefinition(Definition):
    """Send the callee a text message."""

    type: Literal["send_sms"]
    text: Text
    next: Next


class OptOutDefinition(Definition):
    """The callee wants no more calls; the outcome is `opt_out`."""

    type: Literal["opt_out"]
    next: Next


class AskForCallbackDefinition(Definition):
    """The callee wants another call; the outcome is `callback_requested`."""

    type: Literal["ask_for_callback"]
    minutes: int | None = Field(
        default=None,
        ge=1,
        le=CALLBACK_MINUTES_MOST,
        description="from now; without it, the delay of the campaign's policy for the outcome",
    )
    next: Next


class TagDefinition(Definition):
    """Add a word to the record of the call."""

    type: Literal["tag"]
    tag: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
    next: Next


class HangUpDefinition(Definition):
    """End the call."""

    type: Literal["hang_up"]


STEPS: dict[str, type[Step]] = {
    "play": flow.Play,
    "speak": flow.Speak,
    "gather": flow.Gather,
    "transfer": flow.Transfer,
    "leave_message": flow.LeaveMessage,
    "send_sms": flow.SendSms,
    "opt_out": flow.OptOut,
    "ask_for_callback": flow.AskForCallback,
    "tag": flow.Tag,
    "hang_up": flow.HangUp,
}
TYPES = {step: name for name, step in STEPS.items()}

StepDefinition = Annotated[
    PlayDefinition
    | SpeakDefinition
    | GatherDefinition
    | TransferDefinition
    | LeaveMessageDefinition
    | SendSmsDefinition
    | OptOutDefinition
    | AskForCallbackDefinition
    | TagDefinition
    | HangUpDefinition,
    Field(discriminator="type"),
    Untagged("type", tuple(STEPS)),
]


class VariableDefinition(Definition):
    """A variable that texts may use: an attribute of the contact."""

    default: str | None = Field(
        default=None,
        max_length=LONGEST_TEXT,
        pattern=r"^[^\x00]*$",
        description="for contacts without it; without a default they are not called",
    )


class CallFlowDefinition(Definition):
    """What a callee hears and may press: steps, each of which names the next.

    A branch ends with `hang_up` or `transfer`, and a loop waits for a key in a `gather`.
    """

    start: StepName = Field(description="the first step")
    on_machine: StepName | None = Field(
        default=None,
        description="the first step for an answering machine, if the campaign leaves messages",
    )
    steps: dict[StepName, StepDefinition] = Field(min_length=1, max_length=STEPS_MOST)
    variables: dict[VariableName, VariableDefinition] = Field(
        default_factory=dict,
        max_length=STEPS_MOST,
        description="attributes of contacts that texts use as {{name}}; number, external_id and "
        "campaign_name need no entry",
    )

    @model_validator(mode="after")
    def leads_to_an_end(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            found = faults(self.call_flow())
            refuse(type(self), ((fault.path, _detail(fault)) for fault in found))
        return self

    @classmethod
    def stored(cls, text: str) -> Self:
        """The definition that a row holds as JSON."""
        return cls.model_validate_json(text, context=STORED)

    @classmethod
    def of(cls, value: CallFlow) -> Self:
        """The definition of a value, whose texts may be rendered."""
        return cls.model_validate(document(value), context=STORED)

    def call_flow(self) -> CallFlow:
        return CallFlow(
            start=self.start,
            on_machine=self.on_machine,
            steps={name: _step(step) for name, step in self.steps.items()},
            variables={
                name: Variable(default=variable.default)
                for name, variable in self.variables.items()
            },
        )


class OwnCallFlow(Definition):
    """Names a call flow that the tenant made with `POST /v1/call-flows`."""

    name: FlowName
    version: int | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        description="left out: the newest when the campaign starts",
    )


def document(value: CallFlow) -> dict[str, Any]:
    """The value as JSON, for a provider that plays flows in this form."""
    parts = asdict(value)
    steps = {
        name: {"type": TYPES[type(step)], **parts["steps"][name]}
        for name, step in value.steps.items()
    }
    return parts | {"steps": steps}


def _step(definition: Definition) -> Step:
    fields = dict(definition)
    return STEPS[fields.pop("type")](**fields)


def _detail(fault: FlowFault) -> str:
    match fault.kind:
        case FlowFaultKind.UNKNOWN_TARGET:
            return "there is no step of this name in steps"
        case FlowFaultKind.UNREACHABLE:
            return "no step leads here; lead one here, or leave it out"
        case FlowFaultKind.ENDLESS_LOOP:
            return "leads back to itself without a gather, so the call may never end"
        case FlowFaultKind.NO_END:
            return "from here no step ends the call; lead a branch to hang_up or transfer"
        case FlowFaultKind.UNDECLARED_VARIABLE:
            return f"uses a variable that variables does not declare: {_shown(fault.name)}"
        case FlowFaultKind.BROKEN_VARIABLE:
            return "has braces that are no variable; write one as {{name}}"


def _shown(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:30]}…"
