"""The contract of a provider of text messages: the simulated one and Twilio pass it."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr
from typing_extensions import override
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import CallReport, Posted
from services.dialer.providers.sms import (
    SmsProvider,
    SmsRefusedError,
    SmsReport,
    SmsRequest,
    SmsUnknownError,
)
from services.dialer.providers.trunks import connect
from shared.db.trunks import NO_SECRET, Trunk
from shared.domain.sms import SmsReference, SmsState
from tests.support.carrier import running_carrier
from tests.support.twilio_carrier.process import TOKEN, running_twilio
from tests.support.waiting import until

TAKEN, UNREACHED, LOST, GONE, LATER = (f"+1415555010{n}" for n in range(5))
NOWHERE = "http://127.0.0.1:9"


async def ignore(_report: CallReport) -> None:
    return None


@dataclass(kw_only=True)
class Connected:
    """A connected provider, and a server that passes what the carrier posts to it."""

    provider: Any
    address: str = ""
    statuses: list[int] = field(default_factory=list)
    reports: list[SmsReport] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)

    async def send(self, to: str, *, text: str = "Please call us.") -> SmsReference:
        reference = SmsReference(17, uuid7())
        request = SmsRequest(
            reference=reference,
            to=to,
            sender="+14155550100",
            text=text,
            events_url=self.address,
            valid_until=datetime.now(UTC) + timedelta(minutes=5),
        )
        assert await self.provider.send_sms(request)
        return reference

    async def on_post(self, request: web.BaseRequest) -> web.StreamResponse:
        base = self.address.removesuffix("/messages")
        posted = Posted(
            method="POST",
            address=base + str(request.rel_url),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.posted.append(posted)
        received = self.provider.receive_sms(posted)
        self.statuses.append(received.answer.status)
        if received.report is not None:
            self.reports.append(received.report)
        return web.Response(status=received.answer.status)

    async def ends(self, reference: SmsReference) -> SmsReport:
        def ended() -> list[SmsReport]:
            return [
                report
                for report in self.reports
                if report.reference == reference and report.state is not SmsState.SENT
            ]

        await until(lambda: bool(ended()), seconds=20)
        return ended()[0]


class SmsContract(ABC):
    name: ClassVar[str]
    secret: ClassVar[SecretStr] = NO_SECRET

    @abstractmethod
    def away(self) -> dict[str, Any]:
        """The settings of a trunk whose carrier does not answer."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def connected(self, settings: dict[str, Any]) -> AsyncIterator[Connected]:
        trunk = Trunk(id=1, provider=self.name, settings=settings, secret=self.secret)
        provider = connect(trunk, ignore)
        made = Connected(provider=provider)
        runner = web.ServerRunner(web.Server(made.on_post))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.address = f"http://127.0.0.1:{site.port}/messages"
        yield made
        await runner.cleanup()
        await provider.close()

    async def test_it_is_a_provider_of_messages(self, connected: Connected) -> None:
        assert isinstance(connected.provider, SmsProvider)

    async def test_a_message_is_delivered_or_not(self, connected: Connected) -> None:
        delivered = await connected.ends(await connected.send(TAKEN))
        undelivered = await connected.ends(await connected.send(UNREACHED))

        assert delivered.state is SmsState.DELIVERED
        assert (undelivered.state, bool(undelivered.reason)) == (SmsState.UNDELIVERED, True)
        assert set(connected.statuses) == {204}

    async def test_a_lost_answer_may_be_of_a_message_that_was_sent(
        self, connected: Connected
    ) -> None:
        with pytest.raises(SmsUnknownError):
            await connected.send(LOST)

    async def test_a_person_who_opted_out_gets_no_message(self, connected: Connected) -> None:
        with pytest.raises(SmsRefusedError) as refused:
            await connected.send(GONE)

        assert (refused.value.is_final, refused.value.has_opted_out) == (True, True)

    async def test_a_busy_carrier_is_asked_again(self, connected: Connected) -> None:
        with pytest.raises(SmsRefusedError) as refused:
            await connected.send(LATER)

        assert (refused.value.is_final, refused.value.has_opted_out) == (False, False)

    async def test_a_text_that_is_too_long_is_refused_for_good(self, connected: Connected) -> None:
        with pytest.raises(SmsRefusedError) as refused:
            await connected.send(TAKEN, text="x" * 1_601)

        assert refused.value.is_final

    async def test_without_a_connection_nothing_was_sent(self) -> None:
        trunk = Trunk(id=1, provider=self.name, settings=self.away(), secret=self.secret)
        away = Connected(provider=connect(trunk, ignore), address=f"{NOWHERE}/messages")
        with pytest.raises(SmsRefusedError) as refused:
            await away.send(TAKEN)
        await away.provider.close()

        assert not refused.value.is_final

    async def test_a_post_that_cannot_be_read_is_refused(self, connected: Connected) -> None:
        posted = Posted(method="POST", address=connected.address, headers={}, body=b"what")

        try:
            status = connected.provider.receive_sms(posted).answer.status
        except ValueError:
            status = 400

        assert status in {400, 403}


class TestSimulated(SmsContract):
    name = "simulated"

    @override
    def away(self) -> dict[str, Any]:
        return {"url": NOWHERE}

    @pytest_asyncio.fixture(loop_scope="session")
    async def settings(self, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
        fates = {TAKEN: "delivered", UNREACHED: "undelivered", LOST: "lost"}
        fates |= {GONE: "opted_out", LATER: "refused"}
        numbers = {number: {"outcomes": ["busy"], "sms": fate} for number, fate in fates.items()}
        options = ("--time-scale", "0.01")
        log = tmp_path / "carrier.jsonl"
        async with running_carrier(log, *options, behaviour={"numbers": numbers}) as carrier:
            yield {"url": carrier.url}

    async def test_a_message_is_on_disk_before_it_is_answered_and_taken_once(
        self, connected: Connected, tmp_path: Path
    ) -> None:
        reference = await connected.send(TAKEN)

        lines = map(json.loads, (tmp_path / "carrier.jsonl").read_text().splitlines())
        [line] = [line for line in lines if line["kind"] == "message"]
        assert (line["reference"], line["text"]) == (str(reference), "Please call us.")
        assert (await connected.ends(reference)).price is not None


class TestTwilio(SmsContract):
    name = "twilio"
    secret = TOKEN

    @override
    def away(self) -> dict[str, Any]:
        return {"account_sid": "AC" + "0" * 32, "base_url": NOWHERE}

    @pytest_asyncio.fixture(loop_scope="session")
    async def settings(self, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
        people: dict[str, Any] = {
            TAKEN: {},
            UNREACHED: {"message_status": "undelivered", "message_error": 30003},
            LOST: {"fault": "lost_reply"},
            GONE: {"error_code": 21610},
            LATER: {"fault": "too_many"},
        }
        log = tmp_path / "twilio.jsonl"
        async with running_twilio(log, {"people": people}) as carrier:
            yield carrier.settings

    async def test_a_forged_callback_is_refused(self, connected: Connected) -> None:
        await connected.ends(await connected.send(TAKEN))
        [*_, posted] = connected.posted

        forged = Posted(
            method="POST",
            address=posted.address,
            headers=posted.headers,
            body=posted.body.replace(b"delivered", b"undelivered"),
        )
        received = connected.provider.receive_sms(forged)

        assert (received.answer.status, received.report) == (403, None)
