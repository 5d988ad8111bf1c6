"""Clients that burden the api until they are stopped: `python -m bench.abuses URL KEY ABUSE`."""

import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import dataclass

import aiohttp

MEMBERS = 600_000
CONTACTS, ATTRIBUTES = 1_000, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Abuse:
    """`at_once` clients send this request again and again."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/v1/campaigns"
    has_key: bool = True
    at_once: int = 4


def _contacts() -> bytes:
    attributes = {f"a{n}": f"value {n}" for n in range(ATTRIBUTES)}
    # Numbers that are none: each contact is read, and none is stored.
    return json.dumps([{"number": "x", "attributes": attributes}] * CONTACTS).encode()


ABUSES = {
    "strangers with 600,000 members": Abuse(
        body=json.dumps({f"m{n}": n for n in range(MEMBERS)}).encode()[: 7 << 20], has_key=False
    ),
    "600,000 members": Abuse(body=json.dumps([0] * MEMBERS).encode()),
    "lists in lists": Abuse(body=b"[" * MEMBERS + b"]" * MEMBERS),
    "contacts with 50 attributes": Abuse(
        body=_contacts(), path="/v1/campaigns/{campaign}/contacts", at_once=2
    ),
    "a flood of reads": Abuse(method="GET", at_once=64),
}


async def burden(url: str, key: str, abuse: Abuse) -> None:
    own = {"Authorization": f"Bearer {key}"} if abuse.has_key else {}
    headers = own | {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(url, headers=headers) as client:
        path = abuse.path
        if "{campaign}" in path:
            async with client.get("/v1/campaigns") as answer:
                path = path.format(campaign=(await answer.json())["campaigns"][0]["id"])

        async def one() -> None:
            while True:
                # A connection that is closed before the body is sent is what shall happen.
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.request(abuse.method, path, data=abuse.body) as answer:
                        await answer.read()

        await asyncio.gather(*(one() for _ in range(abuse.at_once)))


async def main(url: str, key: str, abuse: str) -> None:
    task = asyncio.create_task(burden(url, key, ABUSES[abuse]))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
