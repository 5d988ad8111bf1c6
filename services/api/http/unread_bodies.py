"""Ends a connection whose request was answered before its body had come to its end."""

import asyncio
import math

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A client may read the answer only after its body is sent, and loses it if the connection ends
# before. So the rest is read and thrown away for a while: of a caller as long as a file may take
# to be sent, of a stranger no longer than an answer takes to arrive, and not much.
LINGER_SECONDS = 30.0
STRANGER_LINGER_SECONDS = 1.0
STRANGER_LINGER_BYTES = 256 * 1024


class UnreadBodies:
    """Middleware around all façades.

    Without it the server reads such a body to its end, which a stranger can put off for ever.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        is_read = False
        # Authentication notes the caller there.
        state = scope.setdefault("state", {})

        async def reading() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = not message.get("more_body")
            return message

        async def answering(message: Message) -> None:
            nonlocal is_read
            if is_read:
                await send(message)
            elif message["type"] == "http.response.start":
                # A client that awaits "100 Continue" does not send its body any more.
                is_read = "expect" not in headers and await _discard(receive, seconds=0)
                if not is_read:
                    MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body"):
                await send(message)
            else:
                await send({**message, "more_body": True})
                if "caller" not in state:
                    await _discard(
                        receive, seconds=STRANGER_LINGER_SECONDS, most=STRANGER_LINGER_BYTES
                    )
                else:
                    await _discard(receive, seconds=LINGER_SECONDS)
                await send({"type": "http.response.body"})

        await self._app(scope, reading, answering)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _discard(receive: Receive, *, seconds: float, most: float = math.inf) -> bool:
    """Return whether the body has come to its end, or its client has gone."""
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while size < most:
                message = await receive()
                if not message.get("more_body"):
                    return True
                size += len(message["body"])
    except TimeoutError:
        pass
    return False
