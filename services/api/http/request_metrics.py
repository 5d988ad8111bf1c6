"""Counts and times requests by operation and status."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime.metrics import REQUEST_SECONDS


class MeasuredRequests:
    """The label is the operation's name in OpenAPI, never a path: paths have ids in them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # The mount of a façade has an empty name.
            operation = getattr(scope.get("route"), "name", "") or "unknown"
            seconds = time.perf_counter() - began
            REQUEST_SECONDS.labels(operation, str(status)).observe(seconds)
