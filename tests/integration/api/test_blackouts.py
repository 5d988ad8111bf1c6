"""Black-outs by the REST API and by the operator's command, as schedulers and dialers read them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outdial.stack.servers import LocalServers
from shared.db import blackouts
from shared.domain.calendar.intervals import NEVER
from tests.support import forked
from tests.support.api import Api

HOUR = timedelta(hours=1)


async def in_force(api: Api) -> list[tuple[int | None, str | None, str, bool]]:
    records = await blackouts.in_force(api.pool, tenant_ids={api.tenant_id})
    return [
        (blackout.tenant_id, blackout.jurisdiction, blackout.reason, blackout.ends_at == NEVER)
        for blackout in records
    ]


async def outdial(dsn: str, *arguments: str, code: int = 0) -> str:
    """Run the command; return its output or its error text."""
    ended, text = await forked.outdial("blackout", *arguments, OUTDIAL_POSTGRES_URL=dsn)
    assert ended == code, text
    return text


async def test_one_holds_at_once_until_it_is_ended_and_stays_as_a_record(api: Api) -> None:
    made = await api.post(
        "/v1/blackouts", {"jurisdiction": "US-LA", "reason": " hurricane "}, status=201
    )

    assert (made["scope"], made["jurisdiction"], made["reason"]) == ("tenant", "US-LA", "hurricane")
    assert made["ends_at"] is None
    assert await in_force(api) == [(api.tenant_id, "US-LA", "hurricane", True)]
    assert await api.pool.fetchval("SELECT is_raised FROM blackouts")
    path = f"/v1/blackouts/{made['id']}"
    assert (await api.ask("DELETE", path)).status_code == 204
    assert await in_force(api) == []
    [answer] = (await api.get("/v1/blackouts"))["blackouts"]
    assert (await api.ask("DELETE", path)).status_code == 204
    assert [answer] == (await api.get("/v1/blackouts"))["blackouts"]
    assert made["starts_at"] < answer["ends_at"]


async def test_one_that_begins_within_a_day_is_known_before(api: Api) -> None:
    now = datetime.now(UTC)
    for hours in (23, 25):
        starts_at, ends_at = now + hours * HOUR, now + 99 * HOUR
        body = {"reason": f"in {hours} h", "starts_at": starts_at.isoformat()}
        await api.post("/v1/blackouts", body | {"ends_at": ends_at.isoformat()}, status=201)

    assert await in_force(api) == [(api.tenant_id, None, "in 23 h", False)]


async def test_one_that_is_ended_before_it_begins_never_holds(api: Api) -> None:
    starts_at = (datetime.now(UTC) + HOUR).isoformat()
    made = await api.post("/v1/blackouts", {"reason": "x", "starts_at": starts_at}, status=201)

    assert (await api.ask("DELETE", f"/v1/blackouts/{made['id']}")).status_code == 204

    [answer] = (await api.get("/v1/blackouts"))["blackouts"]
    assert answer["ends_at"] == answer["starts_at"] == made["starts_at"]
    assert await in_force(api) == []


async def test_it_does_not_claim_to_have_held_before_it_was_made(api: Api) -> None:
    before = datetime.now(UTC) - HOUR
    body = {"reason": "x", "starts_at": before.isoformat()}

    made = await api.post("/v1/blackouts", body, status=201)

    assert datetime.fromisoformat(made["starts_at"]) > before + HOUR / 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"jurisdiction": "XX"}, "jurisdiction"),
        ({"jurisdiction": "us"}, "jurisdiction"),
        ({"jurisdiction": "US_LA"}, "jurisdiction"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"starts_at": "2191-01-01T00:00:00Z", "ends_at": "2190-01-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at"),
        ({"starts_at": "2031-01-01T00:00:00"}, "starts_at"),
        ({"reason": " "}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
    ],
)
async def test_a_wrong_one_is_refused(api: Api, changes: dict[str, Any], field: str) -> None:
    problem = await api.post("/v1/blackouts", {"reason": "x"} | changes, status=422)

    assert [error["field"] for error in problem["errors"]] == [field]
    assert await in_force(api) == []


async def test_they_are_listed_page_by_page_the_last_made_first(api: Api) -> None:
    made = [
        (await api.post("/v1/blackouts", {"reason": f"{n}"}, status=201))["id"] for n in range(3)
    ]

    first = await api.get("/v1/blackouts?limit=2")
    second = await api.get(f"/v1/blackouts?limit=2&cursor={first['next_cursor']}")

    listed = [blackout["id"] for blackout in first["blackouts"] + second["blackouts"]]
    assert listed == made[::-1]
    assert second["next_cursor"] is None


async def test_the_operator_stops_everything_or_one_tenant(api: Api, dsn: str) -> None:
    until = (datetime.now(UTC) + HOUR).isoformat()
    stranger = await api.another()
    said = await outdial(dsn, "add", "quake", "--in", "us", "--until", until)
    await outdial(dsn, "add", "fraud", "--everywhere", "--tenant", str(stranger.tenant_id))

    assert "no calls in US, all tenants, from" in said
    assert await in_force(api) == [(None, "US", "quake", False)]
    assert len(await in_force(stranger)) == 2
    [answer] = (await api.get("/v1/blackouts"))["blackouts"]
    assert (answer["scope"], answer["reason"]) == ("installation", "quake")
    assert (await api.ask("DELETE", f"/v1/blackouts/{answer['id']}")).status_code == 404
    await outdial(dsn, "end", str(answer["id"]))
    assert await in_force(api) == []
    listed = json.loads(await outdial(dsn, "list", "--json"))
    assert [blackout["reason"] for blackout in listed] == ["fraud", "quake"]


async def test_the_list_marks_black_outs_that_are_over_and_fits_80_columns(dsn: str) -> None:
    tomorrow = (datetime.now(UTC) + 24 * HOUR).isoformat()
    await outdial(dsn, "add", "[quake]", "--in", "US-CA")
    await outdial(dsn, "add", "storm", "--in", "US-LA")
    await outdial(dsn, "add", "election", "--everywhere", "--from", tomorrow)
    await outdial(dsn, "add", "cancelled", "--everywhere", "--from", tomorrow)
    for blackout_id in ("1", "4"):
        await outdial(dsn, "end", blackout_id)

    lines = (await outdial(dsn, "list")).splitlines()

    marks = ("over", "to come", "in force", "over")
    assert [mark in line for mark, line in zip(marks, lines[1:], strict=True)] == [True] * 4
    assert "[quake]" in lines[4]
    assert max(map(len, lines)) <= 80


async def test_a_second_end_says_when_the_first_was(dsn: str) -> None:
    await outdial(dsn, "add", "quake", "--in", "US")

    first = await outdial(dsn, "end", "1")
    second, third = [await outdial(dsn, "end", "1") for _ in range(2)]

    assert first == "black-out 1 is ended\n"
    assert second.startswith("black-out 1 was over already, since 20")
    assert second == third


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("add", "x", "--in", "XX"), "'XX' is not a country"),
        (("add", "x", "--in", "US", "--until", "tomorrow"), "'tomorrow' is not a time"),
        (("add", "x", "--in", "US", "--from", "2031-01-31T08:00"), "not a time with its offset"),
        (("add", "x", "--in", "US", "--until", "2020-01-01T00:00Z"), "must be in the future"),
        (("add", "x", "--in", "US", "--until", "9999-12-31T23:59:59-12:00"), "1971 to 2190"),
        (("add", " ", "--in", "US"), "needs a reason"),
        (("add", "x"), "or --everywhere"),
        (("add", "x", "--tenant", "1"), "or --everywhere"),
        (("add", "x", "--in", "US", "--everywhere"), "say where, once"),
        (("add", "x", "--everywhere", "--tenant", "4711"), "there is no tenant 4711"),
        (("end", "4711"), "there is no black-out 4711"),
    ],
)
async def test_the_operators_mistake_is_a_line(
    dsn: str, arguments: tuple[str, ...], complaint: str
) -> None:
    answer = await outdial(dsn, *arguments, code=1)

    assert complaint in answer
    assert answer.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("postgresql://x:hidden@127.0.0.1:1/x", "names does not take connections: Connection ref"),
        ("postgresql://x:hidden@nobody.invalid/x", "names does not take connections"),
        ("hidden", "is not an address like postgresql://"),
        ("postgresql://x:no/hidden@127.0.0.1/x", "is not an address like postgresql://"),
    ],
)
async def test_a_database_that_is_away_is_a_line(address: str, complaint: str) -> None:
    answer = await outdial(address, "list", code=1)

    assert complaint in answer
    assert "hidden" not in answer
    assert answer.count("\n") == 1


async def test_a_database_without_the_schema_is_a_line(servers: LocalServers) -> None:
    assert "python -m shared.db.migrate" in await outdial(servers.postgres.url, "list", code=1)
