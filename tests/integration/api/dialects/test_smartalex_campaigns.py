"""Campaigns by SmartAlex's API: statuses, commands, filters, errors."""

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi.routing import APIRoute
from redis.asyncio import Redis

from services.api.dialects.served import served
from services.api.dialects.smartalex import calls, campaigns, contacts, webhooks
from services.api.http.request_limits import RequestRates
from shared.dialects.smartalex import CampaignStatus, campaign_status
from shared.domain.campaigns import CampaignState, WantedState
from tests.support.api import serving
from tests.support.smartalex import PHONES, SmartAlex, a_client

ENDED = {"completed", "cancelled"}


async def status_of(client: SmartAlex, campaign_id: str) -> str:
    return str((await client.get(f"/campaigns/{campaign_id}"))["data"]["status"])


async def end(client: SmartAlex, campaign_id: str, state: str) -> None:
    await client.native.pool.execute(
        """
        UPDATE campaigns SET state = $1, started_at = now(), ended_at = now(),
            wanted_state = CASE WHEN $1 = 'cancelled' THEN 'cancelled' ELSE 'running' END
        WHERE id = $2
        """,
        state,
        int(campaign_id.removeprefix("campaign_")),
    )


async def test_a_campaign_has_the_settings_of_its_request_or_the_usual_ones(
    smartalex: SmartAlex,
) -> None:
    usual = await smartalex.campaign()
    own = await smartalex.campaign(
        description="Follow up",
        settings={
            "calling_hours_start": "10:00",
            "calling_hours_end": "18:30",
            "timezone": "America/New_York",
            "concurrent_calls": 5,
            "max_retries": 1,
        },
    )

    first = (await smartalex.get(f"/campaigns/{usual}"))["data"]
    second = (await smartalex.get(f"/campaigns/{own}"))["data"]

    assert re.fullmatch("campaign_[1-9][0-9]*", usual)
    assert first["settings"] == {
        "calling_hours_start": "09:00",
        "calling_hours_end": "17:00",
        "timezone": "UTC",
        "concurrent_calls": 1,
        "max_retries": 3,
    }
    assert (first["status"], first["description"], first["agent_id"]) == (
        "draft",
        None,
        smartalex.agent_id,
    )
    assert second["settings"] == {
        "calling_hours_start": "10:00",
        "calling_hours_end": "18:30",
        "timezone": "America/New_York",
        "concurrent_calls": 5,
        "max_retries": 1,
    }
    assert second["description"] == "Follow up"
    assert second["timezone"] == "America/New_York"
    assert second["business_hours"]["sunday"] == {
        "enabled": True,
        "start": "10:00",
        "end": "18:30",
    }


async def test_hours_by_weekday_come_back_as_they_were_sent(smartalex: SmartAlex) -> None:
    hours = {"enabled": True, "start": "08:00", "end": "12:00"}
    closed = {"enabled": False, "start": None, "end": None}
    campaign = await smartalex.campaign(
        timezone="Europe/Berlin",
        business_hours={"monday": hours, "friday": hours, "sunday": {"enabled": False}},
    )

    shown = (await smartalex.get(f"/campaigns/{campaign}"))["data"]

    assert shown["timezone"] == "Europe/Berlin"
    assert shown["settings"]["calling_hours_start"] is None
    open_days = {name for name, day in shown["business_hours"].items() if day == hours}
    assert open_days == {"monday", "friday"}
    assert [day for day in shown["business_hours"].values() if day != hours] == [closed] * 5


async def test_start_pause_resume_cancel(smartalex: SmartAlex) -> None:
    campaign = await smartalex.campaign()
    await smartalex.contacts(campaign, PHONES[0])

    statuses = [
        (await smartalex.post(f"/campaigns/{campaign}/{command}"))["data"]["status"]
        for command in ("start", "pause", "resume", "cancel", "cancel")
    ]

    assert statuses == ["active", "paused", "active", "cancelled", "cancelled"]
    native = await smartalex.native.get(f"/v1/campaigns/{campaign.removeprefix('campaign_')}")
    assert native["wanted_state"] == "cancelled"
    assert len(smartalex.native.published) == 5


DRAFT, ACTIVE, PAUSED, COMPLETED, CANCELLED = CampaignStatus
ALREADY, NOT_ACTIVE = "campaign_already_active", "campaign_not_active"


@pytest.mark.parametrize(
    ("status", "refusals"),
    [
        (DRAFT, {"pause": NOT_ACTIVE, "resume": NOT_ACTIVE}),
        (ACTIVE, {"start": ALREADY, "resume": ALREADY}),
        (PAUSED, {"start": NOT_ACTIVE, "pause": NOT_ACTIVE}),
        (
            COMPLETED,
            dict.fromkeys(("start", "pause", "resume", "cancel", "contacts"), NOT_ACTIVE),
        ),
        (CANCELLED, dict.fromkeys(("start", "pause", "resume", "contacts"), NOT_ACTIVE)),
    ],
)
async def test_a_command_that_makes_no_sense_changes_nothing(
    smartalex: SmartAlex, status: CampaignStatus, refusals: dict[str, str]
) -> None:
    campaign = await smartalex.campaign()
    await smartalex.contacts(campaign, PHONES[0])
    if status is not DRAFT:
        await smartalex.post(f"/campaigns/{campaign}/start")
    if status is PAUSED:
        await smartalex.post(f"/campaigns/{campaign}/pause")
    if status in ENDED:
        await end(smartalex, campaign, status)
    body = {"contacts": [{"phone": PHONES[1]}]}

    answers = {
        command: await smartalex.refused("POST", f"/campaigns/{campaign}/{command}", json=body)
        for command in refusals
    }

    assert {command: code for command, (_, code, _) in answers.items()} == refusals
    assert {http for http, _, _ in answers.values()} == {409}
    assert await status_of(smartalex, campaign) == status


async def test_without_contacts_nothing_starts(smartalex: SmartAlex) -> None:
    campaign = await smartalex.campaign()

    refused = await smartalex.refused("POST", f"/campaigns/{campaign}/start")

    assert refused == (400, "no_contacts", "Campaign has no contacts to call")
    assert await status_of(smartalex, campaign) == "draft"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"name": None}, "The 'name' field must be text"),
        ({"name": " "}, "The 'name' field String should have at least 1 character"),
        ({"name": "x" * 201}, "The 'name' field String should have at most 200 characters"),
        ({"name": "a\0b"}, "The 'name' field must not contain a NUL character"),
        ({"agent_id": 7}, "The 'agent_id' field must be text"),
        ({"objective": "sell"}, "The 'objective' field is not known"),
        ({"settings": []}, "The 'settings' field must be an object"),
        ({"settings": {"days": 1}}, "The 'settings.days' field is not known"),
        (
            {"settings": {"calling_hours_start": "9:00"}},
            "The 'settings.calling_hours_start' field String should match pattern "
            "'^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$'",
        ),
        (
            {"settings": {"calling_hours_start": "17:00"}},
            "The 'settings.calling_hours_end' field must be after the start, on the same day",
        ),
        (
            {"settings": {"timezone": "Mars/Olympus"}},
            "The 'settings.timezone' field unknown time zone; use an IANA name such as "
            "Europe/London",
        ),
        ({"settings": {"concurrent_calls": 0}}, "concurrent_calls' field must be 1 or more"),
        ({"settings": {"concurrent_calls": "2"}}, "concurrent_calls' field must be a whole number"),
        ({"settings": {"max_retries": -1}}, "max_retries' field must be 0 or more"),
        ({"settings": {"max_retries": 100}}, "max_retries' field must be 99 or less"),
        ({"settings": {"max_retries": True}}, "max_retries' field must be a whole number"),
        ({"business_hours": {}}, "The 'business_hours' field must enable a day"),
        (
            {"business_hours": {"monday": {"start": "09:00"}}},
            "The 'business_hours.monday.end' field an enabled day needs start and end",
        ),
        (
            {"timezone": "UTC", "settings": {"timezone": "UTC"}},
            "The 'timezone' field is also in settings; give one of the two",
        ),
    ],
)
async def test_a_wrong_field_is_named_and_leaves_no_row(
    smartalex: SmartAlex, parts: dict[str, Any], message: str
) -> None:
    body = {"name": "Q1", "agent_id": smartalex.agent_id} | parts

    status, code, text = await smartalex.refused("POST", "/campaigns", json=body)

    assert (status, code) == (400, "invalid_request")
    assert text.endswith(message)
    assert await smartalex.native.pool.fetchval("SELECT count(*) FROM campaigns") == 0


async def test_an_agent_that_is_not_there_is_not_found_and_leaves_no_row(
    smartalex: SmartAlex,
) -> None:
    other = await a_client(await smartalex.native.another())
    number = smartalex.agent_id.removeprefix("agent_")
    gone = (404, "agent_not_found", "Specified agent doesn't exist")

    for agent_id in (other.agent_id, "agent_999999", "campaign_1", number, "agent_abc", ""):
        body = {"name": "Q1", "agent_id": agent_id}
        assert await smartalex.refused("POST", "/campaigns", json=body) == gone
    await smartalex.native.ask("PATCH", f"/v1/agents/{number}", json={"state": "inactive"})
    body = {"name": "Q1", "agent_id": smartalex.agent_id}
    assert await smartalex.refused("POST", "/campaigns", json=body) == gone
    assert await smartalex.native.pool.fetchval("SELECT count(*) FROM campaigns") == 0


BY_CAMPAIGN = [
    ("GET", ""),
    ("GET", "/callbacks"),
    ("POST", "/contacts"),
    *(("POST", f"/{command}") for command in ("start", "pause", "resume", "cancel")),
]


async def test_ids_of_another_tenant_are_as_those_that_nobody_has(smartalex: SmartAlex) -> None:
    other = await a_client(await smartalex.native.another())
    theirs = await other.campaign()
    await other.contacts(theirs, PHONES[0])
    body = {"contacts": [{"phone": PHONES[1]}]}

    for campaign_id in (theirs, "campaign_999999", "17", "campaign_x"):
        for method, path in BY_CAMPAIGN:
            sent = body if path == "/contacts" else None
            refused = await smartalex.refused(method, f"/campaigns/{campaign_id}{path}", json=sent)
            assert refused == (404, "campaign_not_found", "Campaign ID doesn't exist")
    assert await status_of(other, theirs) == "draft"
    assert (await smartalex.get("/campaigns"))["meta"]["total"] == 0
    assert (await smartalex.get("/campaigns", agent_id=other.agent_id))["data"] == []


async def test_a_list_has_pages_and_filters(smartalex: SmartAlex) -> None:
    ids = [await smartalex.campaign(name=f"{number}") for number in range(5)]
    await smartalex.contacts(ids[0], PHONES[0])
    await smartalex.post(f"/campaigns/{ids[0]}/start")
    await smartalex.post(f"/campaigns/{ids[1]}/cancel")
    await end(smartalex, ids[2], "completed")
    await smartalex.native.campaign(name="without an agent")

    whole = await smartalex.get("/campaigns", agent_id=smartalex.agent_id)
    second = await smartalex.get("/campaigns", page=2, per_page=2, agent_id=smartalex.agent_id)
    found = {
        status: [row["id"] for row in (await smartalex.get("/campaigns", status=status))["data"]]
        for status in ("active", "cancelled", "completed", "paused")
    }

    assert [row["id"] for row in whole["data"]] == ids[::-1]
    assert whole["meta"] == {"total": 5, "page": 1, "per_page": 20}
    assert [row["id"] for row in second["data"]] == [ids[2], ids[1]]
    assert second["meta"] == {"total": 5, "page": 2, "per_page": 2}
    assert found == {
        "active": [ids[0]],
        "cancelled": [ids[1]],
        "completed": [ids[2]],
        "paused": [],
    }
    assert (await smartalex.get("/campaigns"))["meta"]["total"] == 6


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"page": 0}, "The 'page' field must be 1 or more"),
        ({"per_page": 101}, "The 'per_page' field must be 100 or less"),
        ({"page": "two"}, "The 'page' field must be a whole number"),
        (
            {"status": "running"},
            "The 'status' field must be 'draft', 'active', 'paused', 'completed' or 'cancelled'",
        ),
        ({"name": "x"}, "The 'name' field is not known"),
    ],
)
async def test_a_wrong_parameter_is_named(
    smartalex: SmartAlex, query: dict[str, Any], message: str
) -> None:
    refused = await smartalex.refused("GET", "/campaigns", params=query)

    assert refused == (400, "invalid_request", message)


async def test_the_filter_has_the_statuses_that_campaigns_show(smartalex: SmartAlex) -> None:
    """The statement and the function divide all pairs of states alike."""
    pairs = [
        (state, wanted)
        for state in CampaignState
        for wanted in WantedState
        if state is not CampaignState.CANCELLED or wanted is WantedState.CANCELLED
    ]
    for state, wanted in pairs:
        campaign = await smartalex.campaign(name=f"{state} {wanted}")
        await smartalex.native.pool.execute(
            """
            UPDATE campaigns SET state = $1, wanted_state = $2, started_at = now(),
                ended_at = CASE WHEN $3 THEN now() END
            WHERE id = $4
            """,
            state,
            wanted,
            state in ENDED,
            int(campaign.removeprefix("campaign_")),
        )

    for status in CampaignStatus:
        listed = await smartalex.get("/campaigns", status=status, per_page=100)
        assert {row["name"] for row in listed["data"]} == {
            f"{state} {wanted}"
            for state, wanted in pairs
            if campaign_status(state, wanted) is status
        }, status


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (None, (401, "unauthorized")),
        ("od_1_wrong", (401, "unauthorized")),
    ],
)
async def test_without_a_valid_key_nothing_is_answered(
    smartalex: SmartAlex, key: str | None, expected: tuple[int, str]
) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {"Authorization": "Basic eA=="}

    status, code, _ = await smartalex.refused("GET", "/campaigns", headers=headers)

    assert (status, code) == expected


async def test_general_errors_have_the_same_envelope(smartalex: SmartAlex) -> None:
    scopes = {"name": "calls only", "scopes": ["calls"]}
    weak = await smartalex.native.post("/v1/api-keys", scopes, status=201)
    header = {"Authorization": f"Bearer {weak['api_key']}"}
    broken = {"content": b'{"name": ', "headers": {"Content-Type": "application/json"}}

    assert (await smartalex.refused("GET", "/campaigns", headers=header))[:2] == (403, "forbidden")
    assert (await smartalex.refused("GET", "/nothing"))[:2] == (404, "not_found")
    assert (await smartalex.refused("PUT", "/campaigns"))[:2] == (405, "invalid_request")
    assert (await smartalex.refused("POST", "/campaigns", **broken))[:2] == (
        400,
        "invalid_request",
    )


async def test_every_answer_says_what_is_left_of_the_rate(
    smartalex: SmartAlex, redis: Redis
) -> None:
    async def publish(_messages: object) -> None:
        return

    rates = RequestRates(redis, per_minute=2)
    async with serving(smartalex.native.pool, publish, dialects=served(), rates=rates) as http:
        client = replace(smartalex, native=replace(smartalex.native, http=http))
        shown = await client.ask("GET", "/campaigns")
        absent = await client.ask("GET", "/campaigns/campaign_1")
        status, code, _ = await client.refused("GET", "/campaigns")

    left = [answer.headers["RateLimit"].partition(";t=")[0] for answer in (shown, absent)]
    assert left == ['"default";r=1', '"default";r=0']
    assert (status, code) == (429, "rate_limited")


def test_every_route_with_an_id_is_tried_with_ids_of_others() -> None:
    """Here, and in the tests of calls and webhooks."""
    with_ids = {
        (method, route.path)
        for module in (calls, campaigns, contacts, webhooks)
        for route in module.router.routes
        if isinstance(route, APIRoute) and "{" in route.path
        for method in route.methods or ()
    }

    campaign = "/campaigns/{campaign_id}"
    assert with_ids == {
        *((method, f"{campaign}{path}") for method, path in BY_CAMPAIGN),
        ("GET", "/calls/{id_}"),
        ("GET", "/webhooks/{id_}"),
        ("DELETE", "/webhooks/{id_}"),
    }


async def test_a_repeated_request_with_the_same_key_makes_one_campaign(
    smartalex: SmartAlex,
) -> None:
    options = {
        "json": {"name": "Q1", "agent_id": smartalex.agent_id},
        "headers": {"Idempotency-Key": "once"},
    }

    first, second = [await smartalex.ask("POST", "/campaigns", **options) for _ in range(2)]

    assert first.json() == second.json()
    assert await smartalex.native.pool.fetchval("SELECT count(*) FROM campaigns") == 1


async def test_the_audit_log_names_the_campaign_by_outdials_id(smartalex: SmartAlex) -> None:
    campaign = await smartalex.campaign()
    await smartalex.contacts(campaign, PHONES[0])
    await smartalex.post(f"/campaigns/{campaign}/start")

    entries = await smartalex.native.pool.fetch(
        "SELECT kind, resource_id FROM audit_log WHERE kind = 'campaigns'"
    )

    number = campaign.removeprefix("campaign_")
    assert [tuple(entry) for entry in entries] == [("campaigns", number)] * 3
