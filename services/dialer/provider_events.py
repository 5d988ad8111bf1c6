"""The public address at which carriers post what happens to calls; any dialer serves it."""

import hashlib
import hmac
import logging
from dataclasses import dataclass
from functools import lru_cache

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.dialer.providers.protocol import Answer, Posted
from services.dialer.providers.trunks import Trunks, UnusableTrunkError
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

EVENT_MOST = 64 * 1024
PATH = "/carrier-events"


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

    def has_word(self, text: str, trunk_id: int) -> bool:
        return hmac.compare_digest(text.encode(), self._word(trunk_id).encode())

    def _word(self, trunk_id: int) -> str:
        return _word(self.secret.get_secret_value(), trunk_id)


@lru_cache(maxsize=1_000)
def _word(secret: str, trunk_id: int) -> str:
    """Kept, because each originate needs it."""
    return hmac.digest(secret.encode(), str(trunk_id).encode(), hashlib.sha256).hex()


def provider_events_route(address: EventsAddress, trunks: Trunks) -> Route:
    """Take a posted event to the provider of its trunk, and return the provider's answer."""

    async def on_event(request: Request) -> Response:
        trunk_id: int = request.path_params["trunk_id"]
        if not address.has_word(request.path_params["word"], trunk_id):
            return Response(status_code=404)
        body = await _read(request)
        if body is None:
            return Response(status_code=413)
        query = request.url.query
        posted = Posted(
            method=request.method,
            address=address.of_trunk(trunk_id) + (f"?{query}" if query else ""),
            headers=request.headers,
            body=body,
        )
        answer = await _answer(trunks, trunk_id, posted)
        if answer.status >= 400:
            extra = {"action": "event_refused", "trunk_id": trunk_id, "status": answer.status}
            logger.warning("carrier event refused", extra=extra)
        return Response(answer.body, answer.status, dict(answer.headers))

    return Route(PATH + "/{word}/{trunk_id:int}", on_event, methods=["GET", "POST"])


async def _answer(trunks: Trunks, trunk_id: int, posted: Posted) -> Answer:
    try:
        provider = await trunks.provider(trunk_id)
        return await provider.receive(posted)
    except UnusableTrunkError:
        return Answer(status=404)
    except ValueError:
        return Answer(status=400)
    except TRANSIENT:
        return Answer(status=503, headers={"Retry-After": "1"})


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
