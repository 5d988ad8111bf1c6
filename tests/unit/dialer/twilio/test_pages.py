"""A call flow page by page, as the carrier asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import Posted
from services.dialer.providers.twilio.addresses import About, Address
from services.dialer.providers.twilio.callbacks import Callback
from services.dialer.providers.twilio.pages import Reply, reply
from services.dialer.providers.twilio.twiml import document
from shared.domain.attempts import CallReference
from shared.domain.call_flows.flow import (
    AskForCallback,
    CallFlow,
    Gather,
    HangUp,
    LeaveMessage,
    OptOut,
    Play,
    Speak,
    Tag,
    Transfer,
)
from shared.domain.call_flows.machines import MachineAction
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
REFERENCE = CallReference(17, uuid7())
FLOW = CallFlow(
    start="hello",
    steps={
        "hello": Speak(text="Hello Ada & <Bob>\x00", language="en-GB", next="menu"),
        "menu": Gather(
            text="Press a key",
            choices={"1": "clerk", "2": "later", "9": "stop", "*#": "tagged"},
            otherwise="sorry",
            on_timeout="bye",
            digits_most=2,
            seconds=7,
        ),
        "clerk": Transfer(to="+14155550123", ring_seconds=20, otherwise="sorry"),
        "later": AskForCallback(minutes=30, next="bye"),
        "stop": OptOut(next="tagged"),
        "tagged": Tag(tag="done", next="bye"),
        "sorry": Play(audio_url="https://example.org/sorry.mp3", next="bye"),
        "voicemail": LeaveMessage(text="Please call back", next="marked"),
        "marked": Tag(tag="left", next="bye"),
        "bye": HangUp(),
    },
    on_machine="voicemail",
)


def address(about: About, step: str = "", **fields: Any) -> Address:
    return Address(
        events_url="https://calls.example.org/carrier-events/word/7",
        reference=REFERENCE,
        about=about,
        step=step,
        **fields,
    )


START = address(About.STEP)
AT_MENU = address(About.KEYS, "menu", stages=("hello", "menu"))


def verbs(text: str) -> list[ET.Element]:
    root = ET.fromstring(text)
    assert root.tag == "Response"
    return list(root)


def asked(where: Address, **form: str) -> Reply:
    """Ask for a page as the carrier does."""
    posted = Posted(method="POST", address=where.url, headers={}, body=b"")
    fields = {"CallSid": ["CA1"]} | {name: [value] for name, value in form.items()}
    return reply(FLOW, Callback.of(posted, fields), now=NOW)


def test_a_flow_is_said_up_to_the_first_question() -> None:
    said, gather = verbs(document(FLOW, "hello", START.page))

    assert (said.tag, said.text, said.get("language")) == ("Say", "Hello Ada & <Bob>", "en-GB")
    assert gather.attrib == {
        "input": "dtmf",
        "action": address(About.KEYS, "menu", stages=("hello", "menu")).url,
        "method": "POST",
        "numDigits": "2",
        "timeout": "7",
        "finishOnKey": "",
        "actionOnEmptyResult": "true",
    }
    assert [(part.tag, part.text) for part in gather] == [("Say", "Press a key")]


@pytest.mark.parametrize(
    ("digits", "tag"), [("1", "Dial"), ("", "Hangup"), ("7", "Play"), ("12", "Play")]
)
def test_keys_lead_on(digits: str, tag: str) -> None:
    answer = asked(AT_MENU, Digits=digits)

    assert verbs(answer.text)[0].tag == tag
    assert answer.report.state is CallState.ANSWERED
    assert answer.report.facts.digits == (digits or None)
    assert answer.report.facts.stages == ("hello", "menu")


def test_a_transfer_names_its_number_and_comes_back() -> None:
    answer = asked(replace(AT_MENU, pressed="4"), Digits="1")
    [dial] = verbs(answer.text)

    assert (dial.get("timeout"), [part.text for part in dial]) == ("20", ["+14155550123"])
    stages = ("hello", "menu", "clerk")
    expected = address(About.TRANSFERRED, "clerk", stages=stages, pressed="41")
    assert dial.get("action") == expected.url


@pytest.mark.parametrize(
    ("status", "tag", "to"),
    [("completed", "Hangup", "+14155550123"), ("busy", "Play", None), ("no-answer", "Play", None)],
)
def test_a_transfer_that_nobody_takes_goes_on(status: str, tag: str, to: str | None) -> None:
    answer = asked(address(About.TRANSFERRED, "clerk"), DialCallStatus=status)

    assert verbs(answer.text)[0].tag == tag
    assert answer.report.facts.transferred_to == to


def test_an_opt_out_is_reported_at_once() -> None:
    answer = asked(AT_MENU, Digits="9")

    assert (answer.report.state, answer.report.outcome) == (CallState.ENDED, Outcome.OPT_OUT)
    assert answer.report.facts.stages == ("hello", "menu", "stop", "tagged")
    assert answer.report.facts.tags == {"done"}
    assert [verb.tag for verb in verbs(answer.text)] == ["Hangup"]


def test_a_callback_is_wished_after_its_minutes() -> None:
    report = asked(AT_MENU, Digits="2").report

    assert report.outcome is Outcome.CALLBACK_REQUESTED
    assert report.callback_at == NOW + timedelta(minutes=30)


def test_a_step_after_words_is_told_when_the_words_are_said() -> None:
    said, redirect = verbs(document(FLOW, "voicemail", START.page))

    assert (said.tag, redirect.tag) == ("Say", "Redirect")
    marked = address(About.STEP, "marked", stages=("voicemail",))
    assert redirect.text == marked.url

    answer = asked(marked, Digits="1")
    assert answer.report.facts.digits is None
    assert answer.report.facts.stages == ("voicemail", "marked")
    assert answer.report.facts.tags == {"left"}


@pytest.mark.parametrize(
    ("about", "step"),
    [(About.KEYS, "hello"), (About.STEP, "nowhere"), (About.TRANSFERRED, "menu")],
)
def test_a_page_that_the_flow_does_not_have_is_refused(about: About, step: str) -> None:
    with pytest.raises(ValueError, match="no such page"):
        asked(address(about, step))


def test_keys_are_only_those_of_a_telephone() -> None:
    assert asked(AT_MENU, Digits="*x#").report.facts.digits == "*#"


def test_an_address_says_again_what_it_was_made_of() -> None:
    where = address(
        About.KEYS,
        "menu",
        stages=("hello", "menu"),
        pressed="1#",
        on_machine=MachineAction.LEAVE_MESSAGE,
    )

    assert Address.parse(where.url) == where
