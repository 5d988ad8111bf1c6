"""A client of SmartAlex's API runs campaigns to their end, and reads them back in its words."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from shared.dialects.smartalex_events import SmartAlexEvent
from tests.support.smartalex import AGENT
from tests.support.stack import RunningStack
from tests.support.subscribers import WebhookInbox, webhook_inbox
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

Json = dict[str, Any]
# Mobiles in Iceland, where no rule pack limits the hours.
DONE = [f"+354611{number:04}" for number in range(60)]
RETRIED = [f"+354612{number:04}" for number in range(40)]


@dataclass(frozen=True, slots=True)
class Client:
    session: aiohttp.ClientSession
    base: str
    agent_id: str

    async def get(self, path: str, **query: str | int) -> Json:
        async with self.session.get(f"{self.base}{path}", params=query) as answer:
            return await _read(answer)

    async def post(self, path: str, body: Json | None = None) -> Any:
        async with self.session.post(f"{self.base}{path}", json=body) as answer:
            return (await _read(answer))["data"]

    async def delete(self, path: str) -> None:
        async with self.session.delete(f"{self.base}{path}") as answer:
            answer.raise_for_status()

    async def campaign(self, name: str, phones: Sequence[str], *, max_retries: int) -> str:
        settings = {
            "calling_hours_start": "00:00",
            "calling_hours_end": "24:00",
            "concurrent_calls": 20,
            "max_retries": max_retries,
        }
        body = {"name": name, "agent_id": self.agent_id, "settings": settings}
        path = f"/campaigns/{(await self.post('/campaigns', body))['id']}"
        people = [{"phone": phone, "first_name": f"P{n}"} for n, phone in enumerate(phones)]
        assert (await self.post(f"{path}/contacts", {"contacts": people}))["added"] == len(phones)
        assert (await self.post(f"{path}/start"))["status"] == "active"
        return path

    async def shown(self, path: str) -> Json:
        data: Json = (await self.get(path))["data"]
        return data


async def _read(answer: aiohttp.ClientResponse) -> Json:
    body: Json = await answer.json()
    assert answer.status < 300, body
    return body


@asynccontextmanager
async def a_client(stack: RunningStack) -> AsyncIterator[Client]:
    await stack.owner.add("/v1/agents", AGENT)
    made = await stack.owner.add("/v1/dialect-credentials", {"dialect": "smartalex"})
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Client(session, made["base_url"], made["ids"]["agent_id"][AGENT["name"]])


@asynccontextmanager
async def a_webhook(client: Client, inbox: WebhookInbox) -> AsyncIterator[None]:
    """Of all events of the tenant, which other stories have, too: it ends with this one."""
    made = await client.post("/webhooks", {"url": inbox.url, "events": list(SmartAlexEvent)})
    inbox.secret = made["signing_secret"]
    try:
        yield
    finally:
        await client.delete(f"/webhooks/{made['id']}")


def told(inbox: WebhookInbox, path: str) -> Counter[str]:
    """The events of a campaign that came, by type."""
    campaign_id = path.rpartition("/")[2]
    return Counter(
        event["type"]
        for event in inbox.taken.values()
        if event["data"]["campaign_id"] == campaign_id
    )


async def test_a_client_of_smartalex_runs_campaigns_to_their_end(stack: RunningStack) -> None:
    async with (
        webhook_inbox() as inbox,
        a_client(stack) as client,
        a_webhook(client, inbox),
    ):
        inbox.takes_all = True
        done = await client.campaign("done", DONE, max_retries=0)
        retried = await client.campaign("retried", RETRIED, max_retries=3)

        async def all_called() -> bool:
            first, second = await client.shown(done), await client.shown(retried)
            is_done: bool = first["status"] == "completed"
            return is_done and bool(second["stats"]["calls_made"] == len(RETRIED))

        await until(all_called, every=0.1)
        await stack.until_quiet()
        owed = await client.shown(retried)
        callbacks = await client.get(f"{retried}/callbacks", per_page=100)
        assert (await client.post(f"{retried}/pause"))["status"] == "paused"
        await until(lambda: told(inbox, retried)["campaign.paused"] == 1)
        assert (await client.post(f"{retried}/resume"))["status"] == "active"
        await until(lambda: told(inbox, retried)["campaign.resumed"] == 1)
        assert (await client.post(f"{retried}/cancel"))["status"] == "cancelled"
        owed_calls = owed["stats"]["callbacks_pending"]
        await until(lambda: told(inbox, retried)["callback.cancelled"] == owed_calls)
        await stack.until_quiet()

        shown = await client.shown(done)
        calls = await client.get("/calls", campaign_id=shown["id"], per_page=100)
        one = await client.shown(f"/calls/{calls['data'][0]['id']}")
        cancelled = await client.get("/campaigns", status="cancelled", agent_id=client.agent_id)

    stats = shown["stats"]
    assert (stats["total_contacts"], stats["calls_made"], stats["pending"]) == (60, 60, 0)
    assert stats["completed"] + stats["failed"] == 60
    assert stats["completion_rate"] == 1
    assert calls["meta"]["total"] == 60
    assert {call["phone_number"] for call in calls["data"]} == set(DONE)
    statuses = Counter(call["status"] for call in calls["data"])
    assert statuses["completed"] == stats["answered"] > 0
    assert statuses["voicemail"] == stats["voicemail"]
    assert statuses["no_answer"] == stats["no_answer"]
    assert one["contact"]["first_name"].startswith("P")
    assert [row["name"] for row in cancelled["data"]] == ["retried"]

    assert 0 < owed_calls == callbacks["meta"]["total"] == len(callbacks["data"])
    outcomes = {row["original_outcome"] for row in callbacks["data"]}
    assert outcomes <= {"voicemail", "no_answer", "busy", "network_error"}
    assert {row["max_attempts"] for row in callbacks["data"]} == {3}

    first, second = told(inbox, done), told(inbox, retried)
    reached = stats["answered"] + stats["voicemail"]
    assert (first["campaign.started"], first["campaign.completed"]) == (1, 1)
    assert (first["call.completed"], first["call.failed"]) == (reached, 60 - reached)
    assert (first["callback.scheduled"], second["campaign.completed"]) == (0, 0)
    assert (second["callback.scheduled"], second["callback.cancelled"]) == (owed_calls, owed_calls)
    assert inbox.wrong == 0
    logged = map(json.loads, stack.log.read_bytes().splitlines())
    called = [line for line in logged if line["kind"] == "originate" and line["to"] in DONE]
    assert {line["agent"]["id"] for line in called} == {AGENT["provider_agent_id"]}
    assert {line["variables"]["first_name"] for line in called} == {f"P{n}" for n in range(60)}
    await stack.judge()
