"""Edits replace whole parts of a campaign, are validated like a creation, and are recorded."""

import asyncio
import json
from typing import Any

import pytest

from shared.db import locks
from tests.support.api import ALWAYS, DEFINITION, Api

MONDAYS = {"windows": [{"days": ["mon"], "start": "09:00", "end": "10:00"}]}


async def edit(api: Api, campaign_id: int, body: Any, *, status: int = 200) -> dict[str, Any]:
    response = await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json=body)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def definition(api: Api, campaign_id: int) -> dict[str, Any]:
    stored: dict[str, Any] = (await api.get(f"/v1/campaigns/{campaign_id}"))["definition"]
    return stored


async def trace(api: Api) -> list[dict[str, Any]]:
    rows = await api.pool.fetch(
        "SELECT definition FROM campaign_edits WHERE api_key_id IS NOT NULL ORDER BY id"
    )
    return [json.loads(row["definition"]) for row in rows]


PARTS: list[dict[str, Any]] = [
    {"description": "of the autumn"},
    {"name": "Another name"},
    {"calendar": MONDAYS},
    {"attempts": {"max_total": 2, "retry": {"busy": {"delay_seconds": 60}}}},
    {"caps": {"max_concurrent": 3}},
    {"share": {"weight": 7, "priority": 2}},
    {"spend_ceiling": {"currency": "USD", "call_most": "0.5", "per_day": "10"}},
    {"frequency_caps": [{"max_calls": 1, "hours": 24}]},
    {"silences": [{"after": "conversation", "hours": 24}]},
    {"subject": "loans"},
    {"kind": "informational"},
    {"automated": False},
    {"talk_seconds_most": 120},
    {"machine": {"action": "hang_up"}},
    {"ring_seconds": 30},
    {"keep_open": True},
    {"default_zone_windows": [ALWAYS]},
    {"sms": {"sender": "ACME", "on": ["busy"], "text": "We tried to call you."}},
]


async def a_sender(api: Api) -> None:
    await api.post("/v1/sms-senders", {"sender": "ACME", "trunk": "default"}, status=201)


async def test_each_part_replaces_the_one_before_and_leaves_the_others(api: Api) -> None:
    await a_sender(api)
    campaign_id = await api.campaign(default_zone="Europe/London", caps={"calls_per_second": 5})
    before = await definition(api, campaign_id)

    for part in PARTS:
        answer = await edit(api, campaign_id, part)
        after = await definition(api, campaign_id)
        [name] = part
        assert answer["definition"] == after
        assert {key for key in after if after[key] != before[key]} == {name}
        before = after

    assert before["caps"] == {"max_concurrent": 3, "calls_per_second": None}
    assert (await api.get(f"/v1/campaigns/{campaign_id}"))["name"] == "Another name"
    assert [edit["ring_seconds"] for edit in (await trace(api))[-5:]] == [None, 30, 30, 30, 30]
    assert len(await trace(api)) == len(PARTS)


async def test_null_removes_an_optional_part(api: Api) -> None:
    campaign_id = await api.campaign(ring_seconds=30, subject="loans")

    await edit(api, campaign_id, {"ring_seconds": None, "subject": None})

    after = await definition(api, campaign_id)
    assert (after["ring_seconds"], after["subject"]) == (None, None)


@pytest.mark.parametrize("body", [{}, {"name": DEFINITION["name"]}, {"caps": {}}])
async def test_an_edit_without_a_change_is_not_recorded(api: Api, body: dict[str, Any]) -> None:
    campaign_id = await api.campaign()

    await edit(api, campaign_id, body)

    assert await trace(api) == []


IN_DRAFT: list[dict[str, Any]] = [
    {"caller_id": "+12025550177"},
    # Instead of the caller ID.
    {"caller_id": None, "number_pool": "north"},
    {"call_flow": "survey"},
    {"trunk": ["default", "second"]},
    {"trunk": "second"},
    # Of the second trunk, and instead of the call flow.
    {"call_flow": None, "agent": "renewals"},
    {
        "webhook": {
            "url": "https://example.com/second",
            "event_types": ["outdial.attempt.ended.v1"],
        }
    },
]
BEFORE_CONTACTS: list[dict[str, Any]] = [
    {"default_region": "DE"},
    {"default_zone": "Europe/Berlin"},
]
NUMBERS = b"number\n+12025550123\n"


async def an_own_number(api: Api) -> None:
    """A caller ID, and a pool of it."""
    await api.post("/v1/caller-ids", {"number": "+12025550177"}, status=201)
    pool = {"name": "north", "numbers": ["+12025550177"]}
    await api.post("/v1/number-pools", pool, status=201)


async def a_second_trunk(api: Api, *, for_every_tenant: bool = True) -> int:
    trunk_id: int = await api.pool.fetchval(
        """
        INSERT INTO trunks (name, provider, for_every_tenant)
        VALUES ('second', 'null', $1) RETURNING id
        """,
        for_every_tenant,
    )
    return trunk_id


async def backups(api: Api) -> list[int]:
    rows = await api.pool.fetch("SELECT trunk_id FROM campaign_backup_trunks ORDER BY position")
    return [row["trunk_id"] for row in rows]


async def test_the_trunks_of_a_draft_keep_the_order_of_their_owner(api: Api) -> None:
    second = await a_second_trunk(api)
    campaign_id = await api.campaign(trunk=["second", "default"])
    default = await api.pool.fetchval("SELECT id FROM trunks WHERE name = 'default'")

    assert await api.pool.fetchval("SELECT trunk_id FROM campaigns") == second
    assert await backups(api) == [default]
    assert (await definition(api, campaign_id))["trunk"] == ["second", "default"]

    await edit(api, campaign_id, {"trunk": ["default", "second"]})

    assert await api.pool.fetchval("SELECT trunk_id FROM campaigns") == default
    assert await backups(api) == [second]

    await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")

    assert await backups(api) == []


async def test_every_part_of_a_draft_can_be_replaced(api: Api) -> None:
    trunk_id = await a_second_trunk(api)
    await a_sender(api)
    await an_own_number(api)
    agent = {"name": "renewals", "kind": "squad", "provider_agent_id": "s_1", "trunk": "second"}
    await api.post("/v1/agents", agent, status=201)
    campaign_id = await api.campaign(
        default_zone="UTC", webhook={"url": "https://example.com/first"}
    )

    for part in PARTS + IN_DRAFT + BEFORE_CONTACTS:
        await edit(api, campaign_id, part)

    after = await definition(api, campaign_id)
    parts = {name: value for part in IN_DRAFT + BEFORE_CONTACTS for name, value in part.items()}
    assert parts.items() <= after.items()
    assert set(after) == {name for part in PARTS for name in part} | set(parts)
    stored = await api.pool.fetchrow("SELECT trunk_id, revision FROM campaigns")
    assert stored is not None
    assert tuple(stored) == (trunk_id, len(PARTS + IN_DRAFT + BEFORE_CONTACTS))
    assert await backups(api) == []


@pytest.mark.parametrize("part", IN_DRAFT + BEFORE_CONTACTS, ids=lambda part: list(part)[-1])
async def test_after_the_start_these_parts_are_refused_by_their_names(
    api: Api, part: dict[str, Any]
) -> None:
    await a_second_trunk(api)
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, NUMBERS)
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    before = await definition(api, campaign_id)

    answer = await edit(api, campaign_id, {"name": "x"} | part, status=422)

    [error] = answer["errors"]
    assert error["pointer"] == f"/{list(part)[-1]}"
    assert error["reason"] == "not_editable"
    assert error["detail"] == "can be changed only while the campaign is a draft"
    assert await definition(api, campaign_id) == before


async def test_a_running_campaign_takes_a_fixed_part_that_stays_as_it_is(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US")
    await api.import_csv(campaign_id, NUMBERS)
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)

    await edit(api, campaign_id, {"default_region": "US", "name": "Another name"})

    assert (await definition(api, campaign_id))["name"] == "Another name"


@pytest.mark.parametrize("part", BEFORE_CONTACTS, ids=lambda part: next(iter(part)))
async def test_the_defaults_by_which_contacts_were_read_stay(
    api: Api, part: dict[str, Any]
) -> None:
    campaign_id = await api.campaign(default_region="US", default_zone="America/New_York")
    await api.import_csv(campaign_id, NUMBERS)

    answer = await edit(api, campaign_id, part, status=422)

    [error] = answer["errors"]
    [(name, value)] = part.items()
    assert error["pointer"] == (f"/{name}/0" if isinstance(value, list) else f"/{name}")
    assert "delete the draft" in error["detail"]
    assert (await definition(api, campaign_id))["default_region"] == "US"


async def test_the_defaults_wait_for_an_import_that_reads_by_them(api: Api) -> None:
    campaign_id = await api.campaign()
    async with api.pool.acquire() as conn, conn.transaction():
        await locks.block_completion(conn, campaign_id)

        busy = await edit(api, campaign_id, {"default_region": "DE"}, status=409)
        await edit(api, campaign_id, {"call_flow": "survey"})

    assert busy["code"] == "import_under_way"
    await edit(api, campaign_id, {"default_region": "DE"})


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"trunk": "nowhere"}, "unknown_trunk"),
        ({"trunk": "second"}, "unknown_trunk"),
        ({"trunk": ["second"]}, "unknown_trunk"),
        ({"trunk": None}, "string_type"),
        ({"default_region": "ZZ"}, "unknown_region"),
        ({"default_region": "Germany"}, "string_pattern_mismatch"),
        ({"default_zone": "Mars/Olympus"}, "value_error"),
        ({"caller_id": "030 123"}, "string_pattern_mismatch"),
        ({"caller_id": "+12025550177"}, "unknown_caller_id"),
    ],
)
async def test_a_wrong_part_of_a_draft_is_refused_as_at_its_creation(
    api: Api, part: dict[str, Any], reason: str
) -> None:
    await a_second_trunk(api, for_every_tenant=False)
    campaign_id = await api.campaign()

    answer = await edit(api, campaign_id, part, status=422)

    [error] = answer["errors"]
    [(name, value)] = part.items()
    assert error["pointer"] == (f"/{name}/0" if isinstance(value, list) else f"/{name}")
    assert error["reason"] == reason


async def endpoints(api: Api) -> list[tuple[str, str]]:
    rows = await api.pool.fetch("SELECT url, secret FROM webhook_endpoints")
    return [(row["url"], row["secret"]) for row in rows]


async def test_a_webhook_is_added_moved_with_its_secret_and_removed(api: Api) -> None:
    campaign_id = await api.campaign()

    added = await edit(api, campaign_id, {"webhook": {"url": "https://example.com/a"}})
    secret = added["webhook"]["secret"]
    assert await endpoints(api) == [("https://example.com/a", secret)]

    moved = await edit(api, campaign_id, {"webhook": {"url": "https://example.com/b"}})
    assert moved["webhook"] is None
    assert await endpoints(api) == [("https://example.com/b", secret)]

    await edit(api, campaign_id, {"webhook": None})
    assert await endpoints(api) == []


async def test_a_webhook_that_was_tried_out_is_removed_with_its_deliveries(api: Api) -> None:
    campaign_id = await api.campaign(webhook={"url": "https://example.com/a"})
    [webhook] = (await api.get("/v1/webhooks"))["webhooks"]
    await api.post(f"/v1/webhooks/{webhook['id']}/test", status=202)

    await edit(api, campaign_id, {"webhook": None})

    assert await endpoints(api) == []
    assert await api.pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 0


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "/name"),
    ({"name": None}, "/name"),
    ({"name": "a\x00b"}, "/name"),
    ({"calendar": None}, "/calendar"),
    ({"calendar": {"windows": []}}, "/calendar/windows"),
    (
        {"calendar": {"windows": [MONDAYS["windows"][0] | {"end": "09:00"}]}},
        "/calendar/windows/0/end",
    ),
    ({"calendar": MONDAYS | {"end_date": "2020-02-01"}}, "/calendar/end_date"),
    (
        {"calendar": MONDAYS | {"start_date": "2030-02-05", "end_date": "2030-02-06"}},
        "/calendar/windows",
    ),
    ({"attempts": {"max_total": 1, "max_per_day": 2}}, "/attempts/max_per_day"),
    ({"caps": {"max_concurrent": 0}}, "/caps/max_concurrent"),
    ({"subject": "Not A Subject"}, "/subject"),
    ({"kind": "begging"}, "/kind"),
    ({"ring_seconds": 1}, "/ring_seconds"),
    ({"default_zone_windows": [ALWAYS]}, "/default_zone_windows"),
    (
        {"frequency_caps": [{"max_calls": 3, "hours": 24}, {"max_calls": 2, "hours": 48}]},
        "/frequency_caps",
    ),
    ({"trunk": ""}, "/trunk"),
    ({"trunk": []}, "/trunk"),
    ({"trunk": ["default", ""]}, "/trunk/1"),
    ({"trunk": ["default", "default"]}, "/trunk"),
    ({"webhook": {"url": "ftp://example.com"}}, "/webhook/url"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("body", "pointer"), WRONG)
async def test_an_invalid_whole_is_refused_by_its_field(
    api: Api, body: dict[str, Any], pointer: str
) -> None:
    campaign_id = await api.campaign()
    before = await definition(api, campaign_id)

    answer = await edit(api, campaign_id, body, status=422)

    assert [error["pointer"] for error in answer["errors"]] == [pointer]
    assert await definition(api, campaign_id) == before
    assert await trace(api) == []


async def test_a_campaign_whose_dates_are_over_can_still_be_renamed(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.pool.execute(
        """
        UPDATE campaigns
        SET definition = jsonb_set(definition, '{calendar,end_date}', '"2020-01-01"')
        """
    )

    await edit(api, campaign_id, {"name": "Over"})


@pytest.mark.parametrize(
    "change",
    [
        "wanted_state = 'cancelled'",
        "wanted_state = 'running', state = 'completed', started_at = now(), ended_at = now()",
    ],
)
async def test_an_ended_campaign_is_not_edited(api: Api, change: str) -> None:
    campaign_id = await api.campaign()
    await api.pool.execute("UPDATE campaigns SET " + change)

    answer = await edit(api, campaign_id, {"name": "x"}, status=409)

    assert answer["code"] == "campaign_ended"


async def test_an_object_of_another_tenant_is_not_found(api: Api) -> None:
    campaign_id = await api.campaign()

    await edit(await api.another(), campaign_id, {"name": "x"}, status=404)


async def test_edits_of_two_parts_at_once_are_both_kept(api: Api) -> None:
    campaign_id = await api.campaign()

    await asyncio.gather(
        edit(api, campaign_id, {"caps": {"max_concurrent": 3}}),
        edit(api, campaign_id, {"ring_seconds": 30}),
        edit(api, campaign_id, {"share": {"weight": 7}}),
    )

    after = await definition(api, campaign_id)
    assert after["caps"]["max_concurrent"] == 3
    assert after["ring_seconds"] == 30
    assert after["share"]["weight"] == 7


@pytest.mark.parametrize(
    ("part", "is_planned_anew"),
    [
        ({"attempts": {"max_total": 2, "retry": {"busy": {"delay_seconds": 5}}}}, True),
        ({"calendar": MONDAYS}, True),
        ({"frequency_caps": [{"max_calls": 1, "hours": 24}]}, True),
        ({"name": "Another name"}, False),
    ],
)
async def test_an_edit_of_times_lets_contacts_that_wait_be_planned_anew(
    api: Api, part: dict[str, Any], is_planned_anew: bool
) -> None:
    draft, started = await api.campaign(), await api.campaign()
    await api.import_csv(started, b"number\n+12025550123\n")
    await api.post(f"/v1/campaigns/{started}/start", status=202)

    for campaign_id in (draft, started):
        await edit(api, campaign_id, part)

    rows = await api.pool.fetch("SELECT replan_after FROM campaigns ORDER BY id")
    assert [row["replan_after"] for row in rows] == [None, "" if is_planned_anew else None]
