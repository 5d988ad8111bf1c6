"""A client of VoiceAIWrapper's API calls leads to their end, and reads them back in its words."""

from collections import Counter
from typing import Any

import aiohttp
import pytest

from shared.dialects.voiceaiwrapper import BY_PERSON, BY_VOICEMAIL
from tests.support.stack import RunningStack
from tests.support.subscribers import WebhookInbox, webhook_inbox
from tests.support.voiceaiwrapper import AGENT, CAMPAIGNS, OUTREACH
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

Json = dict[str, Any]
# Mobiles in Iceland, where no rule pack limits the hours.
LEADS = [f"+354613{number:04}" for number in range(80)]
CALLER_ID = "+3546140001"
ALL_DAY = {
    "timezone": "Atlantic/Reykjavik",
    "days_of_week": [
        "MONDAY",
        "TUESDAY",
        "WEDNESDAY",
        "THURSDAY",
        "FRIDAY",
        "SATURDAY",
        "SUNDAY",
    ],
    "daily_start_time": "00:00",
    "daily_end_time": "23:59:59",
    "max_call_attempts": 1,
}


async def ask(session: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> Json:
    async with session.request(method, url, json=body) as answer:
        told: Json = await answer.json()
        assert answer.status < 300, told
    return told | {"secret": answer.headers.get("Webhook-Secret")}


def told(inbox: WebhookInbox) -> Counter[str]:
    return Counter(event["event"] for event in inbox.taken.values())


async def test_a_client_of_voiceaiwrapper_calls_leads_to_their_end(stack: RunningStack) -> None:
    await stack.owner.add("/v1/agents", AGENT | {"name": "outreach"})
    await stack.owner.add("/v1/caller-ids", {"number": CALLER_ID})
    made = await stack.owner.add("/v1/dialect-credentials", {"dialect": "voiceaiwrapper"})
    ids, base = made["ids"], f"{made['base_url']}{CAMPAIGNS}"
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    async with (
        webhook_inbox() as inbox,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        body = (
            OUTREACH
            | ALL_DAY
            | {
                "assistant_id": ids["assistant_id"]["outreach"],
                "tenant_voice_provider_id": ids["tenant_voice_provider_id"]["default"],
                "phone_number_id": ids["phone_number_id"][CALLER_ID],
                "webhook_url": inbox.url,
            }
        )
        created = await ask(session, "POST", base, body)
        inbox.takes_all = True
        inbox.secret = created["secret"]
        campaign = f"{base}/{created['data']['campaign_id']}"
        leads = [
            {"phone_number": number, "first_name": f"P{index}", "custom_fields": {"place": index}}
            for index, number in enumerate(LEADS)
        ]
        await ask(session, "POST", f"{campaign}/leads/bulk", leads)
        refused = {"phone_number": LEADS[0], "do_not_call": True}
        await ask(session, "PATCH", f"{campaign}/leads/update/bulk", [refused])
        active = await ask(session, "POST", f"{campaign}/activate")

        async def all_done() -> bool:
            counts: Json = (await ask(session, "GET", campaign))["data"]["lead_counts"]
            return bool(counts["answered"] + counts["unanswered"] == len(LEADS))

        await until(all_done, every=0.1)
        await until(lambda: told(inbox)["lead.completed"] == len(LEADS))
        await stack.until_quiet()
        paused = await ask(session, "POST", f"{campaign}/pause")
        await until(lambda: told(inbox)["campaign.status_changed"] == 2)
        await stack.until_quiet()
        shown = (await ask(session, "GET", campaign))["data"]

    assert active["data"]["campaign_status"] == "ACTIVE"
    assert paused["data"]["campaign_status"] == shown["campaign_status"] == "PAUSED"
    counts = shown["lead_counts"]
    assert (counts["total"], counts["waiting"], counts["in_call"], counts["calls"]) == (
        80,
        0,
        0,
        79,
    )
    posts = [*inbox.taken.values()]
    calls = [post for post in posts if post["event"] == "call.completed"]
    ends = {
        post["lead"]["phone_number"]: post["outcome"]
        for post in posts
        if post["event"] == "lead.completed"
    }
    assert {post["campaign_id"] for post in posts} == {shown["campaign_id"]}
    assert sorted(post["lead"]["phone_number"] for post in calls) == LEADS[1:]
    assert {post["lead"]["custom_fields"]["place"] for post in calls} == set(range(1, 80))
    assert ends.keys() == set(LEADS)
    assert ends[LEADS[0]] == "excluded"
    answered = BY_PERSON | BY_VOICEMAIL
    assert counts["answered"] == sum(outcome in answered for outcome in ends.values()) > 0
    by = Counter(post["call"]["answered_by"] for post in calls)
    assert by["human"] + by["voicemail"] == counts["answered"]
    statuses = [
        post["campaign_status"] for post in posts if post["event"] == "campaign.status_changed"
    ]
    assert sorted(statuses) == ["ACTIVE", "PAUSED"]
    assert inbox.wrong == 0
    await stack.judge()
