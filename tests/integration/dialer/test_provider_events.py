"""Any dialer serves the one events address, also for calls that another dialer placed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
import pytest_asyncio
from faststream.kafka import KafkaBroker
from prometheus_client import REGISTRY
from pydantic import SecretStr
from starlette.applications import Starlette
from uuid_utils.compat import uuid7

from services.dialer.permits.permits import Permits
from services.dialer.provider_events import EVENT_MOST, provider_events_routes
from services.dialer.providers.trunks import Trunks
from services.dialer.reporter import CallReporter
from shared.db import trunks
from shared.domain.attempts import CallReference
from tests.support.dialing import EVENTS, Bench
from tests.support.third_party import beep
from tests.support.third_party.beep import GOOD_BYE, BeepCarrier, sign
from tests.support.waiting import until

KEY = SecretStr("key-of-the-account")


@pytest.fixture(autouse=True)
def carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(beep.__file__).parent)
    monkeypatch.setattr(BeepCarrier, "accounts", {"acme": {}})


@pytest_asyncio.fixture(loop_scope="session")
async def other_dialer(bench: Bench, broker: KafkaBroker) -> AsyncIterator[httpx2.AsyncClient]:
    """The HTTP server of another dialer, which starts after the call was placed."""
    reporter = CallReporter(bench.pool, broker, Permits(bench.redis, bench.pool, 60))
    others = Trunks(bench.pool, reporter.on_report)
    app = Starlette(routes=provider_events_routes(EVENTS, others))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport) as client:
        yield client
    await others.close()


async def a_call(bench: Bench) -> tuple[CallReference, str]:
    """Place a call by the first dialer at the third party's carrier; return it and its address."""
    messages = await bench.claimed()
    await trunks.upsert(
        bench.pool, name="default", provider="beep", settings={"account": "acme"}, secret=KEY
    )
    connected = Trunks(bench.pool, bench.reporter.on_report)
    try:
        await replace(bench.dialer, trunks=connected).on_attempts_due(messages)
        await bench.becomes("placed")
    finally:
        await connected.close()
    [(reference, call)] = BeepCarrier.accounts["acme"].items()
    assert reference == bench.reference(messages[0])
    return reference, call.request.events_url


async def granted_trunk(bench: Bench, name: str, granted_to: list[int]) -> int:
    return await trunks.upsert(
        bench.pool,
        name=name,
        provider="beep",
        settings={"account": "acme"},
        secret=KEY,
        granted_to=granted_to,
    )


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("outdial_carrier_events_total", {"result": result}) or 0


def repeated() -> float:
    return REGISTRY.get_sample_value("outdial_facts_repeated_total") or 0


def word_of(address: str) -> str:
    return address.split("/")[-2]


def signed(address: str, reference: CallReference) -> tuple[bytes, dict[str, str]]:
    body = urlencode({"reference": str(reference), "outcome": "busy"}).encode()
    return body, {"x-beep-signature": sign(KEY, address=address, body=body)}


async def test_a_call_is_ended_by_a_dialer_that_did_not_place_it(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    reference, url = await a_call(bench)
    body, headers = signed(url + "?leg=a%20b", reference)

    answer = await other_dialer.post(url + "?leg=a%20b", content=body, headers=headers)

    assert (answer.status_code, answer.content) == (200, GOOD_BYE)
    assert answer.headers["content-type"] == "application/xml"
    await bench.becomes("ended")
    assert await bench.contact() == ("finished", 1, "busy")
    assert await bench.leases() == 0


async def test_an_event_with_a_wrong_signature_or_address_changes_nothing(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    reference, url = await a_call(bench)
    body, headers = signed(url, reference)

    before = counted("forged")
    forged = await other_dialer.post(url, content=body.replace(b"busy", b"fax"), headers=headers)
    moved = await other_dialer.post(f"{url}?leg=b", content=body, headers=headers)
    guess = url.replace(word_of(url), "a-guess-of-the-word")
    body_of_guess, headers_of_guess = signed(guess, reference)
    guessed = await other_dialer.post(guess, content=body_of_guess, headers=headers_of_guess)
    nowhere = await other_dialer.post(f"{url}0", content=body, headers=headers)

    assert [answer.status_code for answer in (forged, moved, guessed, nowhere)] == (
        [403, 403, 404, 404]
    )
    assert counted("forged") == before + 2
    assert await bench.states() == ["placed"]
    assert await bench.leases() == 1


async def test_an_event_of_an_attempt_that_is_unknown_or_over_is_answered_and_counted(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    reference, url = await a_call(bench)
    unknown = CallReference(reference.tenant_id, uuid7())
    before = repeated()

    for each in (reference, reference, unknown):
        body, headers = signed(url, each)
        answer = await other_dialer.post(url, content=body, headers=headers)
        assert answer.status_code == 200

    await until(lambda: repeated() == before + 2, seconds=30)
    assert await bench.states() == ["ended"]
    assert await bench.contact() == ("finished", 1, "busy")


async def test_the_word_of_one_trunk_opens_no_other(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    reference, url = await a_call(bench)
    address = url.replace(word_of(url), word_of(EVENTS.of_trunk(10**6)))
    body, headers = signed(address, reference)

    answer = await other_dialer.post(address, content=body, headers=headers)

    assert answer.status_code == 404
    assert EVENTS.secret.get_secret_value() not in url
    assert await bench.states() == ["placed"]


async def test_a_body_that_is_too_long_is_not_read(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    _, url = await a_call(bench)
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * EVENT_MOST:
            sent += EVENT_MOST // 2
            yield b"a" * (EVENT_MOST // 2)

    declared = await other_dialer.post(url, content=b"a" * (EVENT_MOST + 1))
    streamed = await other_dialer.post(url, content=chunks())

    assert (declared.status_code, streamed.status_code) == (413, 413)


async def test_an_event_that_cannot_be_kept_is_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, url = await a_call(bench)
    body, headers = signed(url, reference)

    async def fail(_report: object) -> None:
        raise ConnectionError("no broker")

    app = Starlette(routes=provider_events_routes(EVENTS, Trunks(bench.pool, fail)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        answer = await client.post(url, content=body, headers=headers)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert await bench.states() == ["placed"]


async def test_the_carrier_of_one_tenants_trunk_reports_on_no_call_of_another(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    reference, _ = await a_call(bench)
    other = EVENTS.of_trunk(await granted_trunk(bench, "other", []))
    body, headers = signed(other, reference)

    before = counted("foreign")

    answer = await other_dialer.post(other, content=body, headers=headers)

    assert answer.status_code == 204
    assert counted("foreign") == before + 1
    assert await bench.states() == ["placed"]


async def test_a_call_that_is_up_when_the_grant_ends_is_still_reported_on(
    bench: Bench, other_dialer: httpx2.AsyncClient
) -> None:
    reference, url = await a_call(bench)
    body, headers = signed(url, reference)

    await granted_trunk(bench, "default", [])
    answer = await other_dialer.post(url, content=body, headers=headers)

    assert answer.status_code == 200
    await bench.becomes("ended")


async def test_a_grant_that_has_ended_stops_the_next_call(bench: Bench) -> None:
    messages = await bench.claimed()
    await granted_trunk(bench, "default", [bench.tenant])
    connected = Trunks(bench.pool, bench.reporter.on_report)
    [trunk_id] = await bench.pool.fetch("SELECT trunk_id FROM campaigns")
    try:
        await connected.provider(trunk_id["trunk_id"])

        await granted_trunk(bench, "default", [])
        await replace(bench.dialer, trunks=connected).on_attempts_due(messages)
        await bench.becomes("dropped")
    finally:
        await connected.close()

    assert BeepCarrier.accounts == {"acme": {}}
    assert await bench.contact() == ("pending", 0, None)
    assert await bench.leases() == 0
