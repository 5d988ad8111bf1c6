"""Text messages of Twilio: the request, and what answers and callbacks mean."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.dialer.providers.protocol import Posted
from services.dialer.providers.sms import SmsOptOut, SmsRefusedError, SmsRequest, SmsUnknownError
from services.dialer.providers.twilio.messages import (
    ERRORS,
    STATUSES,
    form_of,
    received,
    report_of,
    sent,
)
from shared.domain.sms import SmsReference, SmsState

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
REFERENCE = SmsReference(17, UUID("0198f5c2-7e00-7c31-a1b2-0c9d8e7f6a05"))
ADDRESS = "https://calls.example.org/carrier-events/word/7/messages"


def a_request(valid_for: timedelta) -> SmsRequest:
    return SmsRequest(
        reference=REFERENCE,
        to="+14155550101",
        sender="ACME",
        text="Please call us.",
        events_url=ADDRESS,
        valid_until=NOW + valid_for,
    )


def test_a_request_names_the_sender_and_where_to_report() -> None:
    assert form_of(a_request(timedelta(minutes=5)), now=NOW) == {
        "To": "+14155550101",
        "From": "ACME",
        "Body": "Please call us.",
        "ValidityPeriod": "300",
        "StatusCallback": f"{ADDRESS}?ref={REFERENCE}",
    }


def test_a_message_is_not_queued_beyond_its_hours() -> None:
    assert form_of(a_request(timedelta(days=1)), now=NOW)["ValidityPeriod"] == "36000"
    with pytest.raises(SmsRefusedError, match="late"):
        form_of(a_request(timedelta(milliseconds=900)), now=NOW)


def test_an_answer_with_an_id_is_of_a_message_that_was_taken() -> None:
    assert sent(201, {}, b'{"sid": "SM1", "status": "queued"}', now=NOW) == "SM1"


@pytest.mark.parametrize("status", [201, 302, 500, 502, 503, 408, 409])
def test_any_other_answer_may_be_of_one_that_was_taken(status: int) -> None:
    with pytest.raises(SmsUnknownError):
        sent(status, {}, b"<html>", now=NOW)


@pytest.mark.parametrize(
    ("status", "code", "is_final", "has_opted_out"),
    [
        (400, 21610, True, True),
        (400, 21211, True, False),
        (400, 21614, True, False),
        (401, 20003, False, False),
        (400, 21606, False, False),
        (400, 99999, False, False),
        (403, None, False, False),
    ],
)
def test_a_refusal_is_final_if_it_is_about_the_person(
    status: int, code: int | None, is_final: bool, has_opted_out: bool
) -> None:
    body = b"" if code is None else json.dumps({"code": code}).encode()

    with pytest.raises(SmsRefusedError) as refused:
        sent(status, {}, body, now=NOW)

    assert (refused.value.is_final, refused.value.has_opted_out) == (is_final, has_opted_out)


def test_too_many_requests_are_sent_later() -> None:
    with pytest.raises(SmsRefusedError) as refused:
        sent(429, {"Retry-After": "7"}, b"", now=NOW)

    assert (refused.value.is_final, refused.value.retry_after) == (False, timedelta(seconds=7))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", None),
        ("sending", None),
        ("sent", SmsState.SENT),
        ("delivered", SmsState.DELIVERED),
        ("undelivered", SmsState.UNDELIVERED),
        ("failed", SmsState.FAILED),
        ("levitating", None),
    ],
)
def test_a_callback_tells_the_state(word: str, state: SmsState | None) -> None:
    posted = Posted(method="POST", address=f"{ADDRESS}?ref={REFERENCE}", headers={}, body=b"")
    form = {"MessageSid": ["SM1"], "MessageStatus": [word], "ErrorCode": ["30003"]}

    report = report_of(posted, form, now=NOW)

    assert (report and (report.state, report.reference, report.reason)) == (
        state and (state, REFERENCE, "error_30003")
    )


@pytest.mark.parametrize("query", ["", "?ref=17", "?ref=a&ref=b"])
def test_a_callback_without_a_reference_is_not_readable(query: str) -> None:
    posted = Posted(method="POST", address=ADDRESS + query, headers={}, body=b"")

    with pytest.raises(ValueError, match=r"ref|badly formed"):
        report_of(posted, {"MessageSid": ["SM1"], "MessageStatus": ["sent"]}, now=NOW)


@pytest.mark.parametrize(
    ("form", "opts_out"),
    [
        ({"Body": [" stop "]}, True),
        ({"Body": ["STOP"]}, True),
        ({"Body": ["Unsubscribe"]}, True),
        ({"Body": ["Arret"], "OptOutType": ["STOP"]}, True),
        ({"Body": ["Stop please"]}, False),
        ({"Body": ["Yes"]}, False),
        ({"Body": ["START"], "OptOutType": ["START"]}, False),
        ({"Body": ["STOP"], "From": ["12345"]}, False),
        ({}, False),
    ],
)
def test_a_reply_that_is_a_word_of_opting_out_is_one(
    form: dict[str, list[str]], opts_out: bool
) -> None:
    posted = Posted(method="POST", address=ADDRESS, headers={}, body=b"")
    reply = {"MessageSid": ["SM1"], "From": ["+14155550101"], "To": ["+12025550100"]} | form

    told = received(posted, reply, now=NOW)

    expected = SmsOptOut(sender="+12025550100", number="+14155550101")
    assert told.opt_out == (expected if opts_out else None)
    assert (told.answer.status, told.answer.body.endswith(b"<Response/>")) == (200, True)


def test_every_row_names_its_source() -> None:
    sources = [row.source for row in STATUSES.values()] + [row.source for row in ERRORS.values()]

    assert all(sources)
