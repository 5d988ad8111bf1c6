"""Calls through the provider `twilio`, from the due attempt to the folded end."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx2
import pytest
from starlette.applications import Starlette

from services.dialer.provider_events import provider_events_routes
from services.dialer.providers.trunks import Trunks
from services.dialer.providers.twilio.search import LISTED_AFTER
from shared.db import trunks
from shared.db.api import call_flows
from shared.definitions.call_flow import CallFlowDefinition
from shared.kafka.messages.attempts import AttemptDue
from tests.support.dialing import EVENTS, Bench
from tests.support.twilio_carrier.calls import signed
from tests.support.twilio_carrier.process import TOKEN, RunningTwilio, running_twilio
from tests.support.waiting import until

FLOW = {
    "start": "hello",
    "variables": {"name": {}},
    "steps": {
        "hello": {"type": "speak", "text": "Hello {{name}}.", "next": "menu"},
        "menu": {
            "type": "gather",
            "text": "9 to stop",
            "choices": {"9": "stop"},
            "otherwise": "bye",
            "on_timeout": "bye",
        },
        "stop": {"type": "opt_out", "next": "sorry"},
        "sorry": {"type": "speak", "text": "Sorry, {{name}}.", "next": "bye"},
        "bye": {"type": "hang_up"},
    },
}


async def playing(bench: Bench, flow: dict[str, Any]) -> list[AttemptDue]:
    """A claimed attempt of a campaign that plays a flow of its tenant."""
    messages = await bench.claimed(call_flow={"name": "stop"})
    async with bench.pool.acquire() as conn:
        key = await conn.fetchval(
            "INSERT INTO api_keys (tenant_id, prefix, sha256) "
            "VALUES ($1, 'od_' || $1::integer::text || '_', sha256('a')) RETURNING id",
            bench.tenant,
        )
        stored = await call_flows.insert(
            conn,
            tenant_id=bench.tenant,
            name="stop",
            flow=CallFlowDefinition.model_validate(flow),
            api_key_id=key,
        )
        assert stored is not None
        await conn.execute(
            "UPDATE campaigns SET call_flow_id = $1, call_flow_version = 1", stored.id
        )
        await conn.execute("UPDATE contacts SET attributes = $1", json.dumps({"name": "Ada"}))
    return messages


@asynccontextmanager
async def a_call(
    bench: Bench,
    tmp_path: Path,
    person: dict[str, Any],
    *,
    state: str = "placed",
    flow: dict[str, Any] | None = None,
    **behaviour: Any,
) -> AsyncIterator[tuple[Trunks, RunningTwilio, dict[str, Any]]]:
    """An attempt that is dialed at the carrier; the carrier's own callbacks reach nobody."""
    messages = await bench.claimed() if flow is None else await playing(bench, flow)
    number = await bench.pool.fetchval("SELECT number FROM contacts")
    async with running_twilio(
        tmp_path / "log", {"people": {number: person}} | behaviour
    ) as carrier:
        await trunks.upsert(
            bench.pool, name="default", provider="twilio", settings=carrier.settings, secret=TOKEN
        )
        connected = Trunks(bench.pool, bench.reporter.on_report)
        try:
            await replace(bench.dialer, trunks=connected).on_attempts_due(messages)
            await bench.originator.drain()
            await bench.becomes(state)
            [line] = carrier.lines("originate") or carrier.lines("not_placed")
            assert parse_qs(urlsplit(line["form"]["StatusCallback"]).query)["ref"] == [
                str(bench.reference(messages[0]))
            ]
            yield connected, carrier, line
        finally:
            await connected.close()


async def post(connected: Trunks, line: dict[str, Any], token: str, **form: str) -> int:
    """Post a callback of the call as the carrier does; the status of the answer."""
    return (await ask(connected, line, line["form"]["StatusCallback"], token, **form)).status_code


async def ask(
    connected: Trunks, line: dict[str, Any], address: str, token: str, **form: str
) -> httpx2.Response:
    form = {"CallSid": line["sid"]} | form
    headers = {"x-twilio-signature": signed(token, address, form)}
    app = Starlette(routes=provider_events_routes(EVENTS, connected))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        return await client.post(address, data=form, headers=headers)


async def reconcile(bench: Bench, connected: Trunks, *, dialed_ago: int = 0) -> None:
    """Ask the carrier as it is asked when an attempt was dialed so many seconds ago."""
    await bench.pool.execute(
        "UPDATE attempts SET revisit_at = now(), dialing_at = dialing_at - $1::interval",
        timedelta(seconds=dialed_ago),
    )
    await replace(bench.reconciler, trunks=connected).run_once(datetime.now(UTC))


SIGNED = TOKEN.get_secret_value()


async def test_a_signed_callback_ends_the_attempt_and_a_repeat_changes_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    async with a_call(bench, tmp_path, {"status": "busy"}) as (connected, _, line):
        fields = {"CallStatus": "busy", "SipResponseCode": "486"}

        assert await post(connected, line, SIGNED, **fields) == 204
        assert await post(connected, line, SIGNED, **fields) == 204
        await bench.becomes("ended")

    assert await bench.contact() == ("finished", 1, "busy")
    assert await bench.column("provider_call_id") == line["sid"]
    assert await bench.leases() == 0


async def test_a_forged_callback_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    async with a_call(bench, tmp_path, {"status": "busy"}) as (connected, _, line):
        assert await post(connected, line, "another token", CallStatus="busy") == 403
        assert await post(connected, line, SIGNED, CallStatus="levitating") == 204

        assert await bench.states() == ["placed"]


async def test_without_a_callback_the_carrier_is_asked_by_its_own_id(
    bench: Bench, tmp_path: Path
) -> None:
    async with a_call(bench, tmp_path, {"status": "no-answer"}) as (connected, carrier, _):
        await until(lambda: carrier.lines("ended") != [])
        await reconcile(bench, connected)
        await bench.becomes("ended")

    assert await bench.contact() == ("finished", 1, "no_answer")


@pytest.mark.parametrize("fault", ["lost_reply", "failed_placed"])
async def test_a_call_without_an_answer_is_settled_by_its_callback_and_never_placed_again(
    bench: Bench, tmp_path: Path, fault: str
) -> None:
    calling = a_call(bench, tmp_path, {"fault": fault}, state="dialing", requests_after_seconds=900)
    async with calling as (connected, carrier, line):
        await reconcile(bench, connected)
        assert await bench.states() == ["dialing"]

        assert await post(connected, line, SIGNED, CallStatus="completed", CallDuration="9") == 204
        await bench.becomes("ended")

        assert len(carrier.lines("originate")) == 1
    assert await bench.contact() == ("finished", 1, "answered_human")


async def test_a_call_without_an_answer_or_a_callback_is_found_by_its_requests(
    bench: Bench, tmp_path: Path
) -> None:
    person = {"fault": "lost_reply", "delivery": "lost", "status": "busy"}
    async with a_call(bench, tmp_path, person, state="dialing") as (connected, carrier, _):
        await until(lambda: carrier.lines("ended") != [])

        await reconcile(bench, connected, dialed_ago=5)
        await bench.becomes("ended")

        assert len(carrier.lines("originate")) == 1
    assert await bench.contact() == ("finished", 1, "busy")


async def test_a_call_that_the_carrier_does_not_list_ends_as_unknown_soon(
    bench: Bench, tmp_path: Path
) -> None:
    person = {"fault": "failed_not_placed"}
    async with a_call(bench, tmp_path, person, state="dialing") as (connected, carrier, _):
        await reconcile(bench, connected, dialed_ago=LISTED_AFTER.seconds - 10)
        assert await bench.states() == ["dialing"]
        await reconcile(bench, connected, dialed_ago=11)
        await bench.becomes("unknown")

        assert carrier.lines("originate") == []
    assert await bench.column("reason") == "no_record"
    assert await bench.leases() == 0


async def test_a_flow_is_asked_for_page_by_page_and_an_opt_out_holds_at_once(
    bench: Bench, tmp_path: Path
) -> None:
    async with a_call(bench, tmp_path, {}, flow=FLOW) as (connected, _, line):
        said, gather = ET.fromstring(line["form"]["Twiml"])
        assert said.text == "Hello Ada."
        action = gather.attrib["action"]

        forged = await ask(connected, line, action, "another token", Digits="9")
        page = await ask(connected, line, action, SIGNED, Digits="9")
        await bench.becomes("ended")

    assert forged.status_code == 403
    assert page.headers["content-type"] == "text/xml"
    assert [verb.text for verb in ET.fromstring(page.text)] == ["Sorry, Ada.", None]
    assert await bench.contact() == ("finished", 1, "opt_out")
    assert await bench.pool.fetchval("SELECT count(*) FROM suppressions") == 1
