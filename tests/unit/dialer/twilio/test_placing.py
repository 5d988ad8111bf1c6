"""The request that places a call, and its answers."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import (
    CallRefusedError,
    CallUnknownError,
    Fault,
    Originate,
)
from services.dialer.providers.twilio.addresses import Address
from services.dialer.providers.twilio.placing import FAULT_DELAY, form_of, placed, retry_after
from services.dialer.providers.twilio.words import ERRORS
from shared.definitions.trunks import TwilioSettings
from shared.domain.agents import Agent, AgentKind
from shared.domain.attempts import CallReference
from shared.domain.call_flows.flow import CallFlow, HangUp, SendSms, Speak, Step
from shared.domain.call_flows.machines import MachineAction
from shared.domain.outcomes import Outcome

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
REFERENCE = CallReference(17, uuid7())
SETTINGS = TwilioSettings(
    account_sid="AC" + "0" * 32,
    from_numbers=("+14155550100", "+14155550101", "+14155550102"),
    twiml_url="https://twiml.example.org/hello",
)


def a_request(**fields: object) -> Originate:
    request = {
        "reference": REFERENCE,
        "to": "+14155550199",
        "caller_id": None,
        "call_flow": None,
        "events_url": "https://calls.example.org/carrier-events/word/7",
    }
    return Originate(**request | fields)  # type: ignore[arg-type]


def test_a_call_is_described_as_the_carrier_documents_it() -> None:
    form = form_of(a_request(caller_id="+14155550111", ring_seconds=30), SETTINGS)

    assert form["To"] == "+14155550199"
    assert form["From"] == "+14155550111"
    assert form["Url"] == "https://twiml.example.org/hello"
    assert form["Timeout"] == "30"
    assert parse_qs(urlsplit(form["StatusCallback"]).query) == {
        "ref": [str(REFERENCE)],
        "about": ["status"],
    }
    assert not form.keys() & {"MachineDetection", "AsyncAmd", "TimeLimit"}


@pytest.mark.parametrize(
    ("action", "mode"),
    [
        (MachineAction.GO_ON, "Enable"),
        (MachineAction.HANG_UP, "Enable"),
        (MachineAction.LEAVE_MESSAGE, "DetectMessageEnd"),
    ],
)
def test_machines_are_listened_for_beside_the_call(action: MachineAction, mode: str) -> None:
    form = form_of(a_request(on_machine=action), SETTINGS)

    assert (form["MachineDetection"], form["AsyncAmd"]) == (mode, "true")
    assert f"about=machine&on_machine={action}" in form["AsyncAmdStatusCallback"]
    assert f"on_machine={action}" in form["StatusCallback"]


def test_limits_are_those_of_the_carrier() -> None:
    form = form_of(a_request(ring_seconds=10_000, talk_seconds_most=10**6), SETTINGS)

    assert (form["Timeout"], form["TimeLimit"]) == ("600", "14400")


def test_the_flow_of_a_campaign_may_be_an_address_which_gets_the_variables() -> None:
    request = a_request(call_flow="https://flows.example.org/a?b=c", variables={"name": "Ada L"})

    assert form_of(request, SETTINGS)["Url"] == "https://flows.example.org/a?b=c&name=Ada+L"


def test_one_person_sees_the_same_number_each_time() -> None:
    numbers = {form_of(a_request(), SETTINGS)["From"] for _ in range(5)}
    of_all = {
        form_of(a_request(to=f"+141555501{last:02}"), SETTINGS)["From"] for last in range(100)
    }

    assert len(numbers) == 1
    assert of_all == set(SETTINGS.from_numbers)


def a_flow(text: str) -> CallFlow:
    steps: dict[str, Step] = {"hello": Speak(text=text, next="bye"), "bye": HangUp()}
    return CallFlow(start="hello", steps=steps)


def test_the_tenants_flow_is_said_with_the_request() -> None:
    form = form_of(a_request(flow=a_flow("Hello")), SETTINGS)

    assert "Url" not in form
    assert form["Twiml"].endswith("<Response><Say>Hello</Say><Hangup /></Response>")


def test_a_flow_that_is_too_long_for_the_request_is_a_page() -> None:
    form = form_of(a_request(flow=a_flow("Hello " * 1_000)), SETTINGS)

    assert "Twiml" not in form
    assert Address.parse(form["Url"]).step == "hello"


def test_a_flow_asks_for_a_page_where_it_sends_a_message() -> None:
    steps: dict[str, Step] = {"note": SendSms(text="Hello", next="bye"), "bye": HangUp()}
    flow = CallFlow(start="note", steps=steps)

    form = form_of(a_request(flow=flow), SETTINGS)

    assert "<Redirect" in form["Twiml"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"from_numbers": ()}, "no_caller_id"), ({"twiml_url": None}, "no_call_flow")],
)
def test_a_call_without_number_or_flow_is_not_placed(
    change: dict[str, object], reason: str
) -> None:
    with pytest.raises(CallRefusedError, match=reason) as caught:
        form_of(a_request(), SETTINGS.model_copy(update=change))

    assert (caught.value.fault, caught.value.retry_after) == (Fault.REQUEST, FAULT_DELAY)


def test_an_agent_is_not_sent_to_a_carrier_without_agents() -> None:
    with pytest.raises(CallRefusedError, match="no_agents_here"):
        form_of(a_request(agent=Agent("asst_1", AgentKind.ASSISTANT)), SETTINGS)


def refused(status: int, code: int | None, **headers: str) -> CallRefusedError:
    body = b"" if code is None else json.dumps({"code": code, "status": status}).encode()
    with pytest.raises(CallRefusedError) as caught:
        placed(status, headers, body, now=NOW)
    return caught.value


@pytest.mark.parametrize("code", ERRORS)
def test_every_known_error_means_that_the_call_was_not_placed(code: int) -> None:
    refusal = refused(400, code)

    assert refusal.outcome is ERRORS[code].outcome
    assert (refusal.retry_after is None) == (refusal.outcome is not None)


def test_an_invalid_number_ends_the_attempt_and_a_wrong_secret_does_not() -> None:
    assert refused(400, 21211).outcome is Outcome.INVALID_NUMBER
    assert refused(401, 20003).outcome is None


def test_a_wrong_secret_is_named_as_a_fault_of_the_trunk() -> None:
    refusal = refused(401, 20003)

    assert refusal.fault is Fault.TRUNK
    assert str(refusal) == "error_20003: wrong secret or account"


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (400, 99_999, Fault.REQUEST),
        (401, None, Fault.TRUNK),
        (403, None, Fault.CARRIER),
        (404, 20404, Fault.CARRIER),
    ],
)
def test_an_unknown_error_waits(status: int, code: int | None, fault: Fault) -> None:
    refusal = refused(status, code)

    assert (refusal.outcome, refusal.fault) == (None, fault)
    assert refusal.retry_after == FAULT_DELAY


def test_too_many_requests_wait_as_long_as_the_carrier_says() -> None:
    refusal = refused(429, 20429, **{"Retry-After": "7"})

    assert refusal.outcome is None
    assert refusal.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("status", [302, 308, 402, 408, 409, 500, 502, 503, 504])
def test_any_other_answer_may_mean_a_placed_call(status: int) -> None:
    with pytest.raises(CallUnknownError):
        placed(status, {}, b'{"code": 21211}', now=NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"sid": null}', b"\xff"])
def test_a_success_that_cannot_be_read_may_mean_a_placed_call(body: bytes) -> None:
    with pytest.raises(CallUnknownError):
        placed(201, {}, body, now=NOW)


@pytest.mark.parametrize(
    ("queue_time", "queued"), [("2500", 2500), (2500, 2500), (None, 0), ("soon", 0), ("", 0)]
)
def test_a_placed_call_is_known_whatever_its_other_fields_say(
    queue_time: object, queued: int
) -> None:
    body = json.dumps({"sid": "CA1", "queue_time": queue_time, "colour": "blue"}).encode()

    call = placed(201, {}, body, now=NOW)

    assert (call.sid, call.queued_ms) == ("CA1", queued)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("3", timedelta(seconds=3)),
        ("Thu, 26 Nov 2026 12:00:09 GMT", timedelta(seconds=9)),
        ("Thu, 26 Nov 2026 11:00:00 GMT", timedelta()),
        ("", None),
        ("-3", None),
        ("soon", None),
        ("9" * 40, None),
    ],
)
def test_a_wait_is_given_in_seconds_or_as_a_date(text: str, wait: timedelta | None) -> None:
    assert retry_after(text, now=NOW) == wait
