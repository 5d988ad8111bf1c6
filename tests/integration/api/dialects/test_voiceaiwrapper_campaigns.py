"""Campaigns by VoiceAIWrapper's API: creation, changes, statuses, errors."""

import asyncio
from typing import Any

import pytest

from services.api.dialects.voiceaiwrapper.settings import FIXED, Settings
from shared.db import trunks
from shared.db.api.contacts import any_in
from shared.dialects.voiceaiwrapper import (
    CampaignStatus,
    Kind,
    campaign_status,
    global_id,
    number_of,
)
from shared.domain.campaigns import CampaignKey, CampaignState, WantedState
from tests.support.voiceaiwrapper import (
    AGENT,
    CAMPAIGNS,
    NUMBERS,
    OUTREACH,
    VoiceAIWrapper,
    a_client,
)

REQUIRED = "is required for OUTBOUND campaigns"


async def rows(client: VoiceAIWrapper) -> tuple[int, ...]:
    """How many rows there are of all that a creation may leave."""
    tables = ("campaigns", "voice_campaigns", "webhook_endpoints", "audit_log")
    return tuple([await client.native.pool.fetchval(f"SELECT count(*) FROM {t}") for t in tables])


async def test_the_documents_example_makes_a_draft(voiceaiwrapper: VoiceAIWrapper) -> None:
    answer = await voiceaiwrapper.ask("POST", CAMPAIGNS, json=voiceaiwrapper.body())

    made = answer.json()
    assert answer.status_code == 201
    assert made == {
        "status": "success",
        "message": "Campaign created successfully",
        "data": {
            "campaign_id": made["data"]["campaign_id"],
            "campaign_name": "Q4 Outreach",
            "campaign_type": "OUTBOUND",
            "campaign_status": "DRAFT",
        },
    }
    assert list(made) == ["status", "message", "data"]
    assert number_of(Kind.CAMPAIGN, made["data"]["campaign_id"])
    definition = await voiceaiwrapper.definition(made["data"]["campaign_id"])
    assert definition["calendar"]["zone"] == definition["default_zone"] == "America/New_York"


async def test_a_draft_may_have_past_dates_and_is_refused_when_it_is_to_run(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign = await voiceaiwrapper.campaign(end_date="2025-03-31")

    status, message, errors = await voiceaiwrapper.refused(
        "POST", f"{CAMPAIGNS}/{campaign}/activate"
    )

    assert (status, message) == (400, "Validation failed")
    assert errors == {"end_date": ["the last date is over everywhere"]}


WRONG: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
    ({"name": None}, {"name": ["is required"]}),
    ({"type": "BOTH"}, {"type": [""]}),
    ({"dialer_type": "single"}, {"dialer_type": [""]}),
    ({"start_date": None, "timezone": None}, {"start_date": [REQUIRED], "timezone": [REQUIRED]}),
    ({"days_of_week": None}, {"days_of_week": [REQUIRED]}),
    ({"daily_start_time": None}, {"daily_start_time": [REQUIRED]}),
    ({"daily_end_time": None}, {"daily_end_time": [REQUIRED]}),
    ({"max_call_attempts": None}, {"max_call_attempts": [REQUIRED]}),
    ({"max_daily_attempts": None}, {"max_daily_attempts": [REQUIRED]}),
    ({"min_gap_between_attempts": None}, {"min_gap_between_attempts": [REQUIRED]}),
    ({"end_date": "2025-01-01"}, {"end_date": ["must be after start_date"]}),
    (
        {"daily_end_time": "09:00"},
        {"daily_end_time": ["must be after daily_start_time, by a whole minute"]},
    ),
    (
        {"timezone": "Mars/Base"},
        {"timezone": ["unknown time zone; use an IANA name such as Europe/London"]},
    ),
    ({"phone_number_id": "+12025550199"}, {"phone_number_id": ["the tenant has no active caller"]}),
    (
        {"phone_number_id": "pn_abc123"},
        {
            "phone_number_id": [
                "the tenant has no active caller ID of this number; add it with POST /v1/caller-ids"
            ]
        },
    ),
    (
        {"phone_number_pool_id": global_id(Kind.NUMBER_POOL, 999)},
        {"phone_number_pool_id": ["the tenant has no phone number pool of this id"]},
    ),
    (
        {"tenant_voice_provider_id": "123"},
        {"tenant_voice_provider_id": ["the tenant has no voice"]},
    ),
    ({"assistant_id": "asst_other"}, {"assistant_id": ["is no active assistant of the tenant"]}),
    ({"vapi_calling_entity": "SQUAD"}, {"assistant_id": ["is no active assistant of the tenant"]}),
    ({"webhook_url": "ftp://yourapp.com"}, {"webhook_url": [""]}),
    ({"priority": 3}, {"priority": ["is not known"]}),
]


@pytest.mark.parametrize(("parts", "expected"), WRONG)
async def test_a_refused_creation_names_the_fields_and_leaves_no_row(
    voiceaiwrapper: VoiceAIWrapper, parts: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    before = await rows(voiceaiwrapper)

    status, message, errors = await voiceaiwrapper.refused(
        "POST", CAMPAIGNS, voiceaiwrapper.body(**parts)
    )

    assert (status, message) == (400, "Validation failed")
    assert errors.keys() == expected.keys()
    for name, texts in expected.items():
        (text,), (error,) = texts, errors[name]
        assert error.startswith(text)
        assert "leave the field out" not in error
    assert await rows(voiceaiwrapper) == before


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_call_attempts", (0, 101, "3", 1.5, True)),
        ("max_daily_attempts", (0, 101)),
        ("min_gap_between_attempts", (2, 43_201)),
        ("consider_voicemail_as_answered", ("yes", 1)),
        ("days_of_week", ([], ["monday"], "MONDAY")),
        ("daily_start_time", ("9:00", "24:00", "09:00:60")),
        ("start_date", (20_250_101, "01/01/2025", "2025-02-30")),
        ("webhook_url", ("yourapp.com", "")),
    ],
)
async def test_values_out_of_range_are_refused_by_name(
    voiceaiwrapper: VoiceAIWrapper, name: str, values: tuple[Any, ...]
) -> None:
    for value in values:
        body = voiceaiwrapper.body() | {name: value}
        status, _, errors = await voiceaiwrapper.refused("POST", CAMPAIGNS, body)
        (path,) = errors
        assert (status, path.partition(".")[0]) == (400, name), value


async def test_a_body_that_is_no_object_and_no_json_has_the_same_envelope(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    broken = await voiceaiwrapper.ask(
        "POST", CAMPAIGNS, content=b"{", headers={"Content-Type": "application/json"}
    )

    assert broken.status_code == 400
    assert broken.json() == {
        "status": "error",
        "message": "The body is not JSON in UTF-8",
        "errors": {},
    }
    assert (await voiceaiwrapper.refused("POST", CAMPAIGNS, [1]))[0] == 400
    half = await voiceaiwrapper.ask(
        "PATCH",
        f"{CAMPAIGNS}/{await voiceaiwrapper.campaign()}",
        content=b'{"\\ud800": 1}',
        headers={"Content-Type": "application/json"},
    )
    assert (half.status_code, half.json()["errors"]) == (400, {"?": ["is not known"]})
    assert (await voiceaiwrapper.refused("POST", "/api/v2/none"))[0] == 404


async def test_keys_that_are_unknown_or_too_narrow(voiceaiwrapper: VoiceAIWrapper) -> None:
    narrow = await voiceaiwrapper.native.post(
        "/v1/api-keys", {"name": "narrow", "scopes": ["calls"]}, status=201
    )
    answers = []
    for key in ("od_1_none", narrow["api_key"]):
        voiceaiwrapper.key = key
        answers.append((await voiceaiwrapper.refused("POST", CAMPAIGNS, {}))[0])

    assert answers == [401, 403]


async def test_only_the_fields_of_a_patch_change(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    before = await voiceaiwrapper.whole(campaign)

    answer = await voiceaiwrapper.patch(
        f"{CAMPAIGNS}/{campaign}", {"name": "Q1 Outreach", "max_call_attempts": 5}
    )

    assert answer == {
        "status": "success",
        "message": "Campaign updated successfully",
        "data": {
            "campaign_id": campaign,
            "campaign_name": "Q1 Outreach",
            "campaign_type": "OUTBOUND",
            "campaign_status": "DRAFT",
        },
    }
    after = await voiceaiwrapper.whole(campaign)
    changed = {"campaign_name": "Q1 Outreach", "max_call_attempts": 5}
    assert after == before | changed
    definition = await voiceaiwrapper.definition(campaign)
    assert (definition["name"], definition["attempts"]["max_total"]) == ("Q1 Outreach", 5)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"type": "INBOUND"}, {"type": ["never changes; create another campaign"]}),
        ({"start_date": "2026-01-01"}, {"start_date": ["never changes; create another campaign"]}),
        ({"end_date": None}, {"end_date": ["never changes; create another campaign"]}),
        (
            {"vapi_calling_entity": "SQUAD"},
            {"vapi_calling_entity": ["never changes; create another campaign"]},
        ),
        ({"agent": "x"}, {"agent": ["is not known"]}),
        ({"timezone": None}, {"timezone": [REQUIRED]}),
        (
            {"daily_end_time": "08:00"},
            {"daily_end_time": ["must be after daily_start_time, by a whole minute"]},
        ),
    ],
)
async def test_a_refused_patch_changes_nothing(
    voiceaiwrapper: VoiceAIWrapper, body: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    campaign = await voiceaiwrapper.campaign()
    before = await voiceaiwrapper.whole(campaign)

    refused = await voiceaiwrapper.refused("PATCH", f"{CAMPAIGNS}/{campaign}", {"name": "x"} | body)

    assert refused == (400, "Validation failed", errors)
    assert await voiceaiwrapper.whole(campaign) == before


async def test_what_the_owner_changed_natively_outlives_a_patch_of_other_fields(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign = await voiceaiwrapper.campaign()
    number = number_of(Kind.CAMPAIGN, campaign)
    await voiceaiwrapper.native.ask(
        "PATCH", f"/v1/campaigns/{number}", json={"kind": "informational"}
    )

    await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}", {"daily_end_time": "18:30:59"})

    definition = await voiceaiwrapper.definition(campaign)
    (window,) = definition["calendar"]["windows"]
    assert (definition["kind"], window["end"]) == ("informational", "18:30")


async def test_a_running_campaign_keeps_what_its_calls_are_made_of(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign = await voiceaiwrapper.campaign()
    path = f"{CAMPAIGNS}/{campaign}"
    await voiceaiwrapper.post(f"{path}/activate")

    refused = await voiceaiwrapper.refused("PATCH", path, {"phone_number_id": NUMBERS[1]})
    changed = await voiceaiwrapper.patch(path, {"days_of_week": ["SUNDAY"]})

    assert refused[0] == 400
    assert refused[2] == {"phone_number_id": ["can be changed only while the campaign is a draft"]}
    assert changed["data"]["campaign_status"] == "ACTIVE"


async def test_activate_pause_resume(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    answers = [
        await voiceaiwrapper.post(f"{CAMPAIGNS}/{campaign}/{word}")
        for word in ("activate", "activate", "pause", "pause", "resume")
    ]

    statuses = [answer["data"]["campaign_status"] for answer in answers]
    assert statuses == ["ACTIVE", "ACTIVE", "PAUSED", "PAUSED", "ACTIVE"]
    assert answers[0]["message"] == "Campaign activated successfully"
    assert len(voiceaiwrapper.native.published) == 5


async def test_commands_that_make_no_sense(voiceaiwrapper: VoiceAIWrapper) -> None:
    draft = await voiceaiwrapper.campaign()
    paused = await voiceaiwrapper.campaign()
    for word in ("activate", "pause"):
        await voiceaiwrapper.post(f"{CAMPAIGNS}/{paused}/{word}")

    refused = [
        await voiceaiwrapper.refused("POST", f"{CAMPAIGNS}/{campaign}/{word}")
        for campaign, word in ((draft, "pause"), (draft, "resume"), (paused, "activate"))
    ]

    assert refused == [
        (409, "A campaign that is DRAFT has no pause", {}),
        (409, "A campaign that is DRAFT has no resume", {}),
        (409, "A campaign that is PAUSED has no activate", {}),
    ]


@pytest.mark.parametrize(
    ("dialer", "field"), [("SINGLE", "phone_number_id"), ("POOL", "phone_number_pool_id")]
)
async def test_a_draft_without_a_number_gets_one_later_and_does_not_run_before(
    voiceaiwrapper: VoiceAIWrapper, dialer: str, field: str
) -> None:
    numbers = {"phone_number_id": None, "phone_number_pool_id": None}
    campaign = await voiceaiwrapper.campaign(dialer_type=dialer, **numbers)
    path = f"{CAMPAIGNS}/{campaign}"

    refused = await voiceaiwrapper.refused("POST", f"{path}/activate")
    await voiceaiwrapper.patch(path, {field: voiceaiwrapper.names[field]})
    answer = await voiceaiwrapper.post(f"{path}/activate")

    assert refused[2] == {field: ["a campaign that runs needs it; update the campaign first"]}
    assert answer["data"]["campaign_status"] == "ACTIVE"


async def test_the_list_has_pages_and_a_filter(voiceaiwrapper: VoiceAIWrapper) -> None:
    first, second = [await voiceaiwrapper.campaign() for _ in range(2)]
    inbound = await voiceaiwrapper.campaign(type="INBOUND")
    await voiceaiwrapper.native.campaign()

    page = (await voiceaiwrapper.get(CAMPAIGNS, limit=2))["data"]
    rest = (await voiceaiwrapper.get(CAMPAIGNS, limit=2, after=page["next"]))["data"]
    filtered = (await voiceaiwrapper.get(CAMPAIGNS, type="INBOUND"))["data"]

    assert [row["campaign_id"] for row in page["campaigns"]] == [inbound, second]
    assert [row["campaign_id"] for row in rest["campaigns"]] == [first]
    assert rest["next"] is None
    assert [row["campaign_id"] for row in filtered["campaigns"]] == [inbound]


async def test_an_inbound_campaign_is_bound_to_its_number_and_never_dialed(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    only = dict.fromkeys(OUTREACH) | {
        "name": "Support",
        "type": "INBOUND",
        "dialer_type": "SINGLE",
    }
    made = await voiceaiwrapper.post(CAMPAIGNS, voiceaiwrapper.body(**only), status=201)
    campaign = made["data"]["campaign_id"]
    path = f"{CAMPAIGNS}/{campaign}"

    assert made["message"] == "Campaign created successfully"
    assert made["data"]["campaign_type"] == "INBOUND"
    assert "never dialed" in made["data"]["notice"]
    taken = await voiceaiwrapper.refused("POST", CAMPAIGNS, voiceaiwrapper.body(**only))
    assert taken[2] == {"phone_number_id": ["another INBOUND campaign is bound to this number"]}
    freed = await voiceaiwrapper.native.ask("DELETE", f"/v1/caller-ids/{NUMBERS[0][1:]}")
    assert freed.json()["code"] == "caller_id_in_use"
    for word, body in (("activate", None), ("leads", {"phone_number": "+12025550123"})):
        refused = await voiceaiwrapper.refused("POST", f"{path}/{word}", body)
        assert refused[0] == 409
        assert "never dialed" in refused[1]
    number = number_of(Kind.CAMPAIGN, campaign)
    assert (await voiceaiwrapper.native.ask("GET", f"/v1/campaigns/{number}")).status_code == 404
    changed = await voiceaiwrapper.patch(path, {"phone_number_id": NUMBERS[1], "name": "Help"})
    assert changed["data"]["campaign_name"] == "Help"
    assert (await voiceaiwrapper.whole(campaign))["phone_number_id"] == NUMBERS[1]
    assert await voiceaiwrapper.campaign(**only)


async def test_another_tenants_ids_are_as_unknown_ids(voiceaiwrapper: VoiceAIWrapper) -> None:
    other = await a_client(await voiceaiwrapper.native.another())
    theirs = await other.campaign()
    unknown = global_id(Kind.CAMPAIGN, 1 << 40)

    largest = global_id(Kind.CAMPAIGN, (1 << 63) - 1)

    for campaign in (theirs, unknown, largest, "VoiceCampaign:1", global_id(Kind.TENANT, 1)):
        path = f"{CAMPAIGNS}/{campaign}"
        for method, end, body in (
            ("GET", "", None),
            ("PATCH", "", {"name": "x"}),
            ("POST", "/activate", None),
            ("POST", "/leads", {"phone_number": "+12025550123"}),
            ("POST", "/leads/bulk", [{"phone_number": "+12025550123"}]),
            ("PATCH", "/leads/update/bulk", [{"phone_number": "+12025550123"}]),
        ):
            refused = await voiceaiwrapper.refused(method, f"{path}{end}", body)
            assert refused == (404, "Campaign not found", {}), (campaign, method, end)
    pool = other.names["phone_number_pool_id"]
    refused = await voiceaiwrapper.refused(
        "POST", CAMPAIGNS, voiceaiwrapper.body(phone_number_pool_id=pool)
    )
    assert refused[2].keys() == {"phone_number_pool_id"}
    assert (await other.whole(theirs))["lead_counts"]["total"] == 0
    key = CampaignKey(other.native.tenant_id, number_of(Kind.CAMPAIGN, theirs) or 0)
    async with voiceaiwrapper.native.pool.acquire() as conn:
        assert not await any_in(conn, key)


async def test_the_webhook_has_a_secret_that_is_told_once(voiceaiwrapper: VoiceAIWrapper) -> None:
    created = await voiceaiwrapper.ask("POST", CAMPAIGNS, json=voiceaiwrapper.body())
    path = f"{CAMPAIGNS}/{created.json()['data']['campaign_id']}"
    moved, removed, again = [
        await voiceaiwrapper.ask("PATCH", path, json={"webhook_url": url})
        for url in ("https://example.com/two", None, "https://example.com/three")
    ]

    assert created.headers["webhook-secret"].startswith("whsec_")
    assert created.headers["cache-control"] == "no-store"
    assert "webhook-secret" not in moved.headers
    assert "webhook-secret" not in removed.headers
    assert again.headers["webhook-secret"] != created.headers["webhook-secret"]
    (endpoint,) = (await voiceaiwrapper.native.get("/v1/webhooks"))["webhooks"]
    assert endpoint["url"] == "https://example.com/three"


async def test_a_new_address_is_posted_to_also_when_the_former_one_was_gone(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign = await voiceaiwrapper.campaign()
    await voiceaiwrapper.native.pool.execute("UPDATE webhook_endpoints SET disabled_at = now()")

    await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}", {"webhook_url": "https://example.com/2"})

    (endpoint,) = (await voiceaiwrapper.native.get("/v1/webhooks"))["webhooks"]
    assert (endpoint["url"], endpoint["disabled_at"]) == ("https://example.com/2", None)


async def test_a_webhook_of_a_campaign_that_runs_ends_and_its_posts_stay_on_record(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    pool = voiceaiwrapper.native.pool
    campaign = await voiceaiwrapper.campaign()
    path = f"{CAMPAIGNS}/{campaign}"
    await voiceaiwrapper.post(f"{path}/activate")
    await pool.execute(
        """
        INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, event_id, event_at)
        SELECT tenant_id, id, 1, gen_random_uuid(), now() FROM webhook_endpoints
        """
    )

    await voiceaiwrapper.patch(path, {"webhook_url": None})
    ended = await pool.fetch("SELECT state, last_error FROM webhook_deliveries")
    listed = (await voiceaiwrapper.native.get("/v1/webhooks"))["webhooks"]
    again = await voiceaiwrapper.ask(
        "PATCH", path, json={"webhook_url": "https://example.com/three"}
    )

    assert [tuple(row) for row in ended] == [("exhausted", "endpoint disabled")]
    assert listed == []
    assert again.headers["webhook-secret"].startswith("whsec_")
    (endpoint,) = (await voiceaiwrapper.native.get("/v1/webhooks"))["webhooks"]
    assert (endpoint["url"], endpoint["disabled_at"]) == ("https://example.com/three", None)


async def test_null_is_as_a_field_that_is_left_out(voiceaiwrapper: VoiceAIWrapper) -> None:
    body = voiceaiwrapper.body() | {"consider_voicemail_as_answered": None}

    made = await voiceaiwrapper.post(CAMPAIGNS, body, status=201)

    whole = await voiceaiwrapper.whole(made["data"]["campaign_id"])
    assert whole["consider_voicemail_as_answered"] is False


async def test_of_two_inbound_campaigns_one_gets_the_number(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaigns = [
        await voiceaiwrapper.campaign(type="INBOUND", phone_number_id=None) for _ in range(2)
    ]

    answers = await asyncio.gather(
        *(
            voiceaiwrapper.ask(
                "PATCH", f"{CAMPAIGNS}/{campaign}", json={"phone_number_id": NUMBERS[1]}
            )
            for campaign in campaigns
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 400]
    (refused,) = [answer.json() for answer in answers if answer.status_code == 400]
    taken = ["another INBOUND campaign is bound to this number"]
    assert refused["errors"] == {"phone_number_id": taken}


async def test_a_change_of_the_webhook_alone_is_in_the_audit_log(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign = await voiceaiwrapper.campaign()

    await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}", {"webhook_url": "https://example.com/2"})
    await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}", {"webhook_url": "https://example.com/2"})

    entries = (await voiceaiwrapper.native.get("/v1/audit-log"))["audit_log"]
    (entry,) = [each for each in entries if each["operation"] == "update_voice_campaign"]
    assert entry["resource_id"] == str(number_of(Kind.CAMPAIGN, campaign))
    assert (entry["before"], entry["after"]) == (
        {"webhook_url": OUTREACH["webhook_url"]},
        {"webhook_url": "https://example.com/2"},
    )


async def test_a_native_deletion_of_the_draft_takes_it_away(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()

    number = number_of(Kind.CAMPAIGN, campaign)
    await voiceaiwrapper.native.ask("DELETE", f"/v1/campaigns/{number}")

    refused = await voiceaiwrapper.refused("GET", f"{CAMPAIGNS}/{campaign}")
    assert refused == (404, "Campaign not found", {})


# Each field with another value than the document's example, and the parts of the definition that
# follow from it. None: it is kept for a change of the dialer type, see the next test.
WALK: dict[str, tuple[Any, dict[str, Any] | None]] = {
    "name": ("Spring", {"name": "Spring"}),
    "assistant_id": ("asst_xyz", {"agent": "second"}),
    "tenant_voice_provider_id": ("$spare", {"trunk": "spare", "agent": "third"}),
    "dialer_type": ("POOL", {"caller_id": None, "number_pool": "north"}),
    "vapi_calling_entity": ("SQUAD", {"agent": "squad"}),
    "phone_number_id": (NUMBERS[1], {"caller_id": NUMBERS[1]}),
    "phone_number_pool_id": ("$south", None),
    "start_date": ("2025-02-01", {"calendar.start_date": "2025-02-01"}),
    "end_date": ("2199-05-31", {"calendar.end_date": "2199-05-31"}),
    "timezone": (
        "Europe/Berlin",
        {"calendar.zone": "Europe/Berlin", "default_zone": "Europe/Berlin"},
    ),
    "days_of_week": (["SUNDAY"], {"calendar.windows.0.days": ["sun"]}),
    "daily_start_time": ("10:00:01", {"calendar.windows.0.start": "10:01"}),
    "daily_end_time": ("16:59:59", {"calendar.windows.0.end": "16:59"}),
    "max_call_attempts": (7, {"attempts.max_total": 7}),
    "max_daily_attempts": (2, {"attempts.max_per_day": 2, "attempts.max_per_window": 2}),
    "min_gap_between_attempts": (
        3,
        {"attempts.min_gap_seconds": 180, "attempts.delays_seconds": [180]},
    ),
    "consider_voicemail_as_answered": (
        False,
        {
            "machine.action": "hang_up",
            "attempts.retry.machine_no_message": {"delay_seconds": None, "max_attempts": None},
            "attempts.retry.machine_message_left": {"delay_seconds": None, "max_attempts": None},
        },
    ),
}
# `type` has a test of its own above, `webhook_url` too.
BESIDE = {"type", "webhook_url"}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a document by their paths; texts in a list are one leaf."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = {str(index): part for index, part in enumerate(value)}
    if not isinstance(value, dict) or path.startswith("attempts.retry."):
        return {path: value}
    leaves: dict[str, Any] = {}
    for name, part in value.items():
        leaves |= flat(part, f"{path}.{name}" if path else name)
    return leaves


async def walkable(client: VoiceAIWrapper) -> dict[str, str]:
    """Further things that a campaign may name; their ids by `$` and their names."""
    async with client.native.pool.acquire() as conn:
        spare = await trunks.upsert(
            conn, name="spare", provider="simulated", settings={"url": "http://127.0.0.1:9"}
        )
    for name, kind, trunk, provider_id in (
        ("second", "assistant", "default", "asst_xyz"),
        ("third", "assistant", "spare", "asst_abc123"),
        ("squad", "squad", "default", "asst_abc123"),
    ):
        agent = AGENT | {"name": name, "kind": kind, "trunk": trunk}
        await client.native.post(
            "/v1/agents", agent | {"provider_agent_id": provider_id}, status=201
        )
    south = await client.native.post(
        "/v1/number-pools", {"name": "south", "numbers": [NUMBERS[1]]}, status=201
    )
    return {
        "$spare": global_id(Kind.PROVIDER, spare),
        "$south": global_id(Kind.NUMBER_POOL, south["id"]),
    }


async def test_each_field_has_its_effect_when_created_and_when_changed(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    ids = await walkable(voiceaiwrapper)
    usual = flat(await voiceaiwrapper.definition(await voiceaiwrapper.campaign()))
    assert WALK.keys() | BESIDE == Settings.model_fields.keys()
    for name, (value, effect) in WALK.items():
        sent = ids.get(value, value) if isinstance(value, str) else value
        created = await voiceaiwrapper.campaign(**{name: sent})
        assert flat(await voiceaiwrapper.definition(created)) == usual | (effect or {}), name
        if name == "tenant_voice_provider_id" or name in FIXED:
            continue
        changed = await voiceaiwrapper.campaign()
        await voiceaiwrapper.patch(f"{CAMPAIGNS}/{changed}", {name: sent})
        assert flat(await voiceaiwrapper.definition(changed)) == usual | (effect or {}), name


@pytest.mark.parametrize(
    ("first", "then", "shown"),
    [
        ("SINGLE", "POOL", (None, "north")),
        ("POOL", "SINGLE", (NUMBERS[0], None)),
    ],
)
async def test_what_the_dialer_type_does_not_use_is_kept_for_the_other(
    voiceaiwrapper: VoiceAIWrapper, first: str, then: str, shown: tuple[str | None, ...]
) -> None:
    campaign = await voiceaiwrapper.campaign(dialer_type=first)

    await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}", {"dialer_type": then})

    definition = await voiceaiwrapper.definition(campaign)
    assert (definition["caller_id"], definition["number_pool"]) == shown


async def test_an_assistant_may_be_a_call_flow_of_the_tenant(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    flow = voiceaiwrapper.ids["assistant_id_of_call_flow"]["reminder"]

    campaign = await voiceaiwrapper.campaign(assistant_id=flow, vapi_calling_entity=None)
    refused = await voiceaiwrapper.refused(
        "POST", CAMPAIGNS, voiceaiwrapper.body(assistant_id=flow)
    )

    definition = await voiceaiwrapper.definition(campaign)
    assert (definition["agent"], definition["call_flow"]["name"]) == (None, "reminder")
    assert refused[2].keys() == {"vapi_calling_entity"}


async def test_the_zone_of_leads_that_are_there_stays(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    await voiceaiwrapper.leads(campaign, "+12025550123")

    await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}", {"timezone": "Europe/Berlin"})

    definition = await voiceaiwrapper.definition(campaign)
    assert definition["calendar"]["zone"] == "Europe/Berlin"
    assert definition["default_zone"] == "America/New_York"


def test_each_state_has_a_status() -> None:
    assert {
        campaign_status(state, wanted) for state in CampaignState for wanted in WantedState
    } == set(CampaignStatus)
    assert campaign_status(CampaignState.COMPLETED, WantedState.PAUSED) is CampaignStatus.COMPLETED
