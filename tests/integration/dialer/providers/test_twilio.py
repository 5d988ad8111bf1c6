"""The provider `twilio` against a carrier that speaks the protocol, with all its faults."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import (
    CallRefusedError,
    CallReport,
    CallUnknownError,
    Originate,
    Posted,
    Provider,
    ProviderUnavailableError,
    Report,
)
from services.dialer.providers.trunks import connect
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.call_flows.flow import CallFlow, HangUp, LeaveMessage, Speak
from shared.domain.call_flows.machines import MachineAction
from shared.domain.calls import AnsweredBy, CallState
from shared.domain.outcomes import Outcome
from tests.support.twilio_carrier.calls import signed
from tests.support.twilio_carrier.process import TOKEN, RunningTwilio, running_twilio
from tests.support.waiting import until

NUMBER = "+14155550101"
NOWHERE = "http://127.0.0.1:9/carrier-events/word/7"
FLOW = CallFlow(
    start="hello",
    steps={
        "hello": Speak(text="Hello", next="bye"),
        "voicemail": LeaveMessage(text="Please call back", next="bye"),
        "bye": HangUp(),
    },
    on_machine="voicemail",
)


async def ignore(report: CallReport) -> None:
    return None


@asynccontextmanager
async def a_trunk(
    tmp_path: Path, *, secret: SecretStr = TOKEN, report: Report = ignore, **person: Any
) -> AsyncIterator[tuple[Provider, RunningTwilio]]:
    """A provider, and a carrier that behaves like this when NUMBER is called.

    Without a given status the call is answered, and stays up.
    """
    behaviour = {
        "people": {NUMBER: person},
        "retry_after_seconds": 7,
        "talk_seconds": 60 if person.get("status") is None else 0.05,
    }
    async with running_twilio(tmp_path / "log", behaviour) as carrier:
        trunk = Trunk(id=7, provider="twilio", settings=carrier.settings, secret=secret)
        provider = connect(trunk, report)
        try:
            yield provider, carrier
        finally:
            await provider.close()


def a_request(**fields: Any) -> Originate:
    request = Originate(
        reference=CallReference(17, uuid7()),
        to=NUMBER,
        caller_id=None,
        call_flow=None,
        events_url=NOWHERE,
    )
    return replace(request, **fields)


async def plays_none(reference: CallReference) -> CallFlow | None:
    return None


async def plays_flow(reference: CallReference) -> CallFlow | None:
    return FLOW


def posted(address: str, form: dict[str, str]) -> Posted:
    """A signed post of the carrier to the address that it was given."""
    signature = signed(TOKEN.get_secret_value(), address, form)
    return Posted(
        method="POST",
        address=address,
        headers={"x-twilio-signature": signature},
        body=urlencode(form).encode(),
    )


@pytest.mark.parametrize(
    ("fault", "placed"), [("lost_reply", 1), ("failed_placed", 1), ("failed_not_placed", 0)]
)
async def test_without_an_answer_the_call_may_be_up(
    tmp_path: Path, fault: str, placed: int
) -> None:
    async with a_trunk(tmp_path, fault=fault) as (provider, carrier):
        with pytest.raises(CallUnknownError):
            await provider.originate(a_request())

        assert len(carrier.lines("originate")) == placed


async def test_too_many_requests_are_refused_for_as_long_as_the_carrier_says(
    tmp_path: Path,
) -> None:
    async with a_trunk(tmp_path, fault="too_many") as (provider, carrier):
        with pytest.raises(CallRefusedError) as caught:
            await provider.originate(a_request())

        assert caught.value.retry_after == timedelta(seconds=7)
        assert carrier.lines("originate") == []


async def test_a_wrong_secret_is_refused_without_an_outcome(tmp_path: Path) -> None:
    async with a_trunk(tmp_path, secret=SecretStr("wrong")) as (provider, carrier):
        with pytest.raises(CallRefusedError, match="20003") as caught:
            await provider.originate(a_request())
        with pytest.raises(ProviderUnavailableError):
            await provider.lookup(CallReference(17, uuid7()), call_id="CA1")

        assert caught.value.outcome is None
        assert carrier.lines("originate") == []


async def test_a_carrier_that_is_away_is_refused() -> None:
    trunk = Trunk(
        id=7,
        provider="twilio",
        settings={
            "account_sid": "AC" + "0" * 32,
            "base_url": "http://127.0.0.1:9",
            "from_numbers": ["+14155550100"],
            "twiml_url": "https://twiml.example.org",
        },
        secret=TOKEN,
    )
    provider = connect(trunk, ignore)
    try:
        with pytest.raises(CallRefusedError, match="unreachable"):
            await provider.originate(a_request())
    finally:
        await provider.close()


async def test_a_call_is_found_by_the_carriers_id_and_by_nothing_else(tmp_path: Path) -> None:
    async with a_trunk(tmp_path, status="busy") as (provider, _):
        request = a_request()
        call_id = await provider.originate(request)

        async def over() -> bool:
            report = await provider.lookup(request.reference, call_id=call_id)
            return report is not None and report.state is CallState.ENDED

        await until(over)
        report = await provider.lookup(request.reference, call_id=call_id)
        with pytest.raises(ProviderUnavailableError):
            await provider.lookup(request.reference)
        with pytest.raises(ProviderUnavailableError):
            await provider.lookup(request.reference, call_id="CA" + "0" * 32)

    assert report is not None
    assert (report.outcome, report.reference) == (Outcome.BUSY, request.reference)


async def test_of_two_calls_to_a_number_each_is_found_by_its_own_reference(tmp_path: Path) -> None:
    async with a_trunk(tmp_path, status="busy", fault="lost_reply") as (provider, carrier):
        requests = [a_request(), a_request()]
        for request in requests:
            with pytest.raises(CallUnknownError):
                await provider.originate(request)
        await until(lambda: len(carrier.lines("ended")) == 2)
        dialed_at = datetime.now(UTC)

        reports = [
            await provider.find(request.reference, number=NUMBER, dialed_at=dialed_at)
            for request in requests
        ]
        with pytest.raises(ProviderUnavailableError):
            await provider.find(a_request().reference, number=NUMBER, dialed_at=dialed_at)

        placed = [line["sid"] for line in carrier.lines("originate")]
    assert [report.provider_call_id for report in reports if report] == placed


async def test_a_call_that_has_ended_tells_its_price(tmp_path: Path) -> None:
    async with a_trunk(tmp_path, status="completed") as (provider, _):
        request = a_request()
        call_id = await provider.originate(request)

        async def over() -> bool:
            report = await provider.lookup(request.reference, call_id=call_id)
            return report is not None and report.state is CallState.ENDED

        await until(over)
        report = await provider.lookup(request.reference, call_id=call_id)

    assert report is not None
    assert report.facts.price is not None
    assert str(report.facts.price.amount) == "0.01300"


async def test_no_more_is_asked_for_than_the_end_of_a_call(tmp_path: Path) -> None:
    async with a_trunk(tmp_path, status="busy") as (provider, carrier):
        await provider.originate(a_request())
        [line] = carrier.lines("originate")

    # Without StatusCallbackEvent the carrier tells the end only.
    assert line["form"].keys() == {
        "To",
        "From",
        "Url",
        "StatusCallback",
        "StatusCallbackMethod",
    }


async def test_a_call_that_the_carrier_queues_is_cancelled(tmp_path: Path) -> None:
    async with a_trunk(tmp_path, queue_ms=60_000) as (provider, carrier):
        await provider.originate(a_request())

        [update] = carrier.lines("update")

    assert update["form"] == {"Status": "canceled"}


async def answered(provider: Provider, request: Originate) -> str:
    """Place a call and wait until it is answered; the carrier's id of it."""
    call_id = await provider.originate(request)

    async def is_up() -> bool:
        report = await provider.lookup(request.reference, call_id=call_id)
        return report is not None and report.state is CallState.ANSWERED

    await until(is_up)
    return call_id


@pytest.mark.parametrize(
    ("action", "word", "update"),
    [
        (MachineAction.HANG_UP, "machine_start", {"Status": "completed"}),
        (MachineAction.HANG_UP, "human", None),
        (MachineAction.GO_ON, "machine_start", None),
        (
            MachineAction.LEAVE_MESSAGE,
            "machine_end_beep",
            {
                "Twiml": '<?xml version="1.0" encoding="UTF-8"?>'
                "<Response><Say>Please call back</Say><Hangup /></Response>"
            },
        ),
    ],
)
async def test_a_machine_is_dealt_with_as_soon_as_it_is_found(
    tmp_path: Path, action: MachineAction, word: str, update: dict[str, str] | None
) -> None:
    reports: list[CallReport] = []

    async def keep(report: CallReport) -> None:
        reports.append(report)

    async with a_trunk(tmp_path, report=keep) as (provider, carrier):
        call_id = await answered(provider, a_request(on_machine=action, flow=FLOW))
        [line] = carrier.lines("originate")
        form = {"CallSid": call_id, "AnsweredBy": word, "MachineDetectionDuration": "1500"}

        answer = await provider.receive(
            posted(line["form"]["AsyncAmdStatusCallback"], form), plays_flow
        )

        assert answer.status == 204
        updates = [line["form"] for line in carrier.lines("update")]
        assert updates == ([] if update is None else [update])
    assert [report.facts.detection_seconds for report in reports] == [1.5]


async def test_the_end_of_a_call_asks_once_who_has_answered(tmp_path: Path) -> None:
    reports: list[CallReport] = []

    async def keep(report: CallReport) -> None:
        reports.append(report)

    async with a_trunk(tmp_path, report=keep, answered_by="machine_end_beep") as (
        provider,
        carrier,
    ):
        request = a_request(on_machine=MachineAction.LEAVE_MESSAGE, flow=FLOW)
        call_id = await answered(provider, request)
        [line] = carrier.lines("originate")
        form = {"CallSid": call_id, "CallStatus": "completed", "CallDuration": "20"}
        post = posted(line["form"]["StatusCallback"], form)

        await provider.receive(post, plays_none)
        missing = posted(line["form"]["StatusCallback"], form | {"CallSid": "CA" + "0" * 32})
        with pytest.raises(ConnectionError):
            await provider.receive(missing, plays_none)

    [report] = reports
    assert report.outcome is Outcome.MACHINE_MESSAGE_LEFT
    assert report.facts.answered_by is AnsweredBy.MACHINE
