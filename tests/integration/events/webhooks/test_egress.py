"""No webhook address, however it is spelt or resolved, leads to a private machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from services.events.webhooks.egress import AddressRefusedError, guarded_socket, webhook_session
from services.events.webhooks.sender import WebhookSender
from shared.db.types import Pool
from tests.support.webhook_rows import an_endpoint, end_attempts

# {port} is where the canary listens on every address of this machine.
HOSTS = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "0x7F.1",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "2852039166",
    "example.com@127.0.0.1",
    "user:word@[::1]",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
]
URLS = [
    *(f"http://{host}:{{port}}/" for host in HOSTS),
    "https://127.0.0.1:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://127.0.0.1:{port}\\@example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "http+unix://%2Ftmp%2Fa/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http://",
    "http://127.0.0.1:99999/",
    "",
]


class Canary:
    """Listens on all addresses; no webhook may reach it."""

    def __init__(self) -> None:
        self.connects = 0
        self.port = 0

    def on_connect(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def canary() -> AsyncIterator[Canary]:
    made = Canary()
    # Both families on one port: a v6 socket takes v4 as well.
    listening = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    made.port = listening.getsockname()[1]
    server = await asyncio.start_server(made.on_connect, sock=listening)
    async with server:
        yield made


async def touch(host: str, port: int) -> None:
    """Check that a direct connection reaches the canary, so that the tests prove something."""
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()


async def test_no_spelling_of_a_private_address_is_reached(pool: Pool, canary: Canary) -> None:
    for url in URLS:
        endpoint = await an_endpoint(pool, url.format(port=canary.port))
        await end_attempts(pool, endpoint)

    async with webhook_session(allow_private=False) as session:
        sender = WebhookSender(pool, session)
        while await sender.run_once(datetime.now(UTC)):
            pass

    rows = await pool.fetch(
        "SELECT url, state, tries, last_status, last_error"
        " FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
    )
    assert canary.connects == 0
    assert len(rows) == len(URLS) >= 60
    assert {(row["state"], row["tries"], row["last_status"]) for row in rows} == {
        ("pending", 1, None)
    }
    # Refused by the guard, not just unreachable from this machine.
    elsewhere = [
        row["url"]
        for row in rows
        if row["last_error"] not in ("address not allowed", "not a web address")
    ]
    # Only some systems know this name with its dot.
    assert set(elsewhere) <= {f"http://localhost.:{canary.port}/"}
    await touch("127.0.0.1", canary.port)
    assert canary.connects == 1


class Scripted(AbstractResolver):
    """An attacker's name server: gives each answer once; None is a failure."""

    def __init__(self, *answers: list[str] | None) -> None:
        self.answers = list(answers)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers.pop(0)
        if addresses is None:
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    @override
    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    "answers",
    [
        [["127.0.0.1"]],
        [["::1", "127.0.0.1"]],
        [["10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]],
        [None, ["127.0.0.1"]],
        [["169.254.169.254"], ["127.0.0.1"], ["::1"]],
    ],
    ids=["private", "both families", "disguised", "first fails", "changes"],
)
async def test_no_answer_of_a_name_server_leads_inside(
    canary: Canary, answers: list[list[str] | None]
) -> None:
    connector = aiohttp.TCPConnector(
        resolver=Scripted(*answers), use_dns_cache=False, socket_factory=guarded_socket
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        for answer in answers:
            with pytest.raises(aiohttp.ClientConnectorError) as caught:
                await session.post(f"http://rebinding.example:{canary.port}/")
            assert answer is None or isinstance(caught.value.os_error, AddressRefusedError)

    assert canary.connects == 0


async def test_the_environments_proxy_is_not_used(
    pool: Pool, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    endpoint = await an_endpoint(pool, "http://10.0.0.1/")
    await end_attempts(pool, endpoint)

    async with webhook_session(allow_private=False) as session:
        sender = WebhookSender(pool, session)
        while await sender.run_once(datetime.now(UTC)):
            pass

    assert canary.connects == 0
    assert await pool.fetchval("SELECT last_error FROM webhook_deliveries") == "address not allowed"
