"""A call of an unknown id: the calls that it may be, and the requests that name it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from services.dialer.providers.twilio.callbacks import CallResource
from services.dialer.providers.twilio.search import (
    LISTED_MOST,
    REQUESTS_AFTER,
    CallPage,
    CallRequests,
    candidates,
    has_no_more_requests,
    reaches_back,
)

DIALED = datetime(2026, 3, 2, 10, 0, 0, 900_000, tzinfo=UTC)
REFERENCE = "17.0195f6a0-0000-7000-8000-000000000001"
STATUS = f"https://calls.example.org/carrier-events/word/7?ref={REFERENCE}&about=status"


def a_call(created: str | datetime | None, **fields: Any) -> CallResource:
    text = format_datetime(created) if isinstance(created, datetime) else created
    return CallResource(sid="CA1", status="completed", date_created=text, **fields)


@pytest.mark.parametrize(
    ("created", "may_be"),
    [
        (DIALED.replace(microsecond=0), True),
        (DIALED + timedelta(seconds=6), True),
        (DIALED - timedelta(seconds=9), True),
        (DIALED - timedelta(seconds=12), False),
        (DIALED + timedelta(seconds=20), False),
        ("not a time", True),
        (None, True),
    ],
)
def test_a_call_of_another_time_is_not_the_one(
    created: str | datetime | None, *, may_be: bool
) -> None:
    page = CallPage(calls=(a_call(created),))

    assert bool(list(candidates(page, dialed_at=DIALED))) is may_be


@pytest.mark.parametrize(
    ("calls", "oldest", "reaches"),
    [
        (0, DIALED, True),
        (LISTED_MOST - 1, DIALED, True),
        (LISTED_MOST, DIALED, False),
        (LISTED_MOST, DIALED - timedelta(minutes=1), True),
        (LISTED_MOST, None, False),
    ],
)
def test_a_full_page_must_reach_back_to_the_call(
    calls: int, oldest: datetime | None, *, reaches: bool
) -> None:
    page = CallPage(calls=(a_call(oldest),) * calls)

    assert reaches_back(page, dialed_at=DIALED) is reaches


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({"url": STATUS, "parameters": {}}, True),
        ({"url": "https://api.example.org/Calls", "parameters": {"status_callback": STATUS}}, True),
        ({"url": STATUS.replace("?ref", "?leg=1&ref")}, True),
        ({"url": STATUS.replace(REFERENCE, "17.another")}, False),
        ({"url": "https://other.example.org/?preref=" + REFERENCE}, False),
        ({"url": None, "parameters": {"to": "+14155550101", "tries": 3}}, False),
        (None, False),
    ],
)
def test_the_requests_about_a_call_name_its_reference(
    request_: dict[str, Any] | None, *, names: bool
) -> None:
    requests = CallRequests.model_validate({"events": [{"request": request_, "response": {}}]})

    assert requests.references == ({REFERENCE} if names else set())


def test_requests_can_be_read_some_time_after_the_end() -> None:
    ended_at = DIALED.replace(microsecond=0)
    call = a_call(DIALED, end_time=format_datetime(ended_at))

    assert not has_no_more_requests(a_call(DIALED), now=ended_at + timedelta(days=1))
    assert not has_no_more_requests(call, now=ended_at + REQUESTS_AFTER)
    assert has_no_more_requests(call, now=ended_at + REQUESTS_AFTER + timedelta(seconds=1))
