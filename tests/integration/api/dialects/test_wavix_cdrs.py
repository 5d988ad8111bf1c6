"""Wavix's call detail records: by day and disposition, as pages, lines, a file and one by one."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.api.test_calls import a_call
from tests.support.wavix import Wavix

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
DAY = {"from": "2026-11-18", "to": "2026-11-18", "type": "placed"}
FACTS = json.dumps(
    {
        "answered_by": "human",
        "talk_seconds": 31.4,
        "price": {"amount": "0.0130", "currency": "USD"},
        "recording_url": "https://carrier.example/1.wav",
    }
)
NOT_FOUND = b'{"success":false,"message":"Record not found"}'
KEYS = [
    "date",
    "from",
    "to",
    "disposition",
    "duration",
    "destination",
    "per_minute",
    "charge",
    "sip_trunk",
    "forward_fee",
    "uuid",
    "call_id",
    "parent_uuid",
    "parent_call_id",
    "answered_by",
]


async def calls_of(wavix: Wavix) -> dict[str, str]:
    """A call of each disposition on one day, and answered ones on the days around it."""
    api = wavix.native
    trunk = {"trunk_id": await api.pool.fetchval("SELECT id FROM trunks WHERE name = 'default'")}
    ids = {}
    times = {
        "before": ("answered_human", AT.replace(day=17, hour=23, minute=59)),
        "first": ("answered_human", AT.replace(hour=0)),
        "busy": ("busy", AT),
        "noanswer": ("no_answer", AT + timedelta(seconds=1)),
        "failed": ("unobtainable", AT + timedelta(seconds=2)),
        "machine": ("machine_message_left", AT.replace(hour=23, minute=59)),
        "after": ("answered_human", AT.replace(day=19, hour=0)),
    }
    for position, (name, (outcome, at)) in enumerate(times.items(), 1):
        facts = FACTS if name == "first" else "{}"
        number = "+442071838750" if name == "machine" else "+12025550123"
        call = {"outcome": outcome, "dialing_at": at, "facts": facts, "number": number}
        ids[name] = str(await a_call(api, position, **trunk, **call))
    await a_call(api, None, **trunk)
    await api.pool.execute("UPDATE call_records SET caller_id = '+13123310912'")
    return ids


async def listed(wavix: Wavix, path: str = "/v1/cdr", **asked: Any) -> dict[str, Any]:
    answer = await wavix.ask("GET", path, params=DAY | asked)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def uuids(page: dict[str, Any]) -> list[str]:
    return [item["uuid"] for item in page["items"]]


async def test_a_record_has_the_fields_of_the_document(wavix: Wavix) -> None:
    ids = await calls_of(wavix)

    *_, item = (await listed(wavix))["items"]

    assert list(item) == KEYS
    assert item == {
        "date": "2026-11-18T00:00:00Z",
        "from": "13123310912",
        "to": "12025550123",
        "disposition": "answered",
        "duration": 31,
        "destination": "United States",
        "per_minute": "0.0252",
        "charge": "0.0130",
        "sip_trunk": "default",
        "forward_fee": "0.0000",
        "uuid": ids["first"],
        "call_id": ids["first"],
        "parent_uuid": None,
        "parent_call_id": None,
        "answered_by": "human",
    }


@pytest.mark.parametrize(
    ("disposition", "names"),
    [
        (None, ["machine", "first"]),
        ("answered", ["machine", "first"]),
        ("busy", ["busy"]),
        ("noanswer", ["noanswer"]),
        ("failed", ["failed"]),
        ("all", ["machine", "failed", "noanswer", "busy", "first"]),
    ],
)
async def test_days_are_inclusive_and_only_answered_calls_come_unasked(
    wavix: Wavix, disposition: str | None, names: list[str]
) -> None:
    ids = await calls_of(wavix)

    page = await listed(wavix, **({"disposition": disposition} if disposition else {}))

    assert uuids(page) == [ids[name] for name in names]


async def test_the_filters(wavix: Wavix) -> None:
    ids = await calls_of(wavix)
    every = {"disposition": "all"}

    assert uuids(await listed(wavix, to_search="4420", **every)) == [ids["machine"]]
    assert uuids(await listed(wavix, to_search="+442071838750")) == [ids["machine"]]
    assert len(uuids(await listed(wavix, from_search="13123310912", **every))) == 5
    assert uuids(await listed(wavix, from_search="999", **every)) == []
    assert uuids(await listed(wavix, uuid=ids["busy"], **every)) == [ids["busy"]]
    assert len(uuids(await listed(wavix, sip_trunk="default", **every))) == 5
    assert uuids(await listed(wavix, sip_trunk="other", **every)) == []
    assert uuids(await listed(wavix, type="received", **every)) == []


async def test_pages_have_numbers_and_a_total(wavix: Wavix) -> None:
    await calls_of(wavix)

    first = await listed(wavix, disposition="all", per_page=2)
    last = await listed(wavix, disposition="all", per_page=2, page=3)
    beyond = await listed(wavix, disposition="all", per_page=2, page=4)
    usual = await listed(wavix)

    pagination = {"current_page": 1, "per_page": 2, "total": 5, "total_pages": 3}
    assert first["pagination"] == pagination
    assert (len(first["items"]), len(last["items"]), beyond["items"]) == (2, 1, [])
    assert usual["pagination"] == pagination | {"per_page": 25, "total": 2, "total_pages": 1}


async def test_lines_and_a_file_have_all_records_of_the_days(wavix: Wavix) -> None:
    await calls_of(wavix)
    every = DAY | {"disposition": "all"}
    items = (await listed(wavix, disposition="all"))["items"]

    lines = await wavix.ask("GET", "/v1/cdr/all", params=every)
    two = await wavix.ask("GET", "/v1/cdr/all", params=every | {"per_page": 2})
    file = await wavix.ask("GET", "/v1/cdr.csv", params=every)

    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == items
    assert [json.loads(line) for line in two.text.splitlines()] == items[:2]
    assert file.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [row["uuid"] for row in rows] == [item["uuid"] for item in items]
    assert rows[-1]["charge"] == "0.0130"


async def test_one_record_is_bare_with_its_recording(wavix: Wavix) -> None:
    ids = await calls_of(wavix)
    *_, item = (await listed(wavix))["items"]

    read = await wavix.ask("GET", f"/v1/cdr/{ids['first']}")

    assert read.json() == item | {"recording_url": "https://carrier.example/1.wav"}
    unknown = "019a8c4e-0000-7000-8000-000000000000"
    for path in (f"/v1/cdr/{unknown}", "/v1/cdr/x"):
        answer = await wavix.ask("GET", path)
        assert (answer.status_code, answer.content) == (404, NOT_FOUND)
    stranger = await wavix.native.another()
    key = await stranger.post("/v1/dialect-credentials", {"dialect": "wavix"}, status=201)
    theirs = Wavix(native=stranger, key=key["api_key"], callflow_id=1)
    foreign = await theirs.ask("GET", f"/v1/cdr/{ids['first']}")
    assert (foreign.status_code, foreign.content) == (404, NOT_FOUND)
    assert (await listed(theirs, disposition="all"))["items"] == []


async def test_both_spellings_of_the_paths(wavix: Wavix) -> None:
    ids = await calls_of(wavix)
    for old, new in (
        ("/v1/cdr", "/v1/cdrs"),
        ("/v1/cdr/all", "/v1/cdrs/all"),
        ("/v1/cdr.csv", "/v1/cdrs.csv"),
        (f"/v1/cdr/{ids['busy']}", f"/v1/cdrs/{ids['busy']}"),
    ):
        params = {} if "busy" in old or ids["busy"] in old else DAY
        before, after = [await wavix.ask("GET", path, params=params) for path in (old, new)]
        assert before.status_code == after.status_code == 200
        assert before.content == after.content


@pytest.mark.parametrize("path", ["/v1/cdr", "/v1/cdr/all", "/v1/cdr.csv"])
@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"from": None}, "from"),
        ({"to": None}, "to"),
        ({"type": None}, "type"),
        ({"from": "18.11.2026"}, "from"),
        ({"to": "2026-11-17"}, "to"),
        ({"type": "missed"}, "type"),
        ({"disposition": "lost"}, "disposition"),
        ({"from_search": "abc"}, "from_search"),
        ({"to_search": "1' OR 1"}, "to_search"),
        ({"uuid": "1"}, "uuid"),
        ({"order": "asc"}, "order"),
    ],
)
async def test_a_faulty_parameter_is_named(
    wavix: Wavix, path: str, changes: dict[str, str | None], parameter: str
) -> None:
    params = {name: value for name, value in (DAY | changes).items() if value is not None}

    answer = await wavix.ask("GET", path, params=params)

    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "message": f"Missing or invalid parameter {parameter}",
    }


async def test_transcriptions_are_not_kept(wavix: Wavix) -> None:
    ids = await calls_of(wavix)

    without = await wavix.ask(
        "GET", f"/v1/cdr/{ids['busy']}", params={"show_transcription": "false"}
    )
    asked = await wavix.ask("GET", f"/v1/cdr/{ids['busy']}", params={"show_transcription": "true"})

    assert (without.status_code, asked.status_code) == (200, 400)
    assert asked.json()["message"] == "Missing or invalid parameter show_transcription"
