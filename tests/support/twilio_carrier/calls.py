"""The calls of the carrier: what happens to each, and its signed callbacks."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from tests.support.twilio_carrier.behaviour import Behaviour, Delivery, Person

ACCOUNT = "AC" + "0123456789abcdef" * 2
Form = dict[str, str]
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


class Log:
    """JSON lines, each on disk before anything is answered; without `fsync` for measuring."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        self._fsync = fsync
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, kind: str, **fields: Any) -> None:
        line = {"kind": kind, "at": time.time(), "monotonic": time.monotonic()} | fields
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        if self._fsync:
            os.fsync(self._descriptor)


@dataclass(slots=True, kw_only=True)
class Call:
    sid: str
    account: str
    form: Form
    person: Person
    status: str = "queued"
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> int:
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(1, round((self.ended_at - self.answered_at).total_seconds()))

    @property
    def detects(self) -> bool:
        return self.form.get("MachineDetection") in {"Enable", "DetectMessageEnd"}

    def end(self, status: str) -> None:
        if self.status not in OVER:
            self.status, self.ended_at = status, datetime.now(UTC)
            self.ended.set()

    def note_request(self, url: str, form: Form) -> None:
        """Keep a request about the call; the names of its parameters are in snake case."""
        parameters = {_CAPITALS.sub("_", name).lower(): text for name, text in form.items()}
        request = {"method": "POST", "url": url, "parameters": parameters}
        self.requests.append({"request": request, "response": {"response_code": 200}})

    def resource(self) -> dict[str, Any]:
        is_charged = self.status == "completed"
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "direction": "outbound-api",
            "to": self.form["To"],
            "from": self.form["From"],
            "status": self.status,
            "queue_time": str(self.person.queue_ms),
            "answered_by": self.person.answered_by
            if self.detects and self.answered_at is not None
            else None,
            "duration": str(self.seconds) if is_charged else None,
            "date_created": format_datetime(self.created_at),
            "start_time": _text(self.answered_at),
            "end_time": _text(self.ended_at),
            "price": "-0.01300" if is_charged else None,
            "price_unit": "USD",
        }


class Calls:
    def __init__(self, *, account: str, token: str, behaviour: Behaviour, log: Log) -> None:
        self.account = account
        self.token = token
        self.behaviour = behaviour
        self.log = log
        self.by_sid: dict[str, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.client: aiohttp.ClientSession | None = None

    def place(self, form: Form, person: Person) -> Call:
        """Write the call to the log, then begin it."""
        call = Call(sid=f"CA{uuid4().hex}", account=self.account, form=form, person=person)
        self.log.write("originate", sid=call.sid, to=form["To"], form=form)
        self.by_sid[call.sid] = call
        call.note_request("Calls.json", form)
        self._run(self._live(call))
        return call

    def send(self, form: Form, person: Person) -> dict[str, Any]:
        """Write the message to the log, then tell of its delivery; the resource."""
        sid = f"SM{uuid4().hex}"
        self.log.write("message", sid=sid, to=form["To"], form=form)
        self._run(self._deliver(sid, form, person))
        return {
            "sid": sid,
            "account_sid": self.account,
            "to": form["To"],
            "from": form["From"],
            "body": form["Body"],
            "status": "queued",
            "error_code": None,
            "price": None,
            "price_unit": "USD",
        }

    async def _deliver(self, sid: str, form: Form, person: Person) -> None:
        for status in ("sent", person.message_status):
            told = {
                "MessageSid": sid,
                "MessageStatus": status,
                "SmsSid": sid,
                "SmsStatus": status,
                "AccountSid": self.account,
                "From": form["From"],
                "To": form["To"],
                "ApiVersion": "2010-04-01",
            }
            if person.message_error is not None and status != "sent":
                told["ErrorCode"] = str(person.message_error)
            await self.post(form["StatusCallback"], told)

    def _run(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, call: Call) -> None:
        await self._wait(call, self.behaviour.ring_seconds)
        call.status = call.status if call.ended.is_set() else "ringing"
        if call.person.status != "completed":
            call.end(call.person.status)
        if not call.ended.is_set():
            call.status, call.answered_at = "in-progress", datetime.now(UTC)
            await self._wait(call, self.behaviour.talk_seconds)
            await self._detect(call)
            await self._wait(call, self.behaviour.talk_seconds)
            call.end("completed")
        self.log.write("ended", resource=call.resource(), sip_code=call.person.sip_code)
        await self._tell_the_end(call)

    async def _wait(self, call: Call, seconds: float) -> None:
        try:
            await asyncio.wait_for(call.ended.wait(), seconds)
        except TimeoutError:
            return

    async def _detect(self, call: Call) -> None:
        address = call.form.get("AsyncAmdStatusCallback")
        if not call.detects or address is None or call.person.delivery is Delivery.REVERSED:
            return
        await self.post(address, self._detection(call))

    def _detection(self, call: Call) -> Form:
        return {
            "CallSid": call.sid,
            "AccountSid": call.account,
            "AnsweredBy": call.person.answered_by,
            "MachineDetectionDuration": "2400",
        }

    async def _tell_the_end(self, call: Call) -> None:
        address = call.form.get("StatusCallback")
        if address is None or call.person.delivery is Delivery.LOST:
            return
        if call.person.delivery is Delivery.LATE:
            await asyncio.sleep(self.behaviour.late_seconds)
        times = 2 if call.person.delivery is Delivery.DOUBLED else 1
        for _ in range(times):
            await self.post(address, self._status(call))
        if call.person.delivery is Delivery.REVERSED and call.detects:
            await self.post(call.form["AsyncAmdStatusCallback"], self._detection(call))

    def _status(self, call: Call) -> Form:
        form = {
            "CallSid": call.sid,
            "AccountSid": call.account,
            "From": call.form["From"],
            "To": call.form["To"],
            "CallStatus": call.status,
            "ApiVersion": "2010-04-01",
            "Direction": "outbound-api",
            "CallDuration": str(call.seconds),
            "Timestamp": _text(call.ended_at) or "",
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
        }
        if call.person.sip_code is not None:
            form["SipResponseCode"] = str(call.person.sip_code)
        return form

    async def post(self, address: str, form: Form) -> str | None:
        """Post a signed form, once; the body of the answer, or None if there was none."""
        sid = form.get("CallSid") or form["MessageSid"]
        if sid in self.by_sid:
            self.by_sid[sid].note_request(address, form)
        headers = {"X-Twilio-Signature": signed(self.token, address, form)}
        assert self.client is not None
        try:
            async with self.client.post(address, data=form, headers=headers) as response:
                body = await response.text()
                self.log.write("callback", sid=sid, status=response.status, address=address)
                return body if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.log.write("callback_lost", sid=sid, error=type(error).__name__)
            return None


def signed(token: str, address: str, form: Form) -> str:
    """As the documentation describes it, written apart from the code that is tested."""
    text = address + "".join(_pairs(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _pairs(form: Form) -> Iterator[str]:
    for name, value in sorted(form.items()):
        yield name + value


def _text(at: datetime | None) -> str | None:
    return None if at is None else format_datetime(at)
