"""POST /v1/calls: one number is called now, or the answer says why not."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from shared.db.types import Pool
from shared.kafka.messages.commands import CampaignCommand
from tests.state_machine import recount
from tests.support.api import Api, serving

NUMBER = "+12025550123"
# No rule of law restricts calls of this kind.
FREE = {"kind": "informational", "automated": False}
CALL: dict[str, Any] = {"number": NUMBER, **FREE}
FLOW = {"start": "bye", "steps": {"bye": {"type": "hang_up"}}}


async def place(api: Api, *, status: int = 201, **changes: Any) -> dict[str, Any]:
    return await api.post("/v1/calls", CALL | changes, status=status)


async def at(
    api: Api, instant: datetime, *, key: str | None = None, **changes: Any
) -> httpx2.Response:
    """The answer of the api at another time, to a request with an Idempotency-Key or without."""

    async def publish(_: Any) -> None:
        return None

    async with serving(api.pool, publish, now=instant) as http:
        other = Api(http=http, pool=api.pool, tenant_id=api.tenant_id, key=api.key)
        headers = {"Idempotency-Key": key} if key else {}
        return await other.ask("POST", "/v1/calls", json=CALL | changes, headers=headers)


async def rows(pool: Pool) -> tuple[int, int]:
    """The number of campaigns and of contacts."""
    campaigns = await pool.fetchval("SELECT count(*) FROM campaigns")
    return campaigns, await pool.fetchval("SELECT count(*) FROM contacts")


async def check_counts(pool: Pool) -> None:
    async with pool.acquire() as conn:
        assert await recount.faults(conn) == []


def faults_of(answer: dict[str, Any]) -> set[str]:
    return {fault["reason"] for fault in answer["errors"]}


async def test_a_call_is_a_due_contact_of_a_campaign_that_is_started(api: Api) -> None:
    before = datetime.now(UTC)

    placed = await place(api, external_id="A1", attributes={"name": "Ada"})

    contact = await api.get(f"/v1/contacts/{placed['contact_id']}")
    campaign = await api.get(f"/v1/campaigns/{placed['campaign_id']}")
    assert (placed["waits_for"], placed["number"]) == (None, NUMBER)
    assert datetime.fromisoformat(placed["next_at"]) >= before
    assert contact["expires_at"] == placed["not_after"]
    assert timedelta(minutes=1) <= datetime.fromisoformat(placed["not_after"]) - before
    assert (contact["state"], contact["external_id"]) == ("pending", "A1")
    assert contact["attributes"] == {"name": "Ada"}
    assert campaign["wanted_state"] == "running"
    assert campaign["definition"]["keep_open"]
    assert [m.data.command for m in api.published if isinstance(m, CampaignCommand)] == ["start"]
    await check_counts(api.pool)


async def test_calls_of_one_definition_share_a_campaign(api: Api) -> None:
    first = await place(api)
    second = await place(api, number="+12025550124", external_id="other")
    other = await place(api, number="+12025550125", subject="loan")

    assert first["campaign_id"] == second["campaign_id"] != other["campaign_id"]


async def test_the_next_week_has_a_campaign_of_its_own(api: Api) -> None:
    monday = datetime(2031, 1, 6, tzinfo=UTC)
    this, same, following = [
        (await at(api, instant, external_id=str(instant))).json()["campaign_id"]
        for instant in (monday, monday + timedelta(days=6.9), monday + timedelta(days=7))
    ]

    assert this == same != following
    definition = (await api.get(f"/v1/campaigns/{this}"))["definition"]
    assert definition["calendar"]["end_date"] == "2031-01-20"


async def test_each_call_to_a_number_is_a_contact_of_its_own(api: Api) -> None:
    placed = [await place(api, external_id=str(n)) for n in range(3)]

    [campaign] = {each["campaign_id"] for each in placed}
    listed: list[int] = []
    path = f"/v1/campaigns/{campaign}/contacts?limit=1"
    cursor: str | None = ""
    while cursor is not None:
        page = await api.get(path + (f"&cursor={cursor}" if cursor else ""))
        listed += [contact["id"] for contact in page["contacts"]]
        cursor = page["next_cursor"]
    assert listed == [each["contact_id"] for each in placed]
    await check_counts(api.pool)


async def test_a_call_is_allowed_by_what_the_scheduler_would_ask(api: Api) -> None:
    night = datetime(2031, 1, 6, 3, 0, tzinfo=UTC)

    answer = await at(api, night, kind="solicitation", zone="America/New_York")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "not_now")
    assert faults_of(problem) == {"law"}
    assert "us.hours" in problem["errors"][0]["detail"]
    # Eight in the morning, after ten in the evening.
    assert datetime.fromisoformat(problem["next_at"]) == night.replace(hour=13)
    assert answer.headers["retry-after"] == str(10 * 3600)
    assert await rows(api.pool) == (0, 0)


async def test_a_call_that_waits_is_placed_when_it_may_be(api: Api) -> None:
    night = datetime(2031, 1, 6, 3, 0, tzinfo=UTC)

    answer = await at(api, night, kind="solicitation", zone="America/New_York", wait=True)

    placed = answer.json()
    assert (answer.status_code, placed["waits_for"]) == (201, "law")
    assert datetime.fromisoformat(placed["next_at"]) == night.replace(hour=13)
    assert datetime.fromisoformat(placed["not_after"]) == night + timedelta(days=7)


async def test_a_call_does_not_wait_for_what_comes_too_late(api: Api) -> None:
    night = datetime(2031, 1, 6, 3, 0, tzinfo=UTC)
    soon = (night + timedelta(hours=1)).isoformat()
    sale = {"kind": "solicitation", "zone": "America/New_York"}

    answer = await at(api, night, **sale, wait=True, not_after=soon)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_now")


async def test_a_suppressed_number_is_not_called_and_nothing_is_left(api: Api) -> None:
    await api.post("/v1/suppressions", {"number": NUMBER, "reason": "asked"}, status=201)

    now, later = await place(api, status=409), await place(api, status=409, wait=True)

    for problem in (now, later):
        assert (problem["code"], "next_at" in problem) == ("not_now", False)
        assert "suppression" in faults_of(problem)
        assert NUMBER not in str(problem)
    assert await rows(api.pool) == (0, 0)


async def test_a_paused_campaign_stops_its_calls(api: Api) -> None:
    campaign = (await place(api))["campaign_id"]
    await api.post(f"/v1/campaigns/{campaign}/pause", status=202)

    stopped = await place(api, status=409, external_id="2")
    waiting = await place(api, external_id="3", wait=True)

    assert faults_of(stopped) == {"campaign"}
    assert (waiting["campaign_id"], waiting["next_at"]) == (campaign, None)


async def test_a_cancelled_campaign_gives_way_to_another(api: Api) -> None:
    campaign = (await place(api))["campaign_id"]
    await api.post(f"/v1/campaigns/{campaign}/cancel", status=202)

    assert (await place(api, external_id="2"))["campaign_id"] != campaign


async def test_an_edited_campaign_gives_way_to_another(api: Api) -> None:
    campaign = (await place(api))["campaign_id"]
    path = f"/v1/campaigns/{campaign}"

    assert (await api.ask("PATCH", path, json={"caps": {"max_concurrent": 3}})).is_success
    same = (await place(api, external_id="2"))["campaign_id"]
    assert (await api.ask("PATCH", path, json={"kind": "solicitation"})).is_success
    other = (await place(api, external_id="3"))["campaign_id"]

    assert same == campaign != other


async def test_one_call_to_a_number_at_a_time(api: Api) -> None:
    placed = await place(api)
    await api.pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, number, state, tzdata_version, phone)
        VALUES ($1, uuidv7(), $2, $3, now(), now(), now(), 1, 'claimed', 'x', $4)
        """,
        api.tenant_id,
        placed["campaign_id"],
        placed["contact_id"],
        NUMBER,
    )

    assert faults_of(await place(api, status=409, external_id="2")) == {"call_up"}


async def test_calls_of_the_newest_version_of_a_flow(api: Api) -> None:
    made = await api.post("/v1/call-flows", {"name": "f", "flow": FLOW}, status=201)
    first = await place(api, call_flow={"name": "f"})
    other = {"start": "end", "steps": {"end": {"type": "hang_up"}}}
    path = f"/v1/call-flows/{made['id']}"
    assert (await api.ask("PATCH", path, json={"flow": other})).status_code == 200
    second = await place(api, call_flow={"name": "f"}, external_id="2")

    versions = [
        (await api.get(f"/v1/campaigns/{each['campaign_id']}"))["call_flow_version"]
        for each in (first, second)
    ]
    assert versions == [1, 2]


@pytest.mark.parametrize(
    ("changes", "pointer", "reason"),
    [
        ({"number": "12"}, "/number", "no_country"),
        ({"zone": "Mars/Olympus"}, "/zone", "unknown_zone"),
        ({"trunk": "nowhere"}, "/trunk", "unknown_trunk"),
        ({"call_flow": {"name": "none"}}, "/call_flow/name", "unknown_call_flow"),
        ({"agent": "a", "call_flow": "x"}, "/agent", "value_error"),
        ({"not_after": "2020-01-01T00:00:00Z"}, "/not_after", "out_of_range"),
        ({"not_after": "2199-01-01T00:00:00Z"}, "/not_after", "out_of_range"),
        ({"number": "+80012345678"}, "/zone", "unknown_zone"),
        ({"calendar": {}}, "/calendar", "extra_forbidden"),
    ],
    ids=str,
)
async def test_a_fault_is_refused_by_its_field(
    api: Api, changes: dict[str, Any], pointer: str, reason: str
) -> None:
    problem = await place(api, status=422, **changes)

    assert [(fault["pointer"], fault["reason"]) for fault in problem["errors"]] == [
        (pointer, reason)
    ]
    assert await rows(api.pool) == (0, 0)


async def test_the_tenants_destinations_hold(api: Api) -> None:
    premium, who = "+19002345678", {"person": "Ada", "reason": "our own line"}
    problem = await place(api, status=422, number=premium)
    choice = {"allowed_kinds": ["premium_rate"], **who}
    assert (await api.ask("PUT", "/v1/destinations", json=choice)).status_code == 200

    [fault] = problem["errors"]
    assert (fault["pointer"], fault["reason"]) == ("/number", "premium_rate")
    assert (await place(api, number=premium))["number"] == premium


async def test_missing_variables_are_refused_also_of_a_call_that_waits(api: Api) -> None:
    hello = {"type": "speak", "text": "Hello {{name}}.", "next": "end"}
    steps = {"hello": hello, "end": {"type": "hang_up"}}
    flow = {"start": "hello", "variables": {"name": {}}, "steps": steps}
    await api.post("/v1/call-flows", {"name": "f", "flow": flow}, status=201)

    problem = await place(api, status=422, call_flow={"name": "f"}, wait=True)

    assert problem["errors"][0]["pointer"] == "/attributes"


async def test_the_same_body_is_the_same_call_for_a_minute(api: Api) -> None:
    instant = datetime(2031, 1, 8, tzinfo=UTC)
    first = await at(api, instant)
    again = await at(api, instant + timedelta(seconds=59))
    by_key = await at(api, instant, key="k")
    later = await at(api, instant + timedelta(seconds=61))

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len({each.json()["contact_id"] for each in (first, by_key, later)}) == 3
    assert await rows(api.pool) == (1, 3)


async def test_the_same_body_of_another_tenant_is_another_call(api: Api) -> None:
    first = await place(api)

    assert (await place(await api.another()))["contact_id"] != first["contact_id"]


async def test_first_calls_at_once_make_one_campaign(api: Api) -> None:
    placed = await asyncio.gather(*(place(api, number=f"+1202555010{n}") for n in range(8)))

    assert len({each["campaign_id"] for each in placed}) == 1
    assert await rows(api.pool) == (1, 8)
    await check_counts(api.pool)


async def test_calls_at_once_with_one_body_are_one_call(api: Api) -> None:
    answers = await asyncio.gather(*(api.ask("POST", "/v1/calls", json=CALL) for _ in range(8)))

    granted = [answer.json() for answer in answers if answer.status_code == 201]
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len({each["contact_id"] for each in granted}) == 1
    assert refused <= {"idempotency_key_in_use"}


async def test_a_copy_of_the_campaign_has_each_of_its_calls(api: Api) -> None:
    placed = [await place(api, external_id=str(n)) for n in range(2)]
    path = f"/v1/campaigns/{placed[0]['campaign_id']}/clone"

    copy = await api.post(path, {"contacts": True}, status=201)

    listed = await api.get(f"/v1/campaigns/{copy['id']}/contacts")
    assert len(listed["contacts"]) == 2


async def test_the_audit_log_has_the_call_without_its_number(api: Api) -> None:
    placed = await place(api)

    entries = (await api.get("/v1/audit-log"))["audit_log"]

    [entry] = [each for each in entries if each["operation"] == "place_call"]
    assert (entry["kind"], entry["resource_id"]) == ("contacts", str(placed["contact_id"]))
    assert NUMBER not in str(entry)


async def test_a_call_belongs_to_the_trace_of_its_request_and_its_campaign_to_none(
    api: Api,
) -> None:
    sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    await api.ask("POST", "/v1/calls", json=CALL, headers={"traceparent": sent})

    assert await api.pool.fetchval("SELECT traceparent FROM contacts") == sent
    assert await api.pool.fetchval("SELECT traceparent FROM campaigns") is None
