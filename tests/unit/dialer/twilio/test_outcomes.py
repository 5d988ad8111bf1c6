"""Each outcome of a call is reached by what Twilio says, from its words as they arrive."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import Posted
from services.dialer.providers.twilio import pages
from services.dialer.providers.twilio.callbacks import Callback, read_form
from services.dialer.providers.twilio.words import SIP_CODES
from shared.domain.attempts import CallReference
from shared.domain.call_flows.flow import AskForCallback, CallFlow, Gather, HangUp, OptOut
from shared.domain.outcomes import Outcome

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
REFERENCE = CallReference(17, uuid7())
# No carrier says these: they are decided without a call, or because nobody says anything.
OWN = {
    Outcome.EXCLUDED,
    Outcome.OVERFLOW,
    Outcome.OUT_OF_TIME,
    Outcome.CANCELLED,
    Outcome.UNKNOWN,
}
FLOW = CallFlow(
    start="menu",
    steps={
        "menu": Gather(
            text="1 to be called later, 9 to stop",
            choices={"1": "later", "9": "stop"},
            otherwise="bye",
            on_timeout="bye",
        ),
        "later": AskForCallback(minutes=30, next="bye"),
        "stop": OptOut(next="bye"),
        "bye": HangUp(),
    },
)
LEAVES_MESSAGE = {"on_machine": "leave_message"}
KEYS = {"about": "keys", "step": "menu"}


def said(form: dict[str, str], query: dict[str, str]) -> Callback:
    query = {"ref": str(REFERENCE), "about": "status"} | query
    posted = Posted(
        method="POST",
        address=f"https://calls.example.org/carrier-events/word/7?{urlencode(query)}",
        headers={},
        body=urlencode({"CallSid": "CA1", "CallStatus": "in-progress"} | form).encode(),
    )
    return Callback.of(posted, read_form(posted.body))


def outcome_of_post(form: dict[str, str], query: dict[str, str]) -> Outcome | None:
    callback = said(form, query)
    if query is KEYS:
        return pages.reply(FLOW, callback, now=NOW).report.outcome
    return callback.report(now=NOW).outcome


def an_end(status: str, code: int | None = None, who: str | None = None) -> dict[str, str]:
    named = {"CallStatus": status, "SipResponseCode": code, "AnsweredBy": who}
    return {name: str(value) for name, value in named.items() if value is not None}


POSTS: list[tuple[Outcome, dict[str, str], dict[str, str]]] = [
    (Outcome.ANSWERED_HUMAN, an_end("completed", 200, "human"), {}),
    (Outcome.MACHINE_NO_MESSAGE, an_end("completed", 200, "machine_start"), {}),
    (Outcome.MACHINE_MESSAGE_LEFT, an_end("completed", 200, "machine_end_beep"), LEAVES_MESSAGE),
    (Outcome.FAX, an_end("completed", 200, "fax"), {}),
    (Outcome.BUSY, an_end("busy", 486), {}),
    (Outcome.NO_ANSWER, an_end("no-answer", 487), {}),
    (Outcome.DECLINED, an_end("busy", 603), {}),
    (Outcome.UNOBTAINABLE, an_end("failed", 404), {}),
    (Outcome.INVALID_NUMBER, an_end("failed", 484), {}),
    (Outcome.NETWORK_ERROR, an_end("failed", 503), {}),
    (Outcome.CALLBACK_REQUESTED, {"Digits": "1"}, KEYS),
    (Outcome.OPT_OUT, {"Digits": "9"}, KEYS),
]


@pytest.mark.parametrize(("outcome", "form", "query"), POSTS)
def test_a_post_of_the_carrier_leads_to_the_outcome(
    outcome: Outcome, form: dict[str, str], query: dict[str, str]
) -> None:
    assert outcome_of_post(form, query) is outcome


def test_no_outcome_of_a_call_is_without_such_a_post() -> None:
    assert {outcome for outcome, _, _ in POSTS} == set(Outcome) - OWN


@pytest.mark.parametrize("code", SIP_CODES)
def test_each_sip_code_is_the_outcome_of_a_call_that_failed(code: int) -> None:
    assert outcome_of_post(an_end("failed", code), {}) is SIP_CODES[code].outcome
