"""Imports of contacts by the REST API: counted, grouped, suppressed, and all or nothing."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from services.api.http import upload
from services.api.http.upload import Uploads
from shared.db import locks
from shared.db.api import imports
from shared.db.types import Connection, Pool
from shared.kafka.messages.envelope import Message
from tests.support.api import Api, serving

THREE = (
    b"number,zone,external_id,language\n"
    b"+12025550123,,A1,en\n"
    b"+4930123456,,,\n"
    b"+33199001282,Asia/Tokyo,A3,fr\n"
)


async def contacts_of(pool: Pool) -> list[asyncpg.Record]:
    return await pool.fetch(
        """
        SELECT c.number, c.external_id, c.attributes, c.state, c.outcome, g.zones, g.source
        FROM contacts c JOIN calling_groups g ON g.id = c.calling_group_id ORDER BY c.id
        """
    )


async def counters_of(pool: Pool) -> dict[str, int]:
    return {
        row["name"]: row["value"]
        for row in await pool.fetch("SELECT name, value FROM campaign_counters")
    }


async def test_rows_become_contacts_with_their_zones_and_attributes(api: Api) -> None:
    campaign_id = await api.campaign()

    report = await api.import_csv(campaign_id, THREE)

    assert report == {
        "dry_run": False,
        "imported": 3,
        "updated": 0,
        "duplicates": 0,
        "suppressed": 0,
        "rejected": 0,
        "errors": [],
        "errors_truncated": False,
        "warnings": [],
        "warnings_truncated": False,
        "duplicate_rows": [],
        "duplicate_rows_truncated": False,
        "columns": [
            {"name": "number", "taken_for": "number"},
            {"name": "zone", "taken_for": "zone"},
            {"name": "external_id", "taken_for": "external_id"},
            {"name": "language", "taken_for": "attribute"},
        ],
    }
    us, german, french = await contacts_of(api.pool)
    assert (us["number"], us["external_id"]) == ("+12025550123", "A1")
    assert json.loads(us["attributes"]) == {"language": "en"}
    assert (us["zones"], us["source"]) == (["America/New_York"], "number")
    assert (german["external_id"], german["attributes"]) == (None, None)
    assert (french["zones"], french["source"]) == (["Asia/Tokyo"], "contact")
    assert await api.pool.fetchval("SELECT count(*) FROM campaign_groups") == 3
    assert await counters_of(api.pool) == {"contacts": 3}


async def test_every_odd_character_survives(api: Api) -> None:
    campaign_id = await api.campaign()
    odd = 'tab\t back\\slash "quoted" line\nline \u2028 é \\N \\t {"a": 1}'
    quoted = '"' + odd.replace('"', '""') + '"'
    file = f'number,external_id,"odd\\name"\n+12025550123,{quoted},{quoted}\n'

    await api.import_csv(campaign_id, file.encode())

    (contact,) = await contacts_of(api.pool)
    assert contact["external_id"] == odd
    assert json.loads(contact["attributes"]) == {"odd\\name": odd}


async def test_each_row_is_in_one_count(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.post("/v1/suppressions", {"number": "+12025550125", "reason": "opt_out"}, status=201)
    await api.import_csv(campaign_id, b"number\n+12025550124\n")
    file = b"number\n+12025550123\n(202) 555-0123\n+1 202 555 0123\n+12025550124\n+12025550125\n\n"

    report = await api.import_csv(campaign_id, file)

    assert (report["imported"], report["duplicates"], report["suppressed"]) == (1, 2, 1)
    assert report["rejected"] == 1
    (error,) = report["errors"]
    assert (error["line"], error["field"], error["reason"]) == (3, "number", "no_country")
    assert "+" in error["remedy"]
    assert report["duplicate_rows"] == [
        {"line": 4, "first_line": 2},
        {"line": 5, "first_line": None},
    ]
    assert await counters_of(api.pool) == {"contacts": 3, "finished.excluded": 1}
    states = {row["number"]: (row["state"], row["outcome"]) for row in await contacts_of(api.pool)}
    assert states["+12025550125"] == ("finished", "excluded")
    counted = await api.get(f"/v1/campaigns/{campaign_id}/counters")
    assert counted["contacts"] == {"total": 3, "pending": 2, "active": 0, "finished": 1}


async def test_the_campaigns_region_and_zone_fill_what_is_missing(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US", default_zone="Europe/Paris")

    await api.import_csv(campaign_id, b"number\n(202) 555-0123\n+80012345678\n")

    us, satellite = await contacts_of(api.pool)
    assert us["number"] == "+12025550123"
    assert (satellite["zones"], satellite["source"]) == (["Europe/Paris"], "campaign")


async def test_the_first_of_equal_rows_is_the_contact(api: Api) -> None:
    campaign_id = await api.campaign()
    rows = "".join(f"+12025550123,{n}\n" for n in range(50))

    report = await api.import_csv(campaign_id, f"number,external_id\n{rows}".encode())

    assert (report["imported"], report["duplicates"]) == (1, 49)
    assert [row["external_id"] for row in await contacts_of(api.pool)] == ["0"]


async def test_bad_rows_are_reported_and_good_ones_imported(api: Api) -> None:
    campaign_id = await api.campaign()
    file = (
        b"\xef\xbb\xbfnumber;zone;name\r\n"
        b"+12025550123;Mars/Olympus;x\r\n"
        b"+12025550124;;M\xfcller\r\n"
        b"+12025550125;;a\x00b\r\n"
        b"+12025550126;;" + b"x" * 10_000_000 + b"\r\n"
        b"+12025550127;;fine\r\n"
    )

    report = await api.import_csv(campaign_id, file)

    assert (report["imported"], report["rejected"]) == (3, 2)
    assert [(error["line"], error["field"], error["reason"]) for error in report["errors"]] == [
        (2, "zone", "unknown_zone"),
        (5, "name", "too_long"),
    ]
    assert [(each["line"], each["field"], each["reason"]) for each in report["warnings"]] == [
        (3, "name", "not_utf8"),
        (4, "name", "nul_byte"),
    ]
    assert [(row["number"], row["attributes"]) for row in await contacts_of(api.pool)] == [
        ("+12025550124", None),
        ("+12025550125", None),
        ("+12025550127", '{"name": "fine"}'),
    ]


async def test_a_file_with_a_bad_row_is_refused_when_asked(api: Api) -> None:
    campaign_id = await api.campaign()
    file = b"number\n+12025550123\nhello\n+12025550124\n12\n"

    problem = await api.import_csv(campaign_id, file, "?on_error=refuse", status=422)

    assert problem["code"] == "rows_refused"
    assert problem["rejected"] == 2
    assert [(error["line"], error["field"]) for error in problem["errors"]] == [
        (3, "number"),
        (5, "number"),
    ]
    assert await contacts_of(api.pool) == []
    assert await counters_of(api.pool) == {}


async def test_a_good_file_is_taken_when_bad_rows_are_refused(api: Api) -> None:
    campaign_id = await api.campaign()

    assert (await api.import_csv(campaign_id, THREE, "?on_error=refuse"))["imported"] == 3


async def test_only_the_first_thousand_errors_are_reported(api: Api) -> None:
    campaign_id = await api.campaign()

    report = await api.import_csv(campaign_id, b"number\n" + b"hello\n" * 1500)

    assert report["rejected"] == 1500
    assert len(report["errors"]) == 1000
    assert report["errors_truncated"] is True


@pytest.mark.parametrize(
    ("file", "line", "field", "reason"),
    [
        (b"", 1, "number", "missing_column"),
        (b"name\nx\n", 1, "number", "missing_column"),
        (b"number,name,name\n", 1, "name", "duplicate_column"),
        (b'number,name\n+12025550123,"x\n', 2, "name", "unclosed_quote"),
        (b"num\xe8ro\n+12025550123\n", 1, None, "unknown_encoding"),
    ],
)
async def test_an_unreadable_file_is_refused_with_its_line(
    api: Api, file: bytes, line: int, field: str | None, reason: str
) -> None:
    campaign_id = await api.campaign()

    problem = await api.import_csv(campaign_id, file, status=422)

    assert problem["code"] == "unreadable_file"
    (error,) = problem["errors"]
    assert (error["line"], error.get("field"), error["reason"]) == (line, field, reason)
    assert await contacts_of(api.pool) == []


async def test_the_delimiter_may_be_given(api: Api) -> None:
    campaign_id = await api.campaign()
    file = b"number|a,b\n+12025550123|x,y\n"

    await api.import_csv(campaign_id, file, "?delimiter=%7C")

    (contact,) = await contacts_of(api.pool)
    assert json.loads(contact["attributes"]) == {"a,b": "x,y"}


async def test_a_file_is_read_in_its_encoding(api: Api) -> None:
    file = "number;name\n+12025550123;Hélène\n".encode("cp1252")
    path = f"/v1/campaigns/{await api.campaign()}/contacts/import"

    doubted = await api.ask("POST", path, content=file)
    by_type = await api.ask(
        "POST",
        f"{path}?dry_run=true",
        content=file,
        headers={"Content-Type": 'text/csv; charset="ISO-8859-1"'},
    )
    stated = await api.ask("POST", f"{path}?encoding=windows-1252", content=gzip.compress(file))
    unknown = await api.ask("POST", f"{path}?encoding=rot13", content=file)

    assert doubted.json()["errors"][0]["reason"] == "unknown_encoding"
    assert (by_type.json()["imported"], stated.json()["imported"]) == (1, 1)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "encoding")
    (contact,) = await contacts_of(api.pool)
    assert json.loads(contact["attributes"]) == {"name": "Hélène"}


async def test_contacts_come_as_json_one_per_line(api: Api) -> None:
    path = f"/v1/campaigns/{await api.campaign()}/contacts/import"
    lines = [
        {"number": "+12025550123", "attributes": {"name": "Zoë", "age": 30}},
        {"number": "+12025550124", "nmae": "Bo"},
        {"number": "+12025550123"},
    ]
    file = "\n".join(map(json.dumps, lines))

    answer = await api.ask(
        "POST", path, content=file, headers={"Content-Type": "application/x-ndjson"}
    )

    report = answer.json()
    assert [(each["line"], each["reason"]) for each in report["errors"]] == [(2, "unknown_field")]
    assert report["duplicate_rows"] == [{"line": 3, "first_line": 1}]
    (contact,) = await contacts_of(api.pool)
    assert json.loads(contact["attributes"]) == {"name": "Zoë", "age": 30}


async def test_a_number_is_never_repeated_in_an_error(api: Api) -> None:
    campaign_id = await api.campaign()
    file = b"number,zone\n999888777666,x\n+12025550123,999888777666\n"

    for query, status in (("", 200), ("?on_error=refuse", 422)):
        assert "9998887" not in str(await api.import_csv(campaign_id, file, query, status=status))


@pytest.mark.parametrize("state", ["cancelled", "completed"])
async def test_an_ended_campaign_takes_no_contacts(api: Api, state: str) -> None:
    campaign_id = await api.campaign()
    await api.pool.execute(
        """
        UPDATE campaigns SET state = $1, started_at = now(), ended_at = now(),
            wanted_state = CASE $1 WHEN 'cancelled' THEN $1 ELSE 'running' END
        """,
        state,
    )

    problem = await asyncio.wait_for(api.import_csv(campaign_id, _never(), status=409), 10)
    listed = [{"number": "+12025550123"}]
    refused = await api.post(f"/v1/campaigns/{campaign_id}/contacts", listed, status=409)

    assert problem["code"] == refused["code"] == "campaign_ended"


async def test_a_file_on_its_way_holds_no_connection_and_no_campaign(api: Api) -> None:
    campaign_id = await api.campaign()
    coming, more = asyncio.Semaphore(0), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield THREE
        coming.release()
        await more.wait()
        yield b"+12025550199,,,\n"

    slow = [asyncio.create_task(api.import_csv(campaign_id, slowly())) for _ in range(5)]
    for _ in slow:
        await coming.acquire()
    other = await asyncio.wait_for(api.import_csv(campaign_id, b"number\n+12025550177\n"), 10)
    assert api.pool.get_idle_size() == api.pool.get_size()
    more.set()
    reports = await asyncio.gather(*slow)

    assert other["imported"] == 1
    assert sum(report["imported"] for report in reports) == 4


async def test_a_campaign_is_kept_open_while_a_file_is_imported(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await api.campaign()
    may_complete: list[bool] = []
    stage = imports.stage

    async def stage_and_look(conn: Connection, rows: bytes) -> None:
        await stage(conn, rows)
        async with api.pool.acquire() as other, other.transaction():
            may_complete.append(await locks.try_exclude_imports(other, campaign_id))

    monkeypatch.setattr(imports, "stage", stage_and_look)
    await api.import_csv(campaign_id, THREE)

    assert may_complete == [False]


async def test_two_imports_of_the_same_numbers_at_once_make_each_contact_once(api: Api) -> None:
    campaign_id = await api.campaign()
    numbers = [f"+1202555{n:04}\n".encode() for n in range(100, 200)]
    files = [b"number\n" + b"".join(part) for part in (numbers, numbers[::-1], numbers[50:])]

    reports = await asyncio.gather(*(api.import_csv(campaign_id, file) for file in files))

    assert sum(report["imported"] for report in reports) == 100
    assert sum(report["duplicates"] for report in reports) == 150
    assert await counters_of(api.pool) == {"contacts": 100}


async def test_many_campaigns_make_the_same_new_groups_at_once(api: Api) -> None:
    campaigns = [await api.campaign() for _ in range(4)]

    await asyncio.gather(*(api.import_csv(campaign_id, THREE) for campaign_id in campaigns))

    assert await api.pool.fetchval("SELECT count(*) FROM calling_groups") == 3
    assert await api.pool.fetchval("SELECT count(*) FROM campaign_groups") == 12


async def test_a_list_gives_the_result_of_each_entry(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.post("/v1/suppressions", {"number": "+12025550125", "reason": "opt_out"}, status=201)
    entries: list[dict[str, Any]] = [
        {
            "number": "+1 202 555 0123",
            "external_id": "A1",
            "attributes": {"language": "en"},
            "client_token": "row 1",
        },
        {"number": "+12025550123", "client_token": "row 2"},
        {"number": "hello"},
        {"number": "+12025550125", "zone": "Asia/Tokyo"},
        {"number": "+12025550126", "zone": "Mars/Olympus"},
    ]

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)

    results = added["results"]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert [result["result"] for result in results] == [
        "imported",
        "duplicate",
        "rejected",
        "suppressed",
        "rejected",
    ]
    assert [result["client_token"] for result in results] == ["row 1", "row 2", None, None, None]
    assert (results[2]["field"], results[2]["reason"]) == ("number", "not_a_number")
    assert (results[4]["field"], results[4]["reason"]) == ("zone", "unknown_zone")
    contact = await api.get(f"/v1/contacts/{results[0]['id']}")
    assert contact["number"] == "+12025550123"
    assert contact["attributes"] == {"language": "en"}
    assert await counters_of(api.pool) == {"contacts": 2, "finished.excluded": 1}


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        ([], ""),
        ([{"number": "+12025550123"}] * 1001, ""),
        ([{"number": 5}], "/0/number"),
        ([{"numbr": "+12025550123"}], "/0/number"),
        ([{"number": "+12025550123"}, {"number": "x" * 300}], "/1/number"),
        ([{"number": "+12025550123", "external_id": "a\x00"}], "/0/external_id"),
        ([{"number": "+12025550123", "attributes": {"a": "b\x00"}}], "/0/attributes"),
        ([{"number": "+12025550123", "attributes": {"a": {"b": ["\ud800"]}}}], "/0/attributes"),
        ([{"number": "+12025550123", "attributes": {"a": 1 << 70}}], "/0/attributes"),
        ([{"number": "+12025550123", "attributes": {"a": "x" * 70_000}}], "/0/attributes"),
    ],
    ids=[
        "none",
        "too many",
        "no text",
        "unknown",
        "long",
        "NUL",
        "NUL inside",
        "surrogate",
        "huge",
        "long text",
    ],
)
async def test_a_list_of_another_shape_is_refused(
    api: Api, entries: list[dict[str, Any]], pointer: str
) -> None:
    campaign_id = await api.campaign()
    body = json.dumps(entries).encode()

    response = await api.ask(
        "POST",
        f"/v1/campaigns/{campaign_id}/contacts",
        content=body,
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_a_client_that_falls_silent_is_given_up(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "SILENT_SECONDS", 0.2)
    campaign_id = await api.campaign()

    async def silently() -> AsyncIterator[bytes]:
        yield THREE
        await asyncio.Event().wait()

    problem = await asyncio.wait_for(api.import_csv(campaign_id, silently(), status=408), 10)

    assert problem["code"] == "request_timeout"
    assert await contacts_of(api.pool) == []


async def test_an_unknown_campaign_is_refused_before_its_file_comes(api: Api) -> None:
    await asyncio.wait_for(api.import_csv(99, _never(), status=404), 10)


async def test_an_import_without_a_free_slot_may_come_again(api: Api) -> None:
    campaign_id = await api.campaign()
    full = Uploads(at_once=0)

    async with serving(api.pool, _publish_nothing, uploads=full) as http:
        answer = await replace(api, http=http).ask(
            "POST", f"/v1/campaigns/{campaign_id}/contacts/import", content=THREE
        )

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "10"


async def _never() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def _publish_nothing(_messages: Sequence[Message]) -> None:
    return
