"""One post of a webhook by Standard Webhooks 1.0, and the meaning of its answer."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import aiohttp
import orjson
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from services.events.webhooks.egress import AddressRefusedError
from services.events.webhooks.renderings import RENDERINGS, Rendered, standard
from shared.db.events.webhooks import DueDelivery, StoredEvent
from shared.kafka.messages.public import WEBHOOK_TESTED
from shared.runtime import traces
from shared.runtime.traces import Attributes

MAX_ANSWER_BYTES = 64 * 1024
GONE = 410
# Statuses whose Retry-After counts.
BUSY = (429, 503)
# The first class that fits gives the reason.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.InvalidURL, "not a web address"),
    (aiohttp.NonHttpUrlClientError, "not a web address"),
    (aiohttp.ClientSSLError, "certificate or TLS not accepted"),
    (aiohttp.ClientConnectorDNSError, "name not found"),
    (aiohttp.ClientConnectorError, "no connection"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, or the reason why there is none; never text of the receiver.

    With neither there was nothing to post.
    """

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.error is None and (self.status is None or 200 <= self.status < 300)


async def post(session: aiohttp.ClientSession, delivery: DueDelivery, *, now: datetime) -> Answer:
    """Render and send the event; every fault of the other side is an answer.

    Of several posts the first that is not taken is the last that is made.
    """
    render = RENDERINGS.get(delivery.rendering)
    if delivery.event is None or render is None:
        return Answer(error="event not kept" if render else "rendering not known")
    if delivery.event.type == WEBHOOK_TESTED:
        # No vendor has an event for it.
        render = standard
    answer = Answer()
    for rendered in render(delivery.event, delivery.event_types):
        answer = await _post(session, delivery, delivery.event, rendered, now=now)
        if not answer.taken:
            break
    return answer


async def _post(
    session: aiohttp.ClientSession,
    delivery: DueDelivery,
    event: StoredEvent,
    rendered: Rendered,
    *,
    now: datetime,
) -> Answer:
    try:
        headers = signed(rendered, event.id, delivery.secret, now=now)
    except (ValueError, EmptyWebhookSecretError):
        return Answer(error="secret not usable")
    noted: Attributes = {"outdial.event_type": event.type, "outdial.try": delivery.tries + 1}
    with traces.step("webhook", _traceparent(event), kind="client", attributes=noted) as step:
        if step.traceparent is not None:
            headers[traces.HEADER] = step.traceparent
        answer = await _send(session, delivery.url, rendered.body, headers, now=now)
        step.attributes["outdial.answer"] = answer.status or answer.error or ""
        return answer


async def _send(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: datetime,
) -> Answer:
    try:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            await _throw_away(response)
            return _answer(response, now=now)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(error=_reason(error))


def _traceparent(event: StoredEvent) -> str | None:
    """The trace that the event belongs to, as its envelope says."""
    traceparent: str | None = orjson.loads(event.payload).get("traceparent")
    return traceparent


def signed(rendered: Rendered, event_id: UUID, secret: str, *, now: datetime) -> dict[str, str]:
    """The headers of a try: its id is that of the event, its timestamp that of the try."""
    post_id = rendered.id or str(event_id)
    signature = Webhook(secret).sign(post_id, now, rendered.body.decode())
    return {
        **rendered.headers,
        "content-type": rendered.content_type,
        "webhook-id": post_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """The delay that the header gives, in seconds or as a date; None if it is not readable."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        return max(parsedate_to_datetime(value) - now, timedelta())
    except (ValueError, TypeError):
        return None


async def _throw_away(response: aiohttp.ClientResponse) -> None:
    """Read a short answer, so that its connection can be used again; close it on a longer one."""
    read = 0
    # The status is known; an endless body does not change it.
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        while chunk := await response.content.read(MAX_ANSWER_BYTES - read):
            read += len(chunk)
    if not response.content.at_eof():
        response.close()


def _answer(response: aiohttp.ClientResponse, *, now: datetime) -> Answer:
    status = response.status
    if 300 <= status < 400:
        return Answer(status, error="redirect not followed")
    if status in BUSY:
        return Answer(status, retry_after=retry_after(response.headers.get("retry-after"), now=now))
    return Answer(status)


def _reason(error: Exception) -> str:
    """One of a few fixed texts; the own text of an error may contain an address."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(
        error.os_error, AddressRefusedError
    ):
        return "address not allowed"
    return next(
        (reason for kind, reason in REASONS if isinstance(error, kind)),
        "no answer that can be read",
    )
