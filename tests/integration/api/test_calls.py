"""Reads the records of calls: pages, filters, one call, and exports."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import getrandbits
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from shared.domain.attempts import first_id
from tests.support.api import Api

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
FACTS = {
    "answered_by": "human",
    "talk_seconds": 31.5,
    "sip_code": 200,
    "cause": "=1+1",
    "price": {"amount": "0.0130", "currency": "USD"},
    "digits": "41",
    "stages": ["menu", "agent"],
    "tags": ["vip", "late"],
}


async def a_call(api: Api, position: int | None, **columns: Any) -> UUID:
    values: dict[str, Any] = {
        "campaign_id": 7,
        "contact_id": 1,
        "trunk_id": 1,
        "dialing_at": AT,
        "number": "+12025550123",
        "outcome": None if position is None else "busy",
        "facts": "{}",
    } | columns
    # As the ids of attempts are: by the time at which the call begins.
    attempt_id = UUID(int=first_id(values["dialing_at"]).int | 7 << 76 | 2 << 62 | getrandbits(62))
    await api.pool.execute(
        """
        INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id,
            trunk_id, dialing_at, ended_at, attempt_number, number, outcome, facts, reports)
        VALUES ($1, $2, $3::bigint, $4, $5, $6, $7::timestamptz,
            CASE WHEN $3 IS NOT NULL THEN $7 END, 1, $8, $9, $10::jsonb,
            CASE WHEN $3 IS NULL THEN '[]'::jsonb END)
        """,
        api.tenant_id,
        attempt_id,
        position,
        *values.values(),
    )
    return attempt_id


def ids(page: dict[str, Any]) -> list[str]:
    return [call["attempt_id"] for call in page["calls"]]


def texts(attempts: Sequence[UUID]) -> list[str]:
    return [str(attempt) for attempt in attempts]


async def test_calls_are_read_page_by_page_and_followed_as_they_end(api: Api) -> None:
    calls = [await a_call(api, position) for position in (1, 2, 5)]
    live = await a_call(api, None)

    first = await api.get("/v1/calls?limit=2")
    second = await api.get(f"/v1/calls?limit=2&cursor={first['next_cursor']}")
    nothing = await api.get(f"/v1/calls?cursor={second['follow_cursor']}")
    await api.pool.execute(
        "UPDATE call_records SET position = 6, version = 2 WHERE attempt_id = $1", calls[0]
    )
    later = await api.get(f"/v1/calls?cursor={nothing['follow_cursor']}")

    assert ids(first) + ids(second) == texts(calls)
    assert (second["next_cursor"], nothing["calls"]) == (None, [])
    assert [(call["attempt_id"], call["version"]) for call in later["calls"]] == [
        (str(calls[0]), 2)
    ]
    up = await api.get(f"/v1/calls/{live}")
    assert (up["outcome"], up["ended_at"], up["reports"]) == (None, None, [])


@pytest.mark.parametrize(
    ("columns", "query"),
    [
        ({"campaign_id": 8}, "campaign_id=8"),
        ({"trunk_id": 3}, "trunk_id=3"),
        ({"number": "+4930123456"}, "number=%2B4930123456"),
        ({"number": "+4930123456"}, "number=4930123456"),
        ({"outcome": "no_answer"}, "outcome=no_answer"),
        ({"dialing_at": AT + timedelta(days=1)}, "since=2026-11-19T12:00:00Z"),
        ({"dialing_at": AT - timedelta(days=1)}, "until=2026-11-18T12:00:00Z"),
    ],
)
async def test_each_filter_finds_its_calls(api: Api, columns: dict[str, Any], query: str) -> None:
    await a_call(api, 1)
    wanted = await a_call(api, 2, **columns)

    assert ids(await api.get(f"/v1/calls?{query}")) == [str(wanted)]


async def test_the_calls_of_a_contact_are_those_of_its_own_campaign(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")
    await a_call(api, 1, contact_id=contact_id + 1)
    wanted = await a_call(api, 2, contact_id=contact_id)

    assert ids(await api.get(f"/v1/calls?contact_id={contact_id}")) == [str(wanted)]
    assert ids(await api.get("/v1/calls?contact_id=99999")) == []


@pytest.mark.parametrize(
    "query",
    [
        "number=12",
        "since=2026-11-19T12:00:00",
        "since=0001-01-01T00:00:00Z",
        "until=9999-12-31T23:59:59Z",
        "outcome=quiet",
        "limit=0",
        "campaign=7",
    ],
)
async def test_a_filter_that_means_nothing_is_refused(api: Api, query: str) -> None:
    for path in ("/v1/calls", "/v1/calls/export"):
        problem = await api.get(f"{path}?{query}", status=422)
        assert problem["errors"][0]["field"] == query.partition("=")[0]


async def test_a_call_shows_what_its_facts_are_made_of(api: Api) -> None:
    attempt = await a_call(api, 1, facts=json.dumps(FACTS))

    call = await api.get(f"/v1/calls/{attempt}")

    price = {"amount": "0.0130", "currency": "USD", "source": "provider"}
    assert call["facts"] == {
        "detection_seconds": None,
        "ring_seconds": None,
        "recording_url": None,
        "transferred_to": None,
        **FACTS,
        "tags": ["late", "vip"],
        "price": price,
    }
    [report] = call["reports"]
    assert (report["state"], report["outcome"], report["facts"]) == ("ended", "busy", call["facts"])
    await api.get(f"/v1/calls/{uuid7()}", status=404)


async def test_calls_of_another_tenant_are_not_seen(api: Api) -> None:
    attempt = await a_call(api, 1)
    other = await api.another()

    assert ids(await other.get("/v1/calls")) == []
    await other.get(f"/v1/calls/{attempt}", status=404)
    assert (await other.ask("GET", "/v1/calls/export?format=ndjson")).text == ""


async def test_an_export_has_every_call(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.api.calls.EXPORTED_AT_ONCE", 2)
    calls = [await a_call(api, position, facts=json.dumps(FACTS)) for position in range(1, 6)]

    as_csv = await api.ask("GET", "/v1/calls/export")
    as_ndjson = await api.ask("GET", "/v1/calls/export?format=ndjson")
    cursor = (await api.get("/v1/calls?limit=4"))["follow_cursor"]
    later = await api.ask("GET", f"/v1/calls/export?format=ndjson&cursor={cursor}")

    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    lines = [json.loads(line) for line in as_ndjson.text.splitlines()]
    assert [row["attempt_id"] for row in rows] == texts(calls)
    assert [line["attempt_id"] for line in lines] == texts(calls)
    assert [json.loads(line)["attempt_id"] for line in later.text.splitlines()] == texts(calls[4:])
    assert (rows[0]["number"], rows[0]["cause"]) == ("+12025550123", "'=1+1")
    assert (rows[0]["price_amount"], rows[0]["tags"]) == ("0.0130", "late vip")
    assert (lines[0]["cause"], lines[0]["stages"]) == ("=1+1", ["menu", "agent"])
    assert lines[0]["dialing_at"] == "2026-11-18T12:00:00+00:00"
    assert as_csv.headers["content-disposition"] == 'attachment; filename="calls.csv"'
