"""The headers of a post, judged by the reference library, and the reading of Retry-After."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.events.webhooks.post import retry_after, signed
from services.events.webhooks.renderings import Rendered

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ID = UUID("01932c07-3ee4-7c8a-9d0f-0a1b2c3d4e5f")
BODY = '{"type":"outdial.attempt.ended.v1","name":"Zoë"}'.encode()
NOW = datetime(2026, 11, 1, 8, 30, 1, 999_999, tzinfo=UTC)


def headers_now() -> dict[str, str]:
    return signed(Rendered(BODY), ID, SECRET, now=datetime.now(UTC))


def test_the_reference_library_accepts_a_post() -> None:
    assert Webhook(SECRET).verify(BODY, headers_now())["name"] == "Zoë"


def test_the_headers_name_the_event_and_the_second_of_the_try() -> None:
    headers = signed(Rendered(BODY), ID, SECRET, now=NOW)

    assert headers["webhook-id"] == str(ID)
    assert headers["webhook-timestamp"] == "1793521801"
    assert headers["webhook-signature"].startswith("v1,")
    assert headers["content-type"] == "application/json"


def flipped(text: str, at: int) -> str:
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_header_is_not_accepted(name: str) -> None:
    headers = headers_now()
    # Of the base64 letter before the padding, two bits carry nothing.
    first, last = (3, -2) if name == "webhook-signature" else (0, -1)
    for at in range(len(headers[name]))[first:last]:
        changed = headers | {name: flipped(headers[name], at)}

        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(BODY, changed)


def test_a_flipped_bit_in_the_body_or_another_secret_is_not_accepted() -> None:
    headers = headers_now()
    for at in range(0, len(BODY) * 8, 7):
        changed = bytearray(BODY)
        changed[at // 8] ^= 1 << at % 8

        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            Webhook(SECRET).verify(bytes(changed), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(b"x" * 32).decode()).verify(BODY, headers)


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, None),
        ("", None),
        ("0", timedelta()),
        ("120", timedelta(seconds=120)),
        ("99999999999999999999", timedelta(days=365)),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Sun, 01 Nov 2026 08:31:01 GMT", timedelta(seconds=59)),
        ("Sun, 01 Nov 2026 08:00:00 GMT", timedelta()),
        ("Sun, 01 Nov 2026 08:31:01", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    value: str | None, asked: timedelta | None
) -> None:
    read = retry_after(value, now=NOW)

    if asked is None or read is None:
        assert read is asked
    else:
        assert min(read, timedelta(days=365)) == pytest.approx(asked, abs=timedelta(seconds=1))
