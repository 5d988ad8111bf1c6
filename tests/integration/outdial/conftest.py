"""The client of the command line before the api of a test."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from outdial.client import Client
from tests.support.api import Api


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    """The client of the command line, by a socket before the api of the test."""

    async def forward(request: web.Request) -> web.Response:
        headers = {"Content-Type": request.content_type}
        headers |= {name: text for name, text in request.headers.items() if name == "Prefer"}
        answer = await api.ask(
            request.method, request.path_qs, content=await request.read(), headers=headers
        )
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        return web.Response(
            body=answer.content, status=answer.status_code, content_type=kind or None
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, port, *_ = runner.addresses[0]
    async with Client(f"http://127.0.0.1:{port}", api.key) as connected:
        yield connected
    await runner.cleanup()
