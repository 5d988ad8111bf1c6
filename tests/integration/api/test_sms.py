"""Senders of text messages belong to a tenant; campaigns name active ones."""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.call_flows import SURVEY

SENDER = "+12025550100"
SMS: dict[str, Any] = {"sender": SENDER, "on": ["busy"], "text": "Please call us."}


async def a_sender(api: Api, sender: str = SENDER) -> int:
    body = {"sender": sender, "trunk": "default"}
    return int((await api.post("/v1/sms-senders", body, status=201))["id"])


async def refused(api: Api, **definition: Any) -> tuple[str, str]:
    answer = await api.ask("POST", "/v1/campaigns", json=definition)
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    return error["pointer"], error["reason"]


def a_definition(**changes: Any) -> dict[str, Any]:
    windows = [{"days": ["mon"], "start": "09:00", "end": "20:00"}]
    return {"name": "Reminders", "calendar": {"windows": windows}} | changes


async def test_a_sender_is_added_listed_and_made_inactive(api: Api) -> None:
    sender_id = await a_sender(api)

    found = await api.get(f"/v1/sms-senders/{sender_id}")
    taken = await api.post("/v1/sms-senders", {"sender": SENDER, "trunk": "default"}, status=422)
    foreign = await api.post("/v1/sms-senders", {"sender": "ACME", "trunk": "none"}, status=422)
    changed = await api.ask("PATCH", f"/v1/sms-senders/{sender_id}", json={"state": "inactive"})

    assert (found["sender"], found["trunk"], found["state"]) == (SENDER, "default", "active")
    assert taken["errors"][0]["reason"] == "sender_taken"
    assert foreign["errors"][0]["pointer"] == "/trunk"
    assert changed.json() == found | {"state": "inactive"}
    page = await api.get("/v1/sms-senders")
    assert page == {"sms_senders": [changed.json()], "next_cursor": None}


async def test_a_campaign_names_an_active_sender_of_its_tenant(api: Api) -> None:
    other = await api.another()
    sender_id = await a_sender(other)

    assert await refused(api, **a_definition(sms=SMS)) == ("/sms/sender", "unknown_sender")
    await a_sender(api)
    campaign = await api.campaign(sms=SMS)
    await other.ask("PATCH", f"/v1/sms-senders/{sender_id}", json={"state": "inactive"})
    assert await refused(other, **a_definition(sms=SMS)) == ("/sms/sender", "unknown_sender")
    edit = {"sms": SMS | {"sender": "ACME"}}
    edited = await api.ask("PATCH", f"/v1/campaigns/{campaign}", json=edit)
    assert edited.json()["errors"][0]["pointer"] == "/sms/sender"


async def test_a_sender_that_a_campaign_names_is_not_deleted(api: Api) -> None:
    sender_id = await a_sender(api)
    campaign = await api.campaign(sms=SMS)

    in_use = await api.ask("DELETE", f"/v1/sms-senders/{sender_id}")
    await api.ask("DELETE", f"/v1/campaigns/{campaign}")
    deleted = await api.ask("DELETE", f"/v1/sms-senders/{sender_id}")

    assert (in_use.status_code, in_use.json()["code"]) == (409, "sender_in_use")
    assert deleted.status_code == 204
    await api.get(f"/v1/sms-senders/{sender_id}", status=404)


async def test_a_sender_that_has_sent_is_not_deleted(api: Api) -> None:
    sender_id = await a_sender(api)
    await api.pool.execute("UPDATE sms_senders SET first_sent_at = now()")

    refusal = await api.ask("DELETE", f"/v1/sms-senders/{sender_id}")

    assert (refusal.status_code, refusal.json()["code"]) == (409, "sender_has_sent")
    assert (await api.get(f"/v1/sms-senders/{sender_id}"))["state"] == "active"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_sender_of_another_tenant_does_not_exist(api: Api, method: str) -> None:
    sender_id, other = await a_sender(api), await api.another()

    answer = await other.ask(
        method,
        f"/v1/sms-senders/{sender_id}",
        **({"json": {"state": "inactive"}} if method == "PATCH" else {}),
    )

    assert answer.status_code == 404
    assert (await api.get(f"/v1/sms-senders/{sender_id}"))["state"] == "active"


async def test_a_call_flow_that_sends_messages_needs_a_sender(api: Api) -> None:
    await api.post("/v1/call-flows", {"name": "survey", "flow": SURVEY}, status=201)
    flow = {"name": "survey"}

    assert await refused(api, **a_definition(call_flow=flow)) == ("/sms", "no_sender")
    await a_sender(api)
    campaign = await api.campaign(call_flow=flow, sms={"sender": SENDER})
    without = await api.ask("PATCH", f"/v1/campaigns/{campaign}", json={"sms": None})
    assert without.json()["errors"][0]["reason"] == "no_sender"
