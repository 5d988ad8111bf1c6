"""The carrier's HTTP on aiohttp's low-level server, which stamps the first byte of a request."""

import asyncio
from typing import Any, cast

import orjson
from aiohttp import web
from pydantic import ValidationError
from typing_extensions import override

from outdial.carrier.behaviour import Fault
from outdial.carrier.calls import Answer, Instant, Originate, Verdict
from outdial.carrier.messages import Messages, NewMessage
from outdial.carrier.switch import INVALID_NUMBER, UNAVAILABLE, Switch

_STATUS = {Verdict.ACCEPTED: 201, Verdict.REFUSED: 429, Verdict.DUPLICATE: 409}
_STATUS_OF_CODE = {INVALID_NUMBER: 422, UNAVAILABLE: 503}


class StampingProtocol(web.RequestHandler):
    seen: Instant | None = None
    """The instant of the first byte since the last answer: the arrival, before any wait."""

    @override
    def data_received(self, data: bytes) -> None:
        if self.seen is None:
            self.seen = Instant.now()
        super().data_received(data)


class StampingServer(web.Server):
    @override
    def __call__(self) -> StampingProtocol:
        return StampingProtocol(self, loop=asyncio.get_running_loop())


class CarrierApi:
    def __init__(self, switch: Switch, messages: Messages, *, time_scale: float) -> None:
        self._switch = switch
        self._messages = messages
        self._time_scale = time_scale

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        protocol = cast("StampingProtocol", request.protocol)
        try:
            return await self._route(request, protocol.seen or Instant.now())
        except OSError:
            # The log is broken: a call that cannot be logged is not placed.
            return _json(500, {"code": "log_failed"})
        finally:
            protocol.seen = None

    async def _route(self, request: web.BaseRequest, seen: Instant) -> web.StreamResponse:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["calls"]:
                return await self._originate(request, seen)
            case "POST", ["messages"]:
                return await self._send_message(request, seen)
            case "GET", ["calls", reference]:
                return await self._lookup(reference)
            case "DELETE", ["calls", reference]:
                return await self._hang_up(reference)
            case "GET", ["stats" | "healthz" as name]:
                return _json(200, self._switch.stats() if name == "stats" else {"status": "ok"})
            case _:
                return _json(404, {"code": "not_found"})

    async def _originate(self, request: web.BaseRequest, seen: Instant) -> web.StreamResponse:
        try:
            wanted = Originate.read(await request.read())
        except ValidationError as error:
            return _bad_request(error)
        if traceparent := request.headers.get("traceparent"):
            wanted = wanted.model_copy(update={"traceparent": traceparent})
        answer = await self._switch.originate(wanted, seen)
        if answer.verdict is Verdict.ACCEPTED and answer.plan is not None:
            if Fault.SLOW_REPLY in answer.plan.faults:
                await asyncio.sleep(answer.plan.reply_seconds * self._time_scale)
            if Fault.LOSE_REPLY in answer.plan.faults and request.transport is not None:
                request.transport.abort()
        return _answer(answer)

    async def _send_message(self, request: web.BaseRequest, seen: Instant) -> web.StreamResponse:
        try:
            wanted = NewMessage.model_validate_json(await request.read())
        except ValidationError as error:
            return _bad_request(error)
        answer = await self._messages.send(wanted, seen)
        if answer.is_lost and request.transport is not None:
            request.transport.abort()
        return _json(answer.status, dict(answer.body))

    async def _lookup(self, reference: str) -> web.StreamResponse:
        report = await self._switch.lookup(reference)
        return _json(404, {"code": "not_found"}) if report is None else _json(200, report)

    async def _hang_up(self, reference: str) -> web.StreamResponse:
        hung_up = await self._switch.hang_up(reference)
        return web.Response(status=204) if hung_up else _json(404, {"code": "not_found"})


def _bad_request(error: ValidationError) -> web.Response:
    fields = [".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)]
    return _json(400, {"code": "bad_request", "fields": fields})


def _answer(answer: Answer) -> web.Response:
    if answer.code is not None:
        status = _STATUS_OF_CODE.get(answer.code, _STATUS[answer.verdict])
        return _json(status, {"code": answer.code})
    code = {"code": "duplicate"} if answer.verdict is Verdict.DUPLICATE else {}
    return _json(_STATUS[answer.verdict], {"call_id": answer.call_id} | code)


def _json(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
