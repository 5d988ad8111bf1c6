"""Names each request by the header X-Request-Id: in its answer, its logs and its audit entry."""

import re
from contextvars import ContextVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars
from uuid_utils.compat import uuid7

HEADER = "X-Request-Id"
# The client's own id is taken if it is a plain word: it stands in logs and in headers.
_PLAUSIBLE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:=-]{0,127}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """The id of the request that is served now; None outside of a request."""
    return _current.get()


class NamedRequests:
    """Middleware around all façades. Each answer has the id, also one of an error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _sent(scope) or str(uuid7())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        token = _current.set(name)
        try:
            with bound_contextvars(request_id=name):
                await self._app(scope, receive, named)
        finally:
            _current.reset(token)


def _sent(scope: Scope) -> str | None:
    name = Headers(scope=scope).get(HEADER, "")
    return name if _PLAUSIBLE.fullmatch(name) else None
