"""The REST client of the command line: its requests, and its texts for refusals."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web

from outdial import listing
from outdial.campaigns import daily, watch
from outdial.client import ApiError, Client, Counters, contacts_import, pointed
from outdial.errors import OutdialError

PROBLEM = {
    "title": "The campaign is not valid",
    "status": 422,
    "detail": "1 error",
    "errors": [{"pointer": "/calendar/windows", "detail": "at least one window"}],
}


NO_ATTEMPTS = {"total": 0, "live": 0, "ended": 0, "dropped": 0}
ROWS = """\
line,result,field,reason,first_line,remedy\r
2,warning,Id,too_long,,"too long, left out"\r
3,refused,Mobile,too_short,,write it with its area code\r
"""


class Api:
    """Answers like the service and keeps each request."""

    def __init__(self) -> None:
        self.keys: set[str | None] = set()
        self.csv = b""
        self.refuses = False
        self.hangs: asyncio.Event | None = None
        self.breaks = 0
        self.read_as = ""
        self.deleted: list[str] = []
        self.pages: list[dict[str, str]] = []

    async def create(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization"))
        definition = await request.json()
        if "calendar" not in definition:
            return web.json_response(PROBLEM, status=422, content_type="application/problem+json")
        return web.json_response({"id": 7, "name": definition["name"]}, status=201)

    async def take_contacts(self, request: web.Request) -> web.Response:
        if self.refuses:
            return web.json_response({"title": "Conflict"}, status=409)
        if request.query.get("format") == "csv":
            return web.Response(text=ROWS, content_type="text/csv")
        if self.hangs is not None:
            self.hangs.set()
            await asyncio.Event().wait()
        assert request.headers["Content-Type"] == "text/csv"
        self.read_as = request.query_string
        assert request.headers.get("Transfer-Encoding") == "chunked" or request.content_length
        async for chunk in request.content.iter_chunked(1 << 16):
            self.csv += chunk
        return web.json_response({"imported": 1, "duplicates": 0, "rejected": 0, "errors": []})

    async def over(self, request: web.Request) -> web.Response:
        """The state of a campaign that is over; first the connection breaks some times."""
        if self.breaks and request.transport is not None:
            self.breaks -= 1
            request.transport.abort()
        return web.json_response({"state": "completed"})

    async def edit(self, request: web.Request) -> web.Response:
        """A draft to which the request adds a webhook."""
        url = (await request.json())["webhook"]["url"]
        return web.json_response({"id": 7, "webhook": {"url": url, "secret": "whsec_new"}})

    async def delete(self, request: web.Request) -> web.Response:
        self.deleted.append(request.path)
        return web.Response(status=204)

    async def attempts(self, request: web.Request) -> web.Response:
        """2,500 attempts."""
        self.pages.append(dict(request.query))
        first = int(request.query.get("cursor", "0"))
        last = min(first + int(request.query["limit"]), 2_500)
        entries = [{"id": number} for number in range(first, last)]
        next_cursor = str(last) if last < 2_500 else None
        return web.json_response({"attempts": entries, "next_cursor": next_cursor})

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text="<html>It works!</html>", content_type="text/html")

    async def preflight(self, _request: web.Request) -> web.Response:
        never = {"reason": "unknown_zone", "contacts": 3, "contact_ids": [4, 9], "rules": []}
        return web.json_response({"never": [never | {"detail": "no zone is known of them"}]})

    async def start(self, _request: web.Request) -> web.Response:
        return web.Response(status=202)

    async def counters(self, _request: web.Request) -> web.Response:
        contacts = {"total": 1, "pending": 1, "active": 0, "finished": 0}
        answer = {"contacts": contacts, "attempts": NO_ATTEMPTS, "outcomes": {}}
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
    app.router.add_post("/v1/campaigns/7/preflight", api.preflight)
    app.router.add_post("/v1/campaigns/7/start", api.start)
    app.router.add_get("/v1/campaigns/8", api.page)
    app.router.add_patch("/v1/campaigns/7", api.edit)
    app.router.add_delete("/v1/campaigns/7", api.delete)
    app.router.add_get("/v1/campaigns/7/attempts", api.attempts)
    app.router.add_get("/v1/campaigns/6", api.over)
    app.router.add_get("/v1/campaigns/{id}/counters", api.counters)
    app.router.add_get("/v1/campaigns/{id}/why", api.waiting)
    app.router.add_get("/v1/contacts/{id}/why", api.why)
    app.router.add_get("/v1/attempts/{id}/why", api.why)
    # A request that hangs is not waited for.
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port, *_ = runner.addresses[0]
    async with Client(f"http://127.0.0.1:{port}", "od_1_k", whose="tenant 1") as connected:
        yield connected
    await runner.cleanup()


async def test_a_campaign_is_created_filled_and_started(
    api: Api, client: Client, tmp_path: Path
) -> None:
    csv = tmp_path / "contacts.csv"
    csv.write_bytes(b"number\n" + b"+12125550101\n" * 20_000)

    created = await client.create_campaign({"name": "Spring", "calendar": {}})
    report = await client.import_contacts(7, csv, column=["number:A", "zone:B"], dry_run=True)
    await client.start(7)

    assert (created["id"], report["imported"]) == (7, 1)
    assert api.csv == csv.read_bytes()
    assert api.read_as == "column=number:A&column=zone:B&dry_run=true"
    assert api.keys == {"Bearer od_1_k"}


async def test_a_refusal_names_the_field(client: Client) -> None:
    with pytest.raises(ApiError, match=r"422.*not valid.*\n.*/calendar/windows: at least one"):
        await client.create_campaign({"name": "Spring"})


async def test_an_answer_without_a_problem_document_is_reported_too(client: Client) -> None:
    with pytest.raises(OutdialError, match="404"):
        await client.campaign(5)


async def test_a_resource_that_is_not_there_is_told_with_the_tenant(client: Client) -> None:
    with pytest.raises(ApiError, match="asked as tenant 1; a tenant sees only what is its own"):
        await client.contact(7)


async def test_a_server_that_is_another_one_is_named(client: Client) -> None:
    with pytest.raises(OutdialError, match="is not an API of Outdial"):
        await client.campaign(8)


async def test_a_missing_api_is_reported(tmp_path: Path) -> None:
    async with Client("http://127.0.0.1:9", "od_1_k") as nobody:
        with pytest.raises(OutdialError, match=r"127\.0\.0\.1:9: Connection refused\. Does it run"):
            await nobody.campaign(7)


def test_many_faults_of_a_file_are_shortened() -> None:
    faults = [{"line": line, "field": "number", "detail": "too short"} for line in range(2, 50)]

    text = str(ApiError(422, {"title": "Refused", "errors": faults, "rejected": 2_000}))

    assert "\n  line 2, number: too short" in text
    assert text.endswith("\n  and 1990 more")
    assert len(text.splitlines()) == 12


def test_a_remedy_names_the_option_of_the_command_line() -> None:
    fault = {"line": 1, "detail": "say which: column=zone:NAME"}

    assert pointed(fault) == "line 1: say which: --column zone:NAME"


async def test_pages_are_read_up_to_the_limit(api: Api, client: Client) -> None:
    path = "/v1/campaigns/7/attempts"

    some = await client.entries(path, limit=1_200, state=None)
    every = [entry["id"] async for entry in client.every(path)]

    assert [entry["id"] for entry in some] == list(range(1_200))
    assert every == list(range(2_500))
    assert api.pages[:2] == [{"limit": "1000"}, {"limit": "200", "cursor": "1000"}]
    assert len(api.pages) == 5


async def test_a_watch_outlasts_a_restart_of_the_api(
    client: Client, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watch, "AGAIN_SECONDS", 0)
    api.breaks = 2

    last = await watch.watch(client, 6, until=lambda snapshot: snapshot.is_over)

    assert last.state == "completed"
    assert "asking again" in capsys.readouterr().err


async def test_a_run_for_programs_prints_one_object(
    client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign, contacts = tmp_path / "campaign.json", tmp_path / "contacts.csv"
    campaign.write_text('{"name": "Spring", "calendar": {}}')
    contacts.write_bytes(b"number\n+12025550101\n")

    await watch.launch(client, campaign, contacts, as_json=True)

    said = capsys.readouterr()
    started = json.loads(said.out)
    assert (started["campaign_id"], started["import"]["imported"]) == (7, 1)
    assert said.err.splitlines() == [
        "never called: 3, unknown zone: no zone is known of them",
        "  by id: 4, 9 and 1 more; see `outdial contacts show ID`",
    ]


async def test_a_draft_that_cannot_be_filled_is_deleted_again(
    api: Api, client: Client, tmp_path: Path
) -> None:
    campaign, missing = tmp_path / "campaign.json", tmp_path / "contacts.csv"
    campaign.write_text('{"name": "Spring", "calendar": {}}')
    missing.write_bytes(b"number\n")
    api.refuses = True

    with pytest.raises(ApiError, match="409"):
        await watch.launch(client, campaign, missing)

    assert api.deleted == ["/v1/campaigns/7"]


async def test_a_draft_whose_start_is_interrupted_is_deleted_again(
    api: Api, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign, contacts = tmp_path / "campaign.json", tmp_path / "contacts.csv"
    campaign.write_text('{"name": "Spring", "calendar": {}}')
    contacts.write_bytes(b"number\n+12025550101\n")
    api.hangs = asyncio.Event()

    launched = asyncio.create_task(watch.launch(client, campaign, contacts))
    await api.hangs.wait()
    launched.cancel()
    with pytest.raises(asyncio.CancelledError):
        await launched

    assert api.deleted == ["/v1/campaigns/7"]
    assert "nothing was started: campaign 7 is deleted again" in capsys.readouterr().err


async def test_the_secret_of_a_webhook_that_an_edit_adds_is_shown(
    client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = tmp_path / "parts.json"
    parts.write_text('{"webhook": {"url": "https://example.com/hook"}}')

    await daily.edit(client, 7, parts)

    assert capsys.readouterr().out.splitlines() == [
        "campaign 7 is edited",
        "webhook secret (shown this once): whsec_new",
    ]


async def test_all_rows_that_were_not_taken_are_printed_as_csv(
    client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_bytes(b"number\n")

    refused = await listing.import_file(
        client, contacts_import(7), file, as_csv=True, as_json=False, dry_run=True
    )

    assert refused
    assert capsys.readouterr().out == ROWS


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
