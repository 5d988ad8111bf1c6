"""The REST client of the command line: its requests, and its texts for refusals."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web

from outdial.client import ApiError, Client, Counters
from outdial.errors import OutdialError

PROBLEM = {
    "title": "The campaign is not valid",
    "status": 422,
    "detail": "1 error",
    "errors": [{"pointer": "/calendar/windows", "detail": "at least one window"}],
}


class Api:
    """Answers like the service and keeps each request."""

    def __init__(self) -> None:
        self.keys: set[str | None] = set()
        self.csv = b""

    async def create(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization"))
        definition = await request.json()
        if "calendar" not in definition:
            return web.json_response(PROBLEM, status=422, content_type="application/problem+json")
        return web.json_response({"id": 7, "name": definition["name"]}, status=201)

    async def take_contacts(self, request: web.Request) -> web.Response:
        assert request.headers["Content-Type"] == "text/csv"
        assert request.headers.get("Transfer-Encoding") == "chunked" or request.content_length
        async for chunk in request.content.iter_chunked(1 << 16):
            self.csv += chunk
        return web.json_response({"imported": 1, "duplicates": 0, "rejected": 0, "errors": []})

    async def start(self, _request: web.Request) -> web.Response:
        return web.Response(status=202)

    async def counters(self, _request: web.Request) -> web.Response:
        contacts = {"total": 1, "pending": 1, "active": 0, "finished": 0}
        answer = {"contacts": contacts, "attempts": {"total": 0, "live": 0}, "outcomes": {}}
        return web.json_response({**answer, "finished": {}, "added_later": 1})

    async def waiting(self, _request: web.Request) -> web.Response:
        closed = {"zones": ["Asia/Tokyo"], "zone_source": "number", "jurisdictions": ["JP"]}
        until = {"contacts": 1, "reason": "window", "opens_at": "2026-11-22T00:00:00Z"}
        return web.json_response({"pending": 1, "waiting": [{**closed, **until, "rule": None}]})

    async def why(self, request: web.Request) -> web.Response:
        return web.json_response({"asked": request.path})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_post("/v1/campaigns", api.create)
    app.router.add_post("/v1/campaigns/7/contacts/import", api.take_contacts)
    app.router.add_post("/v1/campaigns/7/start", api.start)
    app.router.add_get("/v1/campaigns/7/counters", api.counters)
    app.router.add_get("/v1/campaigns/7/why", api.waiting)
    app.router.add_get("/v1/contacts/{id}/why", api.why)
    app.router.add_get("/v1/attempts/{id}/why", api.why)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port, *_ = runner.addresses[0]
    async with Client(f"http://127.0.0.1:{port}", "od_1_k") as connected:
        yield connected
    await runner.cleanup()


async def test_a_campaign_is_created_filled_and_started(
    api: Api, client: Client, tmp_path: Path
) -> None:
    csv = tmp_path / "contacts.csv"
    csv.write_bytes(b"number\n" + b"+12125550101\n" * 20_000)

    created = await client.create_campaign({"name": "Spring", "calendar": {}})
    report = await client.import_contacts(7, csv)
    await client.start(7)

    assert (created["id"], report["imported"]) == (7, 1)
    assert api.csv == csv.read_bytes()
    assert api.keys == {"Bearer od_1_k"}


async def test_a_refusal_names_the_field(client: Client) -> None:
    with pytest.raises(ApiError, match=r"422.*not valid.*\n.*/calendar/windows: at least one"):
        await client.create_campaign({"name": "Spring"})


async def test_an_answer_without_a_problem_document_is_reported_too(client: Client) -> None:
    with pytest.raises(OutdialError, match="404"):
        await client.campaign(7)


async def test_a_missing_api_is_reported(tmp_path: Path) -> None:
    async with Client("http://127.0.0.1:9", "od_1_k") as nobody:
        with pytest.raises(OutdialError, match="no answer from the API"):
            await nobody.campaign(7)


async def test_counters_and_waiting_are_read(client: Client) -> None:
    counters = await client.counters(7)
    (waiting,) = await client.waiting(7)

    assert isinstance(counters, Counters)
    assert counters.contacts["pending"] == 1
    assert (waiting.zones, waiting.contacts, waiting.reason) == (("Asia/Tokyo",), 1, "window")
    assert waiting.opens_at == datetime(2026, 11, 22, tzinfo=UTC)


async def test_why_is_asked_of_contacts_and_attempts(client: Client) -> None:
    attempt_id = UUID(int=7)

    assert await client.contact_why(12) == {"asked": "/v1/contacts/12/why"}
    assert await client.attempt_why(attempt_id) == {"asked": f"/v1/attempts/{attempt_id}/why"}
