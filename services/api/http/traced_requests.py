"""Each request is a step of a trace: of the one in its header `traceparent`, or of a new one."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime import traces
from shared.runtime.process import PROBES


class TracedRequests:
    """Middleware around all façades. Each answer has the header, so that a client finds the trace.

    Probes and scrapes begin no trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        with traces.began(scope["method"], _sent(scope)) as step:

            async def traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)[traces.HEADER] = step.traceparent or ""
                    step.attributes["http.response.status_code"] = message["status"]
                await send(message)

            step.attributes["http.request.method"] = scope["method"]
            try:
                await self._app(scope, receive, traced)
            finally:
                # Known once the request is routed; the mount of a façade has an empty name.
                step.name = getattr(scope.get("route"), "name", "") or step.name


def _sent(scope: Scope) -> str | None:
    """A header that comes twice is none."""
    sent = Headers(scope=scope).getlist(traces.HEADER)
    return sent[0] if len(sent) == 1 else None
