"""The public address at which carriers post what happens to calls and messages.

Any dialer serves it.
"""

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.dialer.providers.protocol import Answer, Posted
from services.dialer.providers.trunks import ForeignCallError, Trunks, UnusableTrunkError
from services.dialer.sms.reports import SmsReports
from shared.runtime import traces
from shared.runtime.metrics import CARRIER_EVENTS
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

EVENT_MOST = 64 * 1024
PATH = "/carrier-events"
# Below the address of a trunk: what happens to the text messages that it sent.
MESSAGES = "/messages"
# The statuses by which a provider refuses an event, as the metric names them.
_RESULTS = {401: "forged", 403: "forged"}

Receive = Callable[[int, Posted], Awaitable[Answer]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class EventsAddress:
    """The address of a trunk has a word of its own, which only its carrier is given.

    The word is computed from `secret` and the trunk, so that every dialer knows it, and no carrier
    can compute the word of another trunk.
    """

    base: str
    secret: SecretStr

    def of_trunk(self, trunk_id: int) -> str:
        return f"{self.base.rstrip('/')}{PATH}/{self._word(trunk_id)}/{trunk_id}"

    def of_messages(self, trunk_id: int) -> str:
        return self.of_trunk(trunk_id) + MESSAGES

    def has_word(self, text: str, trunk_id: int) -> bool:
        return hmac.compare_digest(text.encode(), self._word(trunk_id).encode())

    def _word(self, trunk_id: int) -> str:
        return _word(self.secret.get_secret_value(), trunk_id)


@lru_cache(maxsize=1_000)
def _word(secret: str, trunk_id: int) -> str:
    """Kept, because each originate needs it."""
    return hmac.digest(secret.encode(), str(trunk_id).encode(), hashlib.sha256).hex()


def provider_events_routes(address: EventsAddress, trunks: Trunks) -> list[BaseRoute]:
    """Take a posted event to the provider of its trunk, and return the provider's answer."""

    async def call_reports(trunk_id: int, posted: Posted) -> Answer:
        provider = await trunks.provider(trunk_id)
        return await provider.receive(posted, trunks.flow_of)

    path = PATH + "/{word}/{trunk_id:int}"
    of_calls = _endpoint(address, call_reports)
    of_messages = _endpoint(address, SmsReports(trunks.pool, trunks).receive, below=MESSAGES)
    return [
        Route(path, of_calls, methods=["GET", "POST"]),
        Route(path + MESSAGES, of_messages, methods=["GET", "POST"]),
    ]


def _endpoint(address: EventsAddress, receive: Receive, *, below: str = "") -> Endpoint:
    async def on_event(request: Request) -> Response:
        trunk_id: int = request.path_params["trunk_id"]
        if not address.has_word(request.path_params["word"], trunk_id):
            return Response(status_code=404)
        body = await _read(request)
        if body is None:
            return Response(status_code=413)
        query = request.scope["query_string"].decode("latin-1")
        posted = Posted(
            method=request.method,
            address=address.of_trunk(trunk_id) + below + (f"?{query}" if query else ""),
            headers=request.headers,
            body=body,
        )
        sent = traces.accepted(request.headers.get(traces.HEADER))
        with traces.step("report", sent, kind="server"):
            answer = await _answer(receive, trunk_id, posted)
        if answer.status >= 400:
            extra = {"action": "event_refused", "trunk_id": trunk_id, "status": answer.status}
            logger.warning("carrier event refused", extra=extra)
        return Response(answer.body, answer.status, dict(answer.headers))

    return on_event


async def _answer(receive: Receive, trunk_id: int, posted: Posted) -> Answer:
    """Count each event by its result; one about a call of another trunk needs no other answer."""
    try:
        answer = await receive(trunk_id, posted)
    except ForeignCallError:
        result, answer = "foreign", Answer()
    except UnusableTrunkError:
        result, answer = "unusable_trunk", Answer(status=404)
    except ValueError:
        result, answer = "unreadable", Answer(status=400)
    except TRANSIENT:
        result, answer = "later", Answer(status=503, headers={"Retry-After": "1"})
    else:
        result = _RESULTS.get(answer.status, "refused") if answer.status >= 400 else "taken"
    CARRIER_EVENTS.labels(result).inc()
    return answer


async def _read(request: Request) -> bytes | None:
    """Read the body; None as soon as it is known to be too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > EVENT_MOST:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > EVENT_MOST:
            return None
    return bytes(body)
