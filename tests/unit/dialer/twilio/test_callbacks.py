"""Callbacks and call resources as reports."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import Posted
from services.dialer.providers.twilio.callbacks import Callback, CallResource, read_form
from shared.domain.attempts import CallReference
from shared.domain.calls import AnsweredBy, CallState, Price
from shared.domain.outcomes import Outcome

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
REFERENCE = CallReference(17, uuid7())
END = {
    "CallSid": "CA1",
    "CallStatus": "completed",
    "CallDuration": "12",
    "SipResponseCode": "200",
    "Timestamp": "Thu, 26 Nov 2026 11:59:00 +0000",
}


def callback(form: dict[str, str], **query: str) -> Callback:
    body = urlencode(form).encode()
    query = {"ref": str(REFERENCE), "about": "status"} | query
    address = f"https://calls.example.org/carrier-events/word/7?{urlencode(query)}"
    posted = Posted(method="POST", address=address, headers={}, body=body)
    return Callback.of(posted, read_form(body))


def test_the_end_of_a_call_is_reported_with_its_facts() -> None:
    report = callback(END).report(now=NOW)

    assert report.reference == REFERENCE
    assert report.provider_call_id == "CA1"
    assert (report.state, report.outcome) == (CallState.ENDED, Outcome.ANSWERED_HUMAN)
    assert report.at == datetime(2026, 11, 26, 11, 59, 1, tzinfo=UTC)
    assert (report.facts.talk_seconds, report.facts.sip_code) == (12, 200)
    assert report.facts.cause == "completed"


def test_a_failed_call_keeps_the_carriers_error() -> None:
    form = END | {"CallStatus": "failed", "SipResponseCode": "503", "ErrorCode": "32011"}

    report = callback(form).report(now=NOW)

    assert report.outcome is Outcome.NETWORK_ERROR
    assert report.facts.cause == "failed 32011"
    assert report.facts.talk_seconds is None


def test_an_unknown_status_changes_nothing_and_is_kept() -> None:
    report = callback(END | {"CallStatus": "levitating"}).report(now=NOW)

    assert (report.state, report.outcome) == (CallState.RINGING, None)
    assert report.facts.cause == "levitating"


def test_unknown_and_unreadable_fields_are_left_out() -> None:
    form = END | {"SipResponseCode": "many", "Timestamp": "soon", "Colour": "blue"}

    report = callback(form).report(now=NOW)

    assert report.facts.sip_code is None
    assert report.at == NOW


def test_the_resource_tells_who_answered_when_the_callback_does_not() -> None:
    found = CallResource(
        sid="CA1", status="completed", answered_by="machine_end_beep", price="-0.013",
        price_unit="usd",
    )  # fmt: skip

    report = callback(END, on_machine="leave_message").report(now=NOW, found=found)

    assert report.outcome is Outcome.MACHINE_MESSAGE_LEFT
    assert report.facts.answered_by is AnsweredBy.MACHINE
    assert report.facts.price == Price(amount=Decimal("0.013"), currency="USD")


def test_a_detection_is_reported_with_the_time_that_it_took() -> None:
    form = {"CallSid": "CA1", "AnsweredBy": "fax", "MachineDetectionDuration": "2400"}

    report = callback(form, about="machine", on_machine="go_on").detection(now=NOW)

    assert (report.state, report.outcome) == (CallState.ANSWERED, None)
    assert report.facts.answered_by is AnsweredBy.FAX
    assert report.facts.detection_seconds == 2.4


@pytest.mark.parametrize("missing", ["CallSid", "CallStatus"])
def test_a_status_without_its_call_or_word_is_refused(missing: str) -> None:
    form = {name: value for name, value in END.items() if name != missing}

    with pytest.raises(ValueError, match=missing):
        callback(form).report(now=NOW)


@pytest.mark.parametrize("query", [{"ref": "17"}, {"ref": ""}, {"on_machine": "sing"}])
def test_an_address_that_is_not_ours_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        callback(END, **query)


@pytest.mark.parametrize(
    ("price", "unit"), [(None, "USD"), ("", "USD"), ("nan", "USD"), ("0.1", None), ("0.1", "EURO")]
)
def test_a_price_without_amount_or_currency_is_none(price: str | None, unit: str | None) -> None:
    call = CallResource(sid="CA1", status="completed", price=price, price_unit=unit)

    assert call.cost is None


def test_a_call_that_is_up_has_no_outcome() -> None:
    call = CallResource(sid="CA1", status="in-progress", duration="", price=None)

    report = call.report(REFERENCE, now=NOW)

    assert (report.state, report.outcome) == (CallState.ANSWERED, None)
    assert report.at == NOW
