"""A call flow: steps that a callee hears and acts in, without any provider's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Plays a recording, which the provider fetches."""

    audio_url: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Reads text aloud. `language` is a BCP 47 tag; None leaves it to the provider."""

    text: str
    next: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """Reads text, if there is one, and waits for keys.

    It takes at most `digits_most` keys, and waits `seconds` for each. `choices` leads from exactly
    these digits to a step; other digits lead to `otherwise`, and no digit to `on_timeout`.
    """

    choices: Mapping[str, str]
    otherwise: str
    on_timeout: str
    text: str | None = None
    language: str | None = None
    digits_most: int = 1
    seconds: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Connects the callee with `to`, a number in E.164; the flow ends there.

    It rings for `ring_seconds` at most. If nobody answers, the flow goes on with `otherwise`;
    None hangs up.
    """

    to: str
    ring_seconds: int = 30
    otherwise: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveMessage:
    """Waits for the beep of an answering machine, then reads `text` or plays `audio_url`.

    One of both is set.
    """

    next: str
    text: str | None = None
    audio_url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSms:
    """Sends a text message to the callee."""

    text: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The callee wants no more calls: the outcome of the attempt is `opt_out`."""

    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForCallback:
    """The callee wants another call: the outcome is `callback_requested`.

    It is wished `minutes` after this step; None leaves the time to the campaign's policy.
    """

    next: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Adds a word to the call's record."""

    tag: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Ends the call."""


Step = (
    Play
    | Speak
    | Gather
    | Transfer
    | LeaveMessage
    | SendSms
    | OptOut
    | AskForCallback
    | Tag
    | HangUp
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of the flow; a contact without it hears the default, or is not called."""

    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFlow:
    """The steps by name.

    The call begins at `start`. When an answering machine has answered and a message is to be left,
    it goes to `on_machine` instead. `variables` are those that texts may use.
    """

    start: str
    steps: Mapping[str, Step]
    on_machine: str | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)


class Target(NamedTuple):
    """A place of a step that names another: its path inside of the step, and the step it names."""

    path: tuple[str, ...]
    name: str


def targets(step: Step) -> Iterator[Target]:
    """The places from which a step leads on; none for a step that ends the call."""
    match step:
        case Gather(choices=choices, otherwise=otherwise, on_timeout=on_timeout):
            for digits, name in choices.items():
                yield Target(("choices", digits), name)
            yield Target(("otherwise",), otherwise)
            yield Target(("on_timeout",), on_timeout)
        case Transfer(otherwise=otherwise):
            if otherwise is not None:
                yield Target(("otherwise",), otherwise)
        case HangUp():
            return
        case _:
            yield Target(("next",), step.next)


def ends_call(step: Step) -> bool:
    """Whether a branch may end here; a transfer that is answered does."""
    return isinstance(step, HangUp | Transfer)


def text_of(step: Step) -> str | None:
    """The text of a step in which variables may stand."""
    match step:
        case Speak(text=text) | Gather(text=text) | LeaveMessage(text=text) | SendSms(text=text):
            return text
        case _:
            return None
