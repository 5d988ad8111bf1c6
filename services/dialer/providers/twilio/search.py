"""Recognises a call whose id is not known, because the answer to its originate was lost.

The carrier lists the calls to a number, but the list does not have our reference. Its log of the
requests about a call does: they carry our events address. So no call is taken for another one that
was placed to the same number at the same time.

Sources: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources for the
list, https://www.twilio.com/docs/voice/api/call-event-resource for the requests.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.dialer.providers.protocol import ORIGINATE_SECONDS
from services.dialer.providers.twilio.callbacks import CallResource, instant

# A call that the carrier has taken is in its list by then.
LISTED_AFTER = timedelta(seconds=30)
# The requests about a call can be read 15 minutes after its end, says the source.
REQUESTS_AFTER = timedelta(minutes=20)
# The longest page that is read of the list, which begins with the latest call.
LISTED_MOST = 100
# The carrier's clock and ours differ by less; its times are whole seconds.
CLOCKS_APART = timedelta(seconds=10)
_REFERENCE = re.compile(r"[?&]ref=([0-9]+\.[0-9a-f-]{36})")


class CallPage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    calls: tuple[CallResource, ...]


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore")

    url: str | None = None
    parameters: dict[str, Any] | None = None


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")

    request: _Request | None = None


class CallRequests(BaseModel):
    """The requests about a call: the one that placed it, and the carrier's own to our address."""

    model_config = ConfigDict(extra="ignore")

    events: tuple[_Event, ...]

    @property
    def references(self) -> frozenset[str]:
        """The references in their addresses; none while nothing can be read."""
        return frozenset(
            found
            for event in self.events
            for text in _texts(event)
            for found in _REFERENCE.findall(text)
        )


def candidates(page: CallPage, *, dialed_at: datetime) -> Iterator[CallResource]:
    """The calls that may be the one that was dialed at this time."""
    first = dialed_at - CLOCKS_APART
    last = dialed_at + timedelta(seconds=ORIGINATE_SECONDS) + CLOCKS_APART
    for call in page.calls:
        at = instant(call.date_created)
        if at is None or first <= at <= last:
            yield call


def reaches_back(page: CallPage, *, dialed_at: datetime) -> bool:
    """Whether the page has all calls since then."""
    times = (instant(call.date_created) for call in page.calls)
    return len(page.calls) < LISTED_MOST or any(
        at is not None and at < dialed_at - CLOCKS_APART for at in times
    )


def has_no_more_requests(call: CallResource, *, now: datetime) -> bool:
    """Whether the call ended so long ago that its requests can be read, if there are any."""
    ended_at = instant(call.end_time)
    return ended_at is not None and now - ended_at > REQUESTS_AFTER


def _texts(event: _Event) -> Iterator[str]:
    if event.request is not None:
        yield event.request.url or ""
        yield from map(str, (event.request.parameters or {}).values())
