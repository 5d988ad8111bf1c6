"""No field of Wavix's API is without effect: what differs in one field only differs afterwards."""

from typing import Any

import pytest

from services.api.dialects.wavix.cdrs import CdrPageQuery
from services.api.dialects.wavix.voice_campaigns import VoiceCampaign
from services.api.dialects.wavix.webhooks import NewWebhook
from tests.integration.api.dialects.test_wavix_cdrs import DAY, calls_of
from tests.support.wavix import FLOW, Wavix

URL = "https://example.com/wavix"
OTHER_CALLER_ID = "13123310913"
# Another value of each field. That of `appid` is the key of another tenant.
CAMPAIGN: dict[str, Any] = {
    "callflow_id": None,
    "contact": "12025550199",
    "caller_id": OTHER_CALLER_ID,
    "callback_url": URL,
}
CDRS: dict[str, Any] = {
    "appid": None,
    "from": "2026-11-17",
    "to": "2026-11-19",
    "type": "received",
    "disposition": "busy",
    "from_search": "999",
    "to_search": "4420",
    "sip_trunk": "other",
    "uuid": None,
    "page": 2,
    "per_page": 1,
}
WEBHOOK = {"url": f"{URL}/2", "event_type": "on-call"}


def names(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_walk_is_over_all_fields() -> None:
    assert names(VoiceCampaign) == CAMPAIGN.keys()
    assert names(CdrPageQuery) == CDRS.keys()
    assert names(NewWebhook) == WEBHOOK.keys()


async def stored(wavix: Wavix, call: dict[str, Any]) -> list[Any]:
    """What a call is made of: the number, the definition of its campaign, and its endpoint."""
    contact = await wavix.native.get(f"/v1/contacts/{call['id']}")
    campaign = await wavix.native.get(f"/v1/campaigns/{contact['campaign_id']}")
    own = campaign["definition"]
    urls = await wavix.native.pool.fetch(
        "SELECT url, rendering FROM webhook_endpoints WHERE campaign_id = $1", campaign["id"]
    )
    return [contact["number"], own["call_flow"], own["caller_id"], list(map(tuple, urls))]


@pytest.mark.parametrize("field", CAMPAIGN)
async def test_each_field_of_a_voice_campaign_changes_the_call(wavix: Wavix, field: str) -> None:
    api = wavix.native
    flow = await api.post("/v1/call-flows", {"name": "other", "flow": FLOW}, status=201)
    await api.post("/v1/caller-ids", {"number": f"+{OTHER_CALLER_ID}"}, status=201)
    value = flow["id"] if field == "callflow_id" else CAMPAIGN[field]

    before = await stored(wavix, await wavix.call())
    after = await stored(wavix, await wavix.call(**{field: value}))

    places = ["contact", "callflow_id", "caller_id", "callback_url"]
    assert [name for name, was, now in zip(places, before, after, strict=True) if was != now] == [
        field
    ]


@pytest.mark.parametrize("field", CDRS)
async def test_each_parameter_changes_the_list_of_records(wavix: Wavix, field: str) -> None:
    ids = await calls_of(wavix)
    value = ids["first"] if field == "uuid" else CDRS[field]
    if field == "appid":
        other = await wavix.native.another()
        made = await other.post("/v1/dialect-credentials", {"dialect": "wavix"}, status=201)
        value = made["api_key"]

    usual, other_list = [
        (await wavix.ask("GET", "/v1/cdr", params=DAY | changes)).json()["items"]
        for changes in ({}, {field: value})
    ]

    assert usual != other_list


@pytest.mark.parametrize("field", WEBHOOK)
async def test_each_field_changes_the_webhooks(wavix: Wavix, field: str) -> None:
    lists = []
    for changes in ({}, {field: WEBHOOK[field]}):
        body = {"url": URL, "event_type": "post-call"} | changes
        await wavix.ask("POST", "/v1/call/webhooks", json=body)
        lists.append((await wavix.ask("GET", "/v1/call/webhooks")).json())

    assert lists[0] != lists[1]
