"""Suppression files: imported in one transaction, counted, and exported in the same form."""

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api import Api

NUMBER = "+12025550123"
REASONS = ["=1+1", "+x", "-x", "@x", "'=x", "''@x", "'x", "plain", 'a "b", c', "two\nlines", "ü"]


async def send(
    api: Api, file: bytes | AsyncIterator[bytes], query: str = "", *, status: int = 200
) -> dict[str, Any]:
    path = f"/v1/suppressions/import{query}"
    answer = await api.ask("POST", path, content=file, headers={"Content-Type": "text/csv"})
    assert answer.status_code == status, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def exported(api: Api, query: str = "") -> str:
    answer = await api.ask("GET", f"/v1/suppressions/export{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    return answer.text


async def stored(api: Api) -> list[tuple[Any, ...]]:
    rows = await api.pool.fetch(
        "SELECT number, campaign_id, reason, NULLIF(expires_at, 'infinity') FROM suppressions"
    )
    return sorted(tuple(row) for row in rows)


async def test_each_row_is_imported_updated_or_rejected(api: Api) -> None:
    await api.post("/v1/suppressions", {"number": NUMBER, "reason": "old"}, status=201)
    file = (
        "Phone;Note;Reason;expires_at\n"
        "+1 202 555 0123;x;new;\n"
        "+12025550124;x;;2031-01-31T12:00:00+02:00\n"
        "\n"
        "+12025550125;x;first;\n"
        "+12025550125;x;last;\n"
        "hello;x;;\n"
        "2025550126;x;;\n"
        f"+12025550126;x;{'y' * 201};\n"
        "+12025550127;x;;tomorrow\n"
        "+12025550128;x;;2031-01-31T12:00:00\n"
        "+12025550129;x;;2020-01-31T12:00:00Z\n"
        "+12025550130;x;;9999-12-31T23:59:59-12:00\n"
        "+12025550131;x\n"
        "+12025550132;x;a\x00b;\n"
    ).encode()

    report = await send(api, file)

    assert (report["imported"], report["updated"], report["rejected"]) == (8, 2, 3)
    assert [(error["line"], error["field"], error["reason"]) for error in report["errors"]] == [
        (7, "Phone", "not_a_number"),
        (8, "Phone", "no_country"),
        (12, "expires_at", "in_the_past"),
    ]
    assert [(each["line"], each["field"], each["reason"]) for each in report["warnings"]] == [
        (9, "Reason", "too_long"),
        (10, "expires_at", "not_an_instant"),
        (11, "expires_at", "not_an_instant"),
        (13, "expires_at", "too_far"),
        (15, "Reason", "nul_byte"),
    ]
    assert await stored(api) == [
        (NUMBER, 0, "new", None),
        ("+12025550124", 0, "imported", datetime(2031, 1, 31, 10, tzinfo=UTC)),
        ("+12025550125", 0, "last", None),
        ("+12025550126", 0, "y" * 200, None),
        *((f"+120255501{end}", 0, "imported", None) for end in (27, 28, 30, 31, 32)),
    ]


async def test_an_exported_file_imports_to_the_same_suppressions(api: Api) -> None:
    campaign_id = await api.campaign()
    for index, reason in enumerate(REASONS):
        body = {"number": f"+120255501{index:02}", "reason": reason}
        if index % 2:
            body["expires_at"] = (datetime.now(UTC) + timedelta(hours=index)).isoformat()
        await api.post("/v1/suppressions", body, status=201)
    before = await stored(api)
    file = await exported(api)

    report = await send(api, file.encode(), f"?campaign_id={campaign_id}")

    assert report["imported"] == len(REASONS)
    assert await exported(api, f"?campaign_id={campaign_id}") == file
    after = await stored(api)
    assert [row for row in after if row[1] == 0] == before
    assert [(row[0], *row[2:]) for row in after if row[1]] == [(row[0], *row[2:]) for row in before]


async def test_no_cell_but_a_number_begins_like_a_formula(api: Api) -> None:
    for index, reason in enumerate(REASONS):
        body = {"number": f"+120255501{index:02}", "reason": reason}
        await api.post("/v1/suppressions", body, status=201)

    header, *lines = csv.reader(io.StringIO(await exported(api)))

    assert header == ["number", "reason", "expires_at"]
    assert all(line[0].startswith("+1202") for line in lines)
    assert not [line[1] for line in lines if line[1][0] in "=+-@"]


async def test_an_import_settles_the_contacts_that_wait(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12025550123\n+12025550124\n+12025550125\n")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    await send(api, f"number,expires_at\n{NUMBER},\n+12025550124,{until}\n".encode())

    rows = await api.pool.fetch("SELECT state, waits_for FROM contacts ORDER BY number")
    assert [tuple(row) for row in rows] == [
        ("finished", None),
        ("pending", "suppression"),
        ("pending", None),
    ]
    counted = await api.get(f"/v1/campaigns/{campaign_id}/counters")
    assert counted["finished"] == {"excluded": 1}


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        (b"", 1, "missing_column"),
        (b"name,reason\nx,y\n", 1, "missing_column"),
        (b"number,phone\n+12025550123,+12025550124\n", 1, "duplicate_column"),
        (b'number,reason\n+12025550123,"x\n', 2, "unclosed_quote"),
    ],
)
async def test_a_file_that_cannot_be_read_changes_nothing(
    api: Api, file: bytes, line: int, reason: str
) -> None:
    problem = await send(api, file, status=422)

    assert problem["code"] == "unreadable_file"
    assert [(error["line"], error["reason"]) for error in problem["errors"]] == [(line, reason)]
    assert await stored(api) == []


async def test_a_list_of_another_tenants_campaign_is_refused(api: Api) -> None:
    stranger = await (await api.another()).campaign()

    for method, kind in (("POST", "import"), ("GET", "export")):
        path = f"/v1/suppressions/{kind}?campaign_id={stranger}"
        answer = await api.ask(method, path, content=b"number\n")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "campaign_id"


async def test_a_hundred_thousand_rows_come_in_within_seconds(api: Api) -> None:
    numbers = range(12125550000, 12125550000 + 100_000 * 7, 7)
    file = "number,reason\n" + "".join(f"+{number},opt_out\n" for number in numbers)
    began = time.monotonic()

    report = await send(api, file.encode())

    assert report["imported"] + report["rejected"] == 100_000
    assert report["imported"] == await api.pool.fetchval("SELECT count(*) FROM suppressions")
    assert report["imported"] > 50_000
    assert time.monotonic() - began < 30
    assert (await exported(api)).count("\n") == report["imported"] + 1


async def test_a_list_of_an_unknown_campaign_is_refused_before_its_file_comes(api: Api) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    await asyncio.wait_for(send(api, never(), "?campaign_id=99", status=422), 10)
