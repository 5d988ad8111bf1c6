"""Where carriers post what happens to calls."""

import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.dialer.desk import CallDesk
from services.dialer.providers.trunks import Trunks, UnknownTrunkError
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

EVENT_MOST = 64 * 1024


def callback_route(path: str, trunks: Trunks, desk: CallDesk) -> Route:
    """`POST path/{trunk_id}`: 204 once the event is kept, 503 to have it sent again."""

    async def on_event(request: Request) -> Response:
        body = await request.body()
        if len(body) > EVENT_MOST:
            return Response(status_code=413)
        try:
            provider = await trunks.provider(int(request.path_params["trunk_id"]))
            await desk.on_report(provider.read_event(body))
        except UnknownTrunkError:
            return Response(status_code=404)
        except ValueError:
            logger.warning("unreadable carrier event", extra={"action": "event_refused"})
            return Response(status_code=400)
        except TRANSIENT:
            return Response(status_code=503, headers={"Retry-After": "1"})
        return Response(status_code=204)

    return Route(path + "/{trunk_id:int}", on_event, methods=["POST"])
