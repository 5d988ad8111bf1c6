"""Limits the size of a request body that is held in memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 8 * 1024 * 1024


class LimitedBodies:
    """Middleware of a façade, which answers the exception in its own shape.

    Bodies of paths that end with one of `streamed` are not limited here.
    """

    def __init__(self, app: ASGIApp, *, streamed: tuple[str, ...] = ()) -> None:
        self._app = app
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(self._streamed):
            await self._app(scope, receive, send)
            return
        size = 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)
