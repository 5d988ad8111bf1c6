"""Callbacks of Twilio per second: posted, verified by their signatures, published and folded."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlencode, urlsplit

import aiohttp
import asyncpg
from pydantic import SecretStr
from typing_extensions import override

from bench.end_to_end import (
    EVENTS_SECRET,
    LONGEST,
    Route,
    begin,
    environment_of,
    median,
    prepare,
    until_folded,
    used,
)
from bench.processes import python_module, until_ready
from outdial.stack.ports import free_port
from outdial.stack.servers import LocalServers
from services.dialer.provider_events import EventsAddress
from services.dialer.providers.twilio.addresses import About, Address
from shared.db.migrate import migrate
from shared.db.types import Connection
from shared.domain.attempts import CallReference
from shared.kafka.topics import create_topics
from tests.support.twilio_carrier.calls import ACCOUNT, signed

CALLBACKS = int(os.environ.get("BENCH_CALLBACKS", "20000"))
WARM_UP = 2_000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PROCESSES = ("dialer", "dialer", "events", "events")
CONNECTIONS = 512
TOKEN = SecretStr("token-of-the-account")
PUBLIC = "https://calls.example.org"
SETTINGS = {"account_sid": ACCOUNT, "from_numbers": ["+14155550100"]}
PLACE = """
    WITH placed AS (
        INSERT INTO attempts (
            tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at,
            number, state, tzdata_version, phone, dialing_at, placed_at, provider_call_id
        )
        SELECT tenant_id, uuidv7(), campaign_id, id, now(), now() + interval '1 hour',
            now() + interval '1 hour', 1, 'placed', '', number, now(), now(),
            'CA' || md5(number)
        FROM contacts WHERE campaign_id = $1
        RETURNING tenant_id, id, contact_id, phone
    ), active AS (
        UPDATE contacts SET state = 'active' WHERE campaign_id = $1
    )
    SELECT tenant_id, id, phone FROM placed
"""


async def measure(servers: LocalServers) -> dict[str, float]:
    """Each callback ends a call that is up; the figures are medians."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    rates, costs = [], []
    for _ in range(ROUNDS):
        rate, cost = await callback_rate(servers)
        rates.append(rate)
        costs.append(cost)
    return {
        "callbacks/s, verified and folded, median": median(rates),
        "callbacks/s, lowest round": min(rates),
        **{
            f"CPU of {name}, microseconds per callback": median([cost[name] for cost in costs])
            for name in costs[0]
        },
    }


async def callback_rate(servers: LocalServers) -> tuple[float, dict[str, float]]:
    conn = await asyncpg.connect(servers.postgres.url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(conn.close)
        warm_up = await placed(conn, WARM_UP)
        campaign = await placed(conn, CALLBACKS)
        pids: dict[str, list[int]] = {"dialer": [], "events": []}
        ports: dict[str, list[int]] = {"dialer": [], "events": []}
        for name in PROCESSES:
            ports[name].append(free_port())
            environment = environment_of(servers) | {"OUTDIAL_PORT": str(ports[name][-1])}
            process = await stack.enter_async_context(
                python_module(
                    f"services.{name}", environment=environment | {"OUTDIAL_EVENTS_URL": PUBLIC}
                )
            )
            pids[name].append(process.pid)
        for port in (*ports["dialer"], *ports["events"]):
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
                await until_ready(client)
        await post(ports["dialer"], warm_up[1])
        await until_folded(conn, warm_up[0], WARM_UP)
        pids["this process, which posts"] = [os.getpid()]
        before = used(servers, pids)
        began = time.monotonic()
        await post(ports["dialer"], campaign[1])
        await until_folded(conn, campaign[0], CALLBACKS)
        elapsed = time.monotonic() - began
        costs = {
            name: (seconds - before[name]) / CALLBACKS * 1e6
            for name, seconds in used(servers, pids).items()
        }
    return CALLBACKS / elapsed, costs


async def placed(conn: Connection, calls: int) -> tuple[int, list[bytes]]:
    """A running campaign whose calls are all up, and a request for the end of each."""
    route = Route(provider="twilio", settings=SETTINGS, secret=TOKEN)
    campaign_id = await prepare(conn, calls, route=route)
    await begin(conn, campaign_id)
    trunk_id = await conn.fetchval("SELECT trunk_id FROM campaigns WHERE id = $1", campaign_id)
    events_url = EventsAddress(PUBLIC, SecretStr(EVENTS_SECRET)).of_trunk(trunk_id)
    rows = await conn.fetch(PLACE, campaign_id)
    return campaign_id, [
        request(events_url, CallReference(row["tenant_id"], row["id"]), row["phone"])
        for row in rows
    ]


def request(events_url: str, reference: CallReference, number: str) -> bytes:
    """The bytes of a signed status callback, with the fields that Twilio sends."""
    address = Address(events_url=events_url, reference=reference, about=About.STATUS).url
    form = {
        "CallSid": f"CA{reference.attempt_id.hex}",
        "AccountSid": ACCOUNT,
        "From": "+14155550100",
        "To": number,
        "Caller": "+14155550100",
        "Called": number,
        "CallStatus": "completed",
        "ApiVersion": "2010-04-01",
        "Direction": "outbound-api",
        "Duration": "1",
        "CallDuration": "21",
        "SipResponseCode": "200",
        "Timestamp": "Mon, 02 Mar 2026 10:00:00 +0000",
        "CallbackSource": "call-progress-events",
        "SequenceNumber": "0",
        **{
            f"{side}{what}": text
            for side in ("From", "To", "Caller", "Called")
            for what, text in {"City": "SAN FRANCISCO", "State": "CA", "Country": "US"}.items()
        },
    }
    body = urlencode(form).encode()
    path = urlsplit(address)
    head = (
        f"POST {path.path}?{path.query} HTTP/1.1\r\nHost: {path.netloc}\r\n"
        f"X-Twilio-Signature: {signed(TOKEN.get_secret_value(), address, form)}\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _nothing(_data: bytes) -> None:
    return None


class Poster(asyncio.Protocol):
    """A connection of the carrier: posts one request after another."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._write: Callable[[bytes], None] = _nothing
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._write = transport.write
        self._post()

    @override
    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 204"):
            self._fail(f"refused: {data[:60]!r}")
        else:
            self._post()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("connection lost")

    def _post(self) -> None:
        following = next(self._requests, None)
        if following is not None:
            self._write(following)
        elif not self.done.done():
            self.done.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(reason))


async def post(ports: Sequence[int], requests: Sequence[bytes]) -> None:
    """Post each request once, over so many connections; any dialer takes any callback."""
    loop, left = asyncio.get_running_loop(), iter(requests)
    posters = []
    for number in range(CONNECTIONS):
        port = ports[number % len(ports)]
        transport, poster = await loop.create_connection(lambda: Poster(left), "127.0.0.1", port)
        posters.append((transport, poster))
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*(poster.done for _, poster in posters))
    for transport, _ in posters:
        transport.close()
