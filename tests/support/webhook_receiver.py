"""A receiver of webhooks: the reference library verifies each post, a script gives the answer."""

import asyncio
import base64
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ok!").decode()

Step = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Post:
    path: str
    id: str
    body: bytes
    headers: dict[str, str]
    verified: bool


@dataclass
class Receiver:
    """`script[path]` has the next answers; without one the answer is 204."""

    script: defaultdict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    posts: list[Post] = field(default_factory=list)
    bytes_written: int = 0
    hanging: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    peaks: Counter[str] = field(default_factory=Counter)
    _now: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self, path: str = "/") -> list[str]:
        return [post.id for post in self.posts if post.path == path]

    def answer(self, status: int, path: str = "/", *, times: int = 1, **kwargs: Any) -> None:
        async def step(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, **kwargs)

        self.script[path] += [step] * times

    async def hang(self, _request: web.Request) -> web.StreamResponse:
        self.hanging += 1
        await self.release.wait()
        return web.Response(status=204)

    async def endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 4096)
            self.bytes_written += 4096

    async def drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await self.release.wait()
        return response

    async def on_post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            Webhook(SECRET).verify(body, headers, json_parse=False)
        except WebhookVerificationError:
            verified = False
        else:
            verified = True
        path = request.path
        self.posts.append(Post(path, headers.get("webhook-id", ""), body, headers, verified))
        self._now[path] += 1
        self.peaks[path] = max(self.peaks[path], self._now[path])
        try:
            script = self.script[path]
            return await script.pop(0)(request) if script else web.Response(status=204)
        finally:
            self._now[path] -= 1


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{tail:.*}", receiver.on_post)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        receiver.release.set()
        await runner.cleanup()
    assert all(post.verified for post in receiver.posts)
