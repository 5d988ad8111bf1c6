"""A call flow as TwiML: a document for the steps up to the next one that the carrier must tell.

The carrier asks for the following document at our events address, and any dialer answers: all that
it must know stands in the address. Source: https://www.twilio.com/docs/voice/twiml, with the pages
of the verbs Say, Play, Gather, Dial, Redirect and Hangup.
"""

import re
from collections.abc import Callable
from typing import assert_never
from xml.etree.ElementTree import Element, SubElement, tostring

from services.dialer.providers.twilio.addresses import About
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

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
# What XML 1.0 does not allow in a text.
_NOT_XML = re.compile(r"[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# The address at which the carrier asks for the page of a step, after it has said the stages.
PageOf = Callable[[About, str, tuple[str, ...]], str]


def document(flow: CallFlow, name: str, page_of: PageOf) -> str:
    """The TwiML of a flow from this step on."""
    response = Element("Response")
    stages: tuple[str, ...] = ()
    for _ in range(len(flow.steps)):
        stages += (name,)
        following = _say(response, flow.steps[name], name, stages, page_of)
        if following is None:
            break
        name = following
    return _HEAD + tostring(response, encoding="unicode")


def hang_up() -> str:
    return f"{_HEAD}<Response><Hangup/></Response>"


def after_keys(step: Gather, digits: str) -> str:
    """The step that follows, by the keys that were pressed."""
    if not digits:
        return step.on_timeout
    return step.choices.get(digits, step.otherwise)


def is_told(step: Step) -> bool:
    """Whether something must happen when the step is reached, so that the carrier must tell it."""
    return isinstance(step, OptOut | AskForCallback | Tag | SendSms)


def _say(
    parent: Element, step: Step, name: str, stages: tuple[str, ...], page_of: PageOf
) -> str | None:
    """Add a step; the one that follows in the same document, or None at its end."""
    match step:
        case Play():
            _add(parent, "Play", step.audio_url)
            return step.next
        case Speak():
            _speak(parent, step.text, step.language)
            return step.next
        case LeaveMessage():
            if step.audio_url is not None:
                _add(parent, "Play", step.audio_url)
            _speak(parent, step.text, step.language)
            return step.next
        case Gather():
            _gather(parent, step, page_of(About.KEYS, name, stages))
        case Transfer():
            action = page_of(About.TRANSFERRED, name, stages)
            dial = _add(parent, "Dial", timeout=str(step.ring_seconds), action=action)
            _add(dial, "Number", step.to)
        case OptOut() | AskForCallback() | Tag() | SendSms():
            # It is a stage when the carrier asks for its page, not before.
            _add(parent, "Redirect", page_of(About.STEP, name, stages[:-1]), method="POST")
        case HangUp():
            _add(parent, "Hangup")
        case _:
            assert_never(step)
    return None


def _gather(parent: Element, step: Gather, action: str) -> None:
    gather = _add(
        parent,
        "Gather",
        input="dtmf",
        action=action,
        method="POST",
        numDigits=str(step.digits_most),
        timeout=str(step.seconds),
        # No key ends the input, so that a choice may have any of them.
        finishOnKey="",
        actionOnEmptyResult="true",
    )
    _speak(gather, step.text, step.language)


def _speak(parent: Element, text: str | None, language: str | None) -> None:
    if text is not None:
        _add(parent, "Say", text, **({} if language is None else {"language": language}))


def _add(parent: Element, verb: str, text: str | None = None, **attributes: str) -> Element:
    element = SubElement(parent, verb, attributes)
    if text is not None:
        element.text = _NOT_XML.sub("", text)
    return element
