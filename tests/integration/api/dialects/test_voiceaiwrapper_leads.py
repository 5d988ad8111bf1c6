"""Leads by VoiceAIWrapper's API, in both versions: added, changed, opted out, called again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.db import counters
from shared.dialects.voiceaiwrapper import Kind, global_id, number_of
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from tests.support.contact_numbers import SECOND, THIRD, give_numbers
from tests.support.voiceaiwrapper import CAMPAIGNS, VoiceAIWrapper

ONE, TWO, THREE = "+12025550123", "+12025550124", "+12025550125"
ADDED = {"status": "success", "message": "Lead added to the campaign successfully"}
QUEUED = {"status": "success", "message": "Leads are queued to be added to the campaign"}
UPDATED = {"status": "success", "message": "Lead updated successfully"}
JANE = {
    "phone_number": ONE,
    "first_name": "Jane",
    "last_name": "Doe",
    "email": "jane@example.com",
    "custom_fields": {"plan": "gold", "age": 41},
}
V1 = "/v1/api/voice-campaigns"


def tenant_of(client: VoiceAIWrapper) -> str:
    (own,) = client.ids["tenant_id"].values()
    return str(own)


async def contact(client: VoiceAIWrapper, campaign: str, number: str) -> dict[str, Any]:
    found = await client.native.get(f"/v1/contacts?number={number.replace('+', '%2B')}")
    own = number_of(Kind.CAMPAIGN, campaign)
    (one,) = [row for row in found["contacts"] if row["campaign_id"] == own]
    return dict(one)


async def finish(
    client: VoiceAIWrapper, campaign: str, number: str, outcome: str, *, attempts: int = 1
) -> None:
    """As the fold of a call that ended does it."""
    key = CampaignKey(client.native.tenant_id, number_of(Kind.CAMPAIGN, campaign) or 0)
    async with client.native.pool.acquire() as conn, conn.transaction():
        group_id = await conn.fetchval(
            """
            UPDATE contacts SET state = 'finished', outcome = $4, attempts = $5, waits_for = NULL,
                day = current_date, attempts_on_day = $5
            WHERE tenant_id = $1 AND campaign_id = $2 AND number = $3
            RETURNING calling_group_id
            """,
            *key,
            number,
            outcome,
            attempts,
        )
        await conn.execute(
            """
            UPDATE waiting_contacts SET contacts = contacts - 1
            WHERE tenant_id = $1 AND campaign_id = $2 AND calling_group_id = $3
                AND waits_for = 'new'
            """,
            *key,
            group_id,
        )
        name = counters.FINISHED + outcome
        await counters.add(
            conn,
            [
                (key, name, 1),
                (key, counters.ATTEMPTS, attempts),
                (key, counters.OUTCOME + outcome, attempts),
            ],
        )


async def waiting(client: VoiceAIWrapper) -> int:
    total: int = await client.native.pool.fetchval(
        "SELECT coalesce(sum(contacts), 0) FROM waiting_contacts"
    )
    return total


@pytest.mark.parametrize("version", [1, 2])
async def test_a_lead_is_added_with_what_is_known_of_it(
    voiceaiwrapper: VoiceAIWrapper, version: int
) -> None:
    campaign = await voiceaiwrapper.campaign()
    if version == 1:
        body = JANE | {"tenant_id": tenant_of(voiceaiwrapper)}
        answer = await voiceaiwrapper.post(f"{V1}/{campaign}/leads", body, status=201)
    else:
        answer = await voiceaiwrapper.post(f"{CAMPAIGNS}/{campaign}/leads", JANE, status=201)

    assert answer == ADDED
    assert (await contact(voiceaiwrapper, campaign, ONE))["attributes"] == {
        "first_name": "Jane",
        "last_name": "Doe",
        "email": "jane@example.com",
        "plan": "gold",
        "age": 41,
    }
    assert (await voiceaiwrapper.whole(campaign))["lead_counts"] == {
        "total": 1,
        "waiting": 1,
        "in_call": 0,
        "answered": 0,
        "unanswered": 0,
        "calls": 0,
    }


async def test_a_lead_is_unique_by_its_number(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    await voiceaiwrapper.leads(campaign, ONE)

    again = await voiceaiwrapper.refused("POST", f"{CAMPAIGNS}/{campaign}/leads", JANE)
    other = await voiceaiwrapper.campaign()
    assert await voiceaiwrapper.post(f"{CAMPAIGNS}/{other}/leads", JANE, status=201) == ADDED

    assert again == (
        400,
        "Validation failed",
        {"phone_number": ["is already a lead of this campaign; update that one"]},
    )


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ({"phone_number": "2025550123"}, ["phone_number"]),
        ({"phone_number": "+1"}, ["phone_number"]),
        ({"phone_number": 12_025_550_123}, ["phone_number"]),
        ({"first_name": 1}, ["first_name"]),
        ({"email": "x" * 257}, ["email"]),
        ({"custom_fields": []}, ["custom_fields"]),
        ({"custom_fields": {"first_name": "J"}}, ["custom_fields"]),
        ({"custom_fields": {"note": "a\0"}}, ["custom_fields"]),
        ({"company": "Acme"}, ["company"]),
        ({"number": ONE}, ["number"]),
    ],
)
async def test_a_lead_that_is_wrong_is_refused_by_its_field(
    voiceaiwrapper: VoiceAIWrapper, parts: dict[str, Any], names: list[str]
) -> None:
    campaign = await voiceaiwrapper.campaign()

    refused = await voiceaiwrapper.refused(
        "POST", f"{CAMPAIGNS}/{campaign}/leads", {"phone_number": ONE} | parts
    )

    assert (refused[0], list(refused[2])) == (400, names)
    assert (await voiceaiwrapper.whole(campaign))["lead_counts"]["total"] == 0


async def test_the_first_version_needs_the_tenant_of_the_key(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign = await voiceaiwrapper.campaign()
    path = f"{V1}/{campaign}/leads"

    missing = await voiceaiwrapper.refused("POST", path, {"phone_number": ONE})
    others = [
        await voiceaiwrapper.refused("POST", path, {"phone_number": ONE, "tenant_id": tenant})
        for tenant in (global_id(Kind.TENANT, 999), "Tenant:1")
    ]
    update = await voiceaiwrapper.refused(
        "PATCH",
        f"{V1}/{campaign}/lead/update",
        {"phone_number": ONE, "tenant_id": global_id(Kind.TENANT, 999)},
    )

    assert missing == (400, "Validation failed", {"tenant_id": ["is required"]})
    assert {*map(str, others), str(update)} == {str((403, "The API key is not of this tenant", {}))}


async def test_bulk_leads_are_there_after_the_answer(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()

    answer = await voiceaiwrapper.leads(campaign, ONE, TWO)
    partly = await voiceaiwrapper.leads(campaign, TWO, "none", THREE)

    assert answer == QUEUED
    assert partly["message"] == QUEUED["message"]
    assert list(partly["errors"]) == ["0.phone_number", "1.phone_number"]
    assert (await voiceaiwrapper.whole(campaign))["lead_counts"]["total"] == 3


async def test_a_bulk_that_is_empty_or_too_long_or_wrong(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    for path, method in (("leads/bulk", "POST"), ("leads/update/bulk", "PATCH")):
        wrong: list[Any] = [[], [{"phone_number": ONE}] * 1_001, {"phone_number": ONE}, [{}], [1]]
        for body in wrong:
            refused = await voiceaiwrapper.refused(method, f"{CAMPAIGNS}/{campaign}/{path}", body)
            assert refused[0] == 400
            assert refused[2]


async def test_bulk_updates_have_a_result_each(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    await voiceaiwrapper.post(f"{CAMPAIGNS}/{campaign}/leads", JANE, status=201)
    changes: list[dict[str, Any]] = [
        {"phone_number": ONE, "first_name": "Ann", "email": None, "custom_fields": {"age": 42}},
        {"phone_number": TWO, "first_name": "Bob"},
        {"phone_number": "none"},
        {"phone_number": ONE, "custom_fields": {"plan": None, "note": "call back"}},
        {"phone_number": ONE, "custom_fields": {"note": "x" * 65_000}, "last_name": "y" * 256},
        {"phone_number": ONE, "mark_as_unanswered": True},
    ]

    answer = await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}/leads/update/bulk", changes)

    assert answer["status"] == "success"
    assert answer["message"] == "Bulk lead update completed"
    assert [row["index"] for row in answer["results"]] == [0, 1, 2, 3, 4, 5]
    assert [row["phone_number"] for row in answer["results"]] == [
        change["phone_number"] for change in changes
    ]
    assert [(row["success"], row["message"]) for row in answer["results"]] == [
        (True, "Lead updated successfully"),
        (False, "Lead not found"),
        (False, "Lead not found"),
        (True, "Lead updated successfully"),
        (True, "Lead updated successfully"),
        (False, "Lead is not answered"),
    ]
    attributes = (await contact(voiceaiwrapper, campaign, ONE))["attributes"]
    assert attributes.pop("note") == "x" * 65_000
    assert attributes == {"first_name": "Ann", "last_name": "y" * 256, "age": 42}


async def test_one_lead_is_updated_by_the_first_version(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    await voiceaiwrapper.leads(campaign, ONE)
    path = f"{V1}/{campaign}/lead/update"

    body = {"phone_number": ONE, "first_name": "Ann", "tenant_id": tenant_of(voiceaiwrapper)}
    assert await voiceaiwrapper.patch(path, body) == UPDATED
    unknown = await voiceaiwrapper.refused("PATCH", path, {"phone_number": TWO})
    idle = await voiceaiwrapper.refused(
        "PATCH", path, {"phone_number": ONE, "mark_as_unanswered": True}
    )

    assert unknown == (404, "Lead not found", {})
    assert idle == (409, "Lead is not answered", {})


async def test_do_not_call_stops_all_campaigns_and_nothing_here_lifts_it(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign, other = [await voiceaiwrapper.campaign() for _ in range(2)]
    for one in (campaign, other):
        await voiceaiwrapper.leads(one, ONE, TWO)
    path = f"{V1}/{campaign}/lead/update"

    for value in (False, True):
        body = {"phone_number": ONE, "do_not_call": value}
        assert await voiceaiwrapper.patch(path, body) == UPDATED
    lifted = await voiceaiwrapper.refused(
        "PATCH", path, {"phone_number": ONE, "do_not_call": False}
    )
    both = await voiceaiwrapper.refused(
        "PATCH", path, {"phone_number": ONE, "do_not_call": True, "mark_as_unanswered": True}
    )

    assert lifted[:2] == (409, "Lead opted out; only Outdial's own API lifts a suppression")
    assert both[2] == {"mark_as_unanswered": ["contradicts do_not_call"]}
    for one in (campaign, other):
        assert (await contact(voiceaiwrapper, one, ONE))["outcome"] == Outcome.EXCLUDED
        counts = (await voiceaiwrapper.whole(one))["lead_counts"]
        assert (counts["waiting"], counts["unanswered"]) == (1, 1)
    third = await voiceaiwrapper.campaign()
    assert await voiceaiwrapper.leads(third, ONE) == QUEUED
    assert (await voiceaiwrapper.whole(third))["lead_counts"]["waiting"] == 0
    assert await waiting(voiceaiwrapper) == 2


async def test_do_not_call_is_about_all_numbers_of_a_lead(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign()
    await voiceaiwrapper.leads(campaign, ONE, TWO)
    lead = await contact(voiceaiwrapper, campaign, ONE)
    async with voiceaiwrapper.native.pool.acquire() as conn:
        await give_numbers(conn, int(lead["id"]), [(SECOND, ["UTC"]), (THIRD, ["UTC"])])

    body = {"phone_number": ONE, "do_not_call": True}
    assert await voiceaiwrapper.patch(f"{V1}/{campaign}/lead/update", body) == UPDATED

    rows = await voiceaiwrapper.native.pool.fetch("SELECT number FROM suppressions")
    assert {row["number"] for row in rows} == {ONE, SECOND, THIRD}
    assert (await contact(voiceaiwrapper, campaign, ONE))["outcome"] == Outcome.EXCLUDED


@pytest.mark.parametrize(
    ("outcome", "voicemail", "is_answered"),
    [
        (Outcome.ANSWERED_HUMAN, False, True),
        (Outcome.MACHINE_NO_MESSAGE, True, True),
        (Outcome.MACHINE_NO_MESSAGE, False, False),
        (Outcome.NO_ANSWER, True, False),
    ],
)
async def test_a_lead_that_was_answered_is_called_again(
    voiceaiwrapper: VoiceAIWrapper, outcome: Outcome, *, voicemail: bool, is_answered: bool
) -> None:
    campaign = await voiceaiwrapper.campaign(
        consider_voicemail_as_answered=voicemail, max_daily_attempts=2
    )
    await voiceaiwrapper.leads(campaign, ONE)
    await finish(voiceaiwrapper, campaign, ONE, outcome)
    before = (await voiceaiwrapper.whole(campaign))["lead_counts"]

    (result,) = (
        await voiceaiwrapper.patch(
            f"{CAMPAIGNS}/{campaign}/leads/update/bulk",
            [{"phone_number": ONE, "mark_as_unanswered": True}],
        )
    )["results"]

    after = (await voiceaiwrapper.whole(campaign))["lead_counts"]
    lead = await contact(voiceaiwrapper, campaign, ONE)
    assert before["answered"] == int(is_answered)
    assert result["success"] is is_answered
    assert after["waiting"] == int(is_answered)
    assert after["answered"] == 0
    assert await waiting(voiceaiwrapper) == int(is_answered)
    assert (lead["state"], lead["attempts"]) == ("pending" if is_answered else "finished", 1)


async def test_a_lead_is_called_again_within_its_budgets(voiceaiwrapper: VoiceAIWrapper) -> None:
    campaign = await voiceaiwrapper.campaign(max_call_attempts=2)
    await voiceaiwrapper.leads(campaign, ONE, TWO)
    await finish(voiceaiwrapper, campaign, ONE, Outcome.ANSWERED_HUMAN)
    await finish(voiceaiwrapper, campaign, TWO, Outcome.ANSWERED_HUMAN, attempts=2)
    again = [{"phone_number": number, "mark_as_unanswered": True} for number in (ONE, TWO)]

    answer = await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}/leads/update/bulk", again)

    assert [row["message"] for row in answer["results"]] == [
        "Lead updated successfully",
        "Lead has no call attempts left; raise max_call_attempts first",
    ]
    lead = await contact(voiceaiwrapper, campaign, ONE)
    assert lead["waits_for"] == "day"
    due = datetime.fromisoformat(lead["not_before"])
    assert due - datetime.now(tz=due.tzinfo) < timedelta(hours=31)


async def test_people_opt_out_of_a_campaign_that_has_ended_and_nobody_is_called_again(
    voiceaiwrapper: VoiceAIWrapper,
) -> None:
    campaign, other = [await voiceaiwrapper.campaign() for _ in range(2)]
    for one in (campaign, other):
        await voiceaiwrapper.leads(one, ONE, TWO)
    await finish(voiceaiwrapper, campaign, TWO, Outcome.ANSWERED_HUMAN)
    number = number_of(Kind.CAMPAIGN, campaign)
    await voiceaiwrapper.native.post(f"/v1/campaigns/{number}/cancel", status=202)
    ended = "Lead is not called again: the campaign is completed or cancelled"
    changes: list[dict[str, Any]] = [
        {"phone_number": ONE, "do_not_call": True},
        {"phone_number": TWO, "mark_as_unanswered": True},
    ]

    added = await voiceaiwrapper.refused(
        "POST", f"{CAMPAIGNS}/{campaign}/leads", {"phone_number": THREE}
    )
    answer = await voiceaiwrapper.patch(f"{CAMPAIGNS}/{campaign}/leads/update/bulk", changes)
    again = await voiceaiwrapper.refused("PATCH", f"{V1}/{campaign}/lead/update", changes[1])

    assert added == (409, "The campaign is completed or cancelled", {})
    assert [(row["success"], row["message"]) for row in answer["results"]] == [
        (True, "Lead updated successfully"),
        (False, ended),
    ]
    assert again == (409, ended, {})
    assert (await contact(voiceaiwrapper, other, ONE))["outcome"] == Outcome.EXCLUDED
    counts = [(await voiceaiwrapper.whole(one))["lead_counts"] for one in (campaign, other)]
    assert [(each["answered"], each["waiting"]) for each in counts] == [(1, 0), (0, 1)]
    assert (await voiceaiwrapper.whole(campaign))["campaign_status"] == "ARCHIVED"
