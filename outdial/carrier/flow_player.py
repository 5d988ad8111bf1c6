"""Plays a call flow to a simulated callee, who presses keys: a pure function of both."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from outdial.carrier.behaviour import MACHINES, Behaviour, CallPlan, Outcome
from shared.domain.call_flows.flow import (
    AskForCallback,
    CallFlow,
    Gather,
    HangUp,
    LeaveMessage,
    OptOut,
    Play,
    SendSms,
    Speak,
    Step,
    Tag,
    Transfer,
)
from shared.domain.call_flows.machines import MachineAction

WORDS_A_SECOND = 2.5
PLAY_SECONDS = 5.0
KEY_SECONDS = 1.5
# Until a machine is told from a person, and from there to its beep.
DETECTION_SECONDS = 3.0
BEEP_SECONDS = 6.0
# A callee who has heard so many steps hangs up.
STEPS_MOST = 200


@dataclass(slots=True, kw_only=True)
class Played:
    """What became of a call; `callback_minutes` is the wait that the callee asked for."""

    outcome: Outcome
    seconds: float = 0.0
    stages: list[str] = field(default_factory=list)
    digits: str = ""
    tags: list[str] = field(default_factory=list)
    callback_minutes: int | None = None
    transferred_to: str | None = None


@dataclass(slots=True, kw_only=True)
class Callee:
    """Who answered, and as what they are heard.

    `scripted` are the keys at each gather, of which the last ones repeat. Without a script a person
    presses one of the choices, or nothing.
    """

    is_machine: bool
    sounds_like_machine: bool
    takes_transfer: bool
    talk_seconds: float
    presses_key: float
    draw: random.Random
    scripted: tuple[str, ...] = ()
    gathers: int = 0

    @classmethod
    def of(cls, behaviour: Behaviour, plan: CallPlan, draw: random.Random, *, number: str) -> Self:
        scripted = behaviour.numbers.get(number)
        takes = None if scripted is None else scripted.transfer_answered
        return cls(
            is_machine=plan.is_machine,
            sounds_like_machine=plan.outcome in MACHINES,
            takes_transfer=draw.random() < behaviour.transfer_answered if takes is None else takes,
            talk_seconds=plan.talk_seconds,
            presses_key=behaviour.presses_key,
            draw=draw,
            scripted=() if scripted is None else scripted.keys,
        )

    def keys(self, choices: Iterable[str]) -> str:
        if self.is_machine:
            return ""
        self.gathers += 1
        if self.scripted:
            return self.scripted[min(self.gathers, len(self.scripted)) - 1]
        if self.draw.random() >= self.presses_key:
            return ""
        return self.draw.choice([*choices] or ["0"])


def play(
    flow: CallFlow | None,
    plan: CallPlan,
    callee: Callee,
    *,
    on_machine: MachineAction | None,
    seconds_most: float | None,
) -> Played:
    """The call from the answer to its end, which `seconds_most` may bring early."""
    played = Played(outcome=plan.outcome)
    start = None if flow is None else flow.start
    if callee.sounds_like_machine and on_machine is not None:
        played.seconds = DETECTION_SECONDS
        if on_machine is MachineAction.HANG_UP:
            return played
        if on_machine is MachineAction.LEAVE_MESSAGE:
            if flow is None:
                # The provider's own flow has the message.
                played.outcome = Outcome.MACHINE_MESSAGE_LEFT
            else:
                start = flow.on_machine
    if flow is None or start is None:
        played.seconds += plan.talk_seconds
    else:
        _walk(flow, start, callee, played, seconds_most)
    if seconds_most is not None:
        played.seconds = min(played.seconds, seconds_most)
    return played


def _walk(
    flow: CallFlow, start: str, callee: Callee, played: Played, seconds_most: float | None
) -> None:
    name: str | None = start
    for _ in range(STEPS_MOST):
        if name is None or (seconds_most is not None and played.seconds >= seconds_most):
            return
        played.stages.append(name)
        name = _after(flow.steps[name], callee, played)


def _after(step: Step, callee: Callee, played: Played) -> str | None:
    """Play one step; returns the name of the next one, None at the end of the call."""
    match step:
        case HangUp():
            return None
        case Gather():
            return _gather(step, callee, played)
        case Transfer():
            return _transfer(step, callee, played)
        case Play() | Speak() | LeaveMessage():
            _hear(step, callee, played)
        case _:
            _note(step, played)
    return step.next


def _hear(step: Play | Speak | LeaveMessage, callee: Callee, played: Played) -> None:
    if isinstance(step, LeaveMessage) and callee.sounds_like_machine:
        played.seconds += BEEP_SECONDS
        played.outcome = Outcome.MACHINE_MESSAGE_LEFT
    text = None if isinstance(step, Play) else step.text
    played.seconds += PLAY_SECONDS if text is None else _speech(text)


def _note(step: SendSms | OptOut | AskForCallback | Tag, played: Played) -> None:
    """A refusal outranks the wish for another call.

    Of a text message the carrier tells the stage only: the dialer sends it.
    """
    match step:
        case SendSms():
            return
        case Tag():
            played.tags.append(step.tag)
        case OptOut():
            played.outcome = Outcome.OPT_OUT
        case AskForCallback():
            if played.outcome is not Outcome.OPT_OUT:
                played.outcome = Outcome.CALLBACK_REQUESTED
                played.callback_minutes = step.minutes


def _transfer(step: Transfer, callee: Callee, played: Played) -> str | None:
    if not callee.takes_transfer:
        played.seconds += step.ring_seconds
        return step.otherwise
    played.transferred_to = step.to
    played.seconds += callee.talk_seconds
    return None


def _gather(step: Gather, callee: Callee, played: Played) -> str:
    played.seconds += _speech(step.text or "")
    pressed = callee.keys(step.choices)[: step.digits_most]
    if not pressed:
        played.seconds += step.seconds
        return step.on_timeout
    played.digits += pressed
    played.seconds += KEY_SECONDS * len(pressed)
    return step.choices.get(pressed, step.otherwise)


def _speech(text: str) -> float:
    return len(text.split()) / WORDS_A_SECOND
