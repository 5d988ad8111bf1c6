"""A carrier in a process of its own that speaks the documented protocol of Twilio's calls.

`python -m tests.support.twilio_carrier --log FILE [--behaviour FILE]` prints its address as JSON.
The account's token stands in the environment variable TWILIO_CARRIER_TOKEN.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.support.twilio_carrier.behaviour import Behaviour, Chance, Fault, Person
from tests.support.twilio_carrier.calls import ACCOUNT, Call, Calls, Form, Log

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_TWIML_MOST = 4_000
_BODY_MOST = 1_600
_VALIDITY_MOST = 36_000


class Api:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._chance = Chance(calls.behaviour)
        credentials = f"{calls.account}:{calls.token}".encode()
        self._authorization = f"Basic {base64.b64encode(credentials).decode()}"

    def application(self) -> web.Application:
        app = web.Application()
        accounts = "/2010-04-01/Accounts/{account}"
        app.router.add_post(f"{accounts}/Calls.json", self.create)
        app.router.add_get(f"{accounts}/Calls.json", self.read)
        app.router.add_get(accounts + "/Calls/{sid}.json", self.fetch)
        app.router.add_get(accounts + "/Calls/{sid}/Events.json", self.events)
        app.router.add_post(accounts + "/Calls/{sid}.json", self.update)
        app.router.add_post(f"{accounts}/Messages.json", self.create_message)
        return app

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = await _form(request)
        fault = self._fault(request) or _faulty(form)
        if fault is not None:
            return fault
        person = self._chance.person(form["To"])
        refused = self._refused(person)
        if refused is not None:
            return refused
        if person.fault is Fault.FAILED_NOT_PLACED:
            self._calls.log.write("not_placed", form=form)
            return _error(500, 20500, "Internal Server Error")
        call = self._calls.place(form, person)
        if person.fault is Fault.FAILED_PLACED:
            return _error(500, 20500, "Internal Server Error")
        if person.fault is Fault.LOST_REPLY and request.transport is not None:
            request.transport.abort()
        return web.json_response(call.resource(), status=201)

    async def create_message(self, request: web.Request) -> web.StreamResponse:
        form = await _form(request)
        fault = self._fault(request) or _faulty_message(form)
        if fault is not None:
            return fault
        person = self._chance.person(form["To"])
        refused = self._refused(person)
        if refused is not None:
            return refused
        message = self._calls.send(form, person)
        if person.fault is Fault.FAILED_PLACED:
            return _error(500, 20500, "Internal Server Error")
        if person.fault is Fault.LOST_REPLY and request.transport is not None:
            request.transport.abort()
        return web.json_response(message, status=201)

    def _refused(self, person: Person) -> web.Response | None:
        """An answer that surely means that nothing was placed or sent, if it is to be one."""
        if person.error_code is not None:
            return _error(400, person.error_code, "refused")
        if person.fault is Fault.TOO_MANY:
            answer = _error(429, 20429, "Too Many Requests")
            answer.headers["Retry-After"] = str(self._calls.behaviour.retry_after_seconds)
            return answer
        return None

    async def read(self, request: web.Request) -> web.StreamResponse:
        """The calls to a number, the latest first."""
        number, most = request.query["To"], int(request.query.get("PageSize", "50"))
        calls = [call for call in self._calls.by_sid.values() if call.form["To"] == number]
        listed = [call.resource() for call in reversed(calls)][:most]
        return self._fault(request) or web.json_response({"calls": listed, "page": 0})

    async def events(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request)
        if isinstance(call, Call):
            wait = timedelta(seconds=self._calls.behaviour.requests_after_seconds)
            is_read = call.ended_at is not None and datetime.now(UTC) - call.ended_at >= wait
            return web.json_response({"events": call.requests if is_read else [], "page": 0})
        return call

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request)
        if isinstance(call, Call):
            return web.json_response(call.resource())
        return call

    async def update(self, request: web.Request) -> web.StreamResponse:
        form = await _form(request)
        call = self._call(request)
        if not isinstance(call, Call):
            return call
        if call.ended.is_set():
            return _error(400, 21220, "Unable to update record: the call is over")
        self._calls.log.write("update", sid=call.sid, form=form)
        match form.get("Status"):
            case "completed":
                call.end("completed" if call.answered_at else "canceled")
            case "canceled" if call.answered_at is None:
                call.end("canceled")
        return web.json_response(call.resource())

    def _call(self, request: web.Request) -> Call | web.Response:
        fault = self._fault(request)
        if fault is not None:
            return fault
        call = self._calls.by_sid.get(request.match_info["sid"])
        return call or _error(404, 20404, "The requested resource was not found")

    def _fault(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != self._authorization:
            return _error(401, 20003, "Authenticate")
        if request.match_info["account"] != self._calls.account:
            return _error(404, 20404, "The requested resource was not found")
        return None


def _faulty(form: Form) -> web.Response | None:
    if not _NUMBER.fullmatch(form.get("To", "")):
        return _error(400, 21211, "The 'To' number is not a valid phone number")
    if not form.get("From"):
        return _error(400, 21213, "'From' phone number is required")
    if len(form.get("Twiml", "")) > _TWIML_MOST or not (form.get("Url") or form.get("Twiml")):
        return _error(400, 21200, "Url or Twiml is required")
    return None


def _faulty_message(form: Form) -> web.Response | None:
    if not _NUMBER.fullmatch(form.get("To", "")):
        return _error(400, 21211, "The 'To' number is not a valid phone number")
    if not form.get("From"):
        return _error(400, 21603, "A 'From' phone number is required")
    if not 0 < len(form.get("Body", "")) <= _BODY_MOST:
        return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    if not 1 <= int(form.get("ValidityPeriod", "1")) <= _VALIDITY_MOST:
        return _error(400, 90007, "Invalid validity period value")
    return None


async def _form(request: web.Request) -> Form:
    return {name: str(value) for name, value in (await request.post()).items()}


def _error(status: int, code: int, message: str) -> web.Response:
    body = {"code": code, "message": message, "more_info": "", "status": status}
    return web.json_response(body, status=status)


async def serve(log: Log, behaviour: Path | None) -> None:
    calls = Calls(
        account=ACCOUNT,
        token=os.environ["TWILIO_CARRIER_TOKEN"],
        behaviour=Behaviour.read(behaviour),
        log=log,
    )
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout) as calls.client:
        runner = web.AppRunner(Api(calls).application())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)  # noqa: T201
        await stopped.wait()
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--behaviour", type=Path)
    parser.add_argument("--no-fsync", action="store_true")
    options = parser.parse_args()
    log = Log(options.log, fsync=not options.no_fsync)
    asyncio.run(serve(log, options.behaviour))


if __name__ == "__main__":
    main()
