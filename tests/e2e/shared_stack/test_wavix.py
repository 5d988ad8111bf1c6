"""Wavix's own SDK against the running product: calls, their ends, records, webhooks, a retry."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from aiohttp import web
from wavix.client import AsyncWavix
from wavix.core.api_error import ApiError
from wavix.errors.bad_request_error import BadRequestError
from wavix.errors.forbidden_error import ForbiddenError
from wavix.errors.not_found_error import NotFoundError
from wavix.errors.unauthorized_error import UnauthorizedError
from wavix.types.cdr import Cdr
from wavix.types.voice_campaign_response import VoiceCampaignResponse

from shared.dialects import wavix
from shared.domain.outcomes import Outcome
from tests.support.cut_connection import cutting
from tests.support.owner import numbers
from tests.support.stack import RunningStack
from tests.support.waiting import PATIENCE, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

FLOW = {"start": "bye", "steps": {"bye": {"type": "hang_up"}}}
FREE = {"kind": "informational", "automated": False}
CALLER_ID = "+13123310912"
CALLS = 25


class Account:
    """What a client of Wavix is given."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.base_url: str = made["base_url"]
        self.key: str = made["api_key"]
        self.callflow_id: int = made["ids"]["callflow_id"]["goodbye"]

    @asynccontextmanager
    async def client(self, base_url: str = "", key: str = "") -> AsyncIterator[AsyncWavix]:
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            yield AsyncWavix(
                base_url=base_url or self.base_url, token=key or self.key, httpx_client=http
            )

    def call(
        self, number: str, *, callflow_id: int | None = None, callback_url: str | None = None
    ) -> VoiceCampaignResponse:
        return VoiceCampaignResponse(
            callflow_id=callflow_id or self.callflow_id,
            contact=number,
            caller_id=CALLER_ID,
            callback_url=callback_url,
        )


@pytest.fixture(scope="module")
async def account(stack: RunningStack) -> Account:
    owner = stack.owner
    await owner.add("/v1/call-flows", {"name": "goodbye", "flow": FLOW})
    await owner.add("/v1/caller-ids", {"number": CALLER_ID})
    asked = {"dialect": "wavix", "name": "SDK", "calls": FREE}
    return Account(await owner.add("/v1/dialect-credentials", asked))


@asynccontextmanager
async def inbox() -> AsyncIterator[tuple[str, dict[str, list[Any]]]]:
    """The address of a receiver, and the bodies that it has taken, by their paths."""
    taken: dict[str, list[Any]] = defaultdict(list)

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        taken[request.path].append(await request.json())
        return web.Response(status=200)

    runner = web.ServerRunner(web.Server(take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", taken
    finally:
        await runner.cleanup()


def status_of(record: Cdr) -> str:
    return "failed" if record.disposition == "failed" else "completed"


def outcomes_by_carrier(stack: RunningStack) -> dict[str, Outcome]:
    lines = map(json.loads, stack.log.read_bytes().splitlines())
    return {
        line["reference"]: Outcome(line["outcome"]) for line in lines if line["kind"] == "ended"
    }


async def test_calls_are_placed_read_back_and_told_of(
    stack: RunningStack, account: Account
) -> None:
    called = numbers(CALLS, first=39_500)
    async with account.client() as client, inbox() as (url, taken):
        for event_type in ("post-call", "on-call"):
            made = await client.call_webhooks.create(
                url=f"{url}/{event_type}", event_type=event_type
            )
            assert (made.success, made.event_type) == (True, event_type)
        answers = [
            await client.voice_campaigns.create(
                voice_campaign=account.call(number, callback_url=f"{url}/campaign")
            )
            for number in called
        ]
        placed = [answer.voice_campaign for answer in answers]
        assert {campaign.status for campaign in placed} == {"in_progress"}
        ids = [campaign.id or 0 for campaign in placed]

        async def have_ended() -> bool:
            read = [await client.voice_campaigns.get(own) for own in ids]
            return all(each.voice_campaign.status != "in_progress" for each in read)

        await until(have_ended, every=0.2)
        await stack.until_quiet()
        await client.call_webhooks.delete(event_type="post-call")
        await client.call_webhooks.delete(event_type="on-call")
        assert await client.call_webhooks.list() == []
        read = {own: (await client.voice_campaigns.get(own)).voice_campaign for own in ids}
        today = datetime.now(UTC).date()
        asked: dict[str, Any] = {
            "from_": today - timedelta(days=1),
            "to": today,
            "type": "placed",
            "disposition": "all",
            "to_search": "14155559",
        }
        page = await client.cdrs.list(**asked, per_page=1_000)
        one = await client.cdrs.get(page.items[0].call_id)
        # The SDK reads lines as one JSON text, and shows what it could not read.
        with pytest.raises(ApiError) as lines:
            await client.cdrs.list_all(**asked)
    records = {record.to: record for record in page.items if f"+{record.to}" in called}

    # Every call has one record, and the record, the campaign and the webhooks say the same.
    assert {f"+{number}" for number in records} == set(called)
    assert page.pagination.total == len(page.items) >= CALLS
    callbacks = {body["voice_campaign"]["id"]: body for body in taken["/campaign"]}
    assert set(callbacks) == set(ids)
    for own, campaign in read.items():
        record = records[campaign.contact or ""]
        assert campaign.status == status_of(record)
        told = callbacks[own]["voice_campaign"]
        assert told == {
            "id": own,
            "caller_id": wavix.number(CALLER_ID),
            "contact": record.to,
            "status": campaign.status,
            "timestamp": told["timestamp"],
        }
        assert datetime.fromisoformat(told["timestamp"]) == campaign.timestamp
    ends = {body["uuid"]: body for body in taken["/post-call"]}
    for record in records.values():
        body = ends[record.call_id]
        assert (body["direction"], body["to"]) == ("outbound", record.to)
        for name in ("disposition", "duration", "charge", "per_minute", "destination"):
            assert body[name] == getattr(record, name), name
    events = {body["uuid"]: body["event_type"] for body in taken["/on-call"]}
    for record in records.values():
        assert events[record.call_id] == wavix.CALL_EVENTS[wavix.Disposition(record.disposition)]

    assert one.to == page.items[0].to
    assert lines.value.status_code == 200
    read_back = [json.loads(line)["uuid"] for line in str(lines.value.body).splitlines()]
    assert read_back == [record.call_id for record in page.items]
    by_carrier = outcomes_by_carrier(stack)
    for record in records.values():
        outcome = by_carrier[f"{stack.tenant_id}.{record.call_id}"]
        assert record.disposition == wavix.DISPOSITIONS[outcome]
    await stack.judge()


async def test_errors_are_those_of_the_vendor(stack: RunningStack, account: Account) -> None:
    number = numbers(1, first=39_550)[0]
    key = await stack.owner.add("/v1/api-keys", {"name": "other", "scopes": ["contacts"]})

    async with account.client() as client:
        with pytest.raises(BadRequestError) as flow:
            await client.voice_campaigns.create(
                voice_campaign=account.call(number, callflow_id=2**31 - 1)
            )
        with pytest.raises(NotFoundError) as absent:
            await client.voice_campaigns.get(2**31 - 1)
    async with account.client(key="guessed") as client:
        with pytest.raises(UnauthorizedError) as unknown:
            await client.voice_campaigns.get(1)
    async with account.client(key=key["api_key"]) as client:
        with pytest.raises(ForbiddenError) as forbidden:
            await client.voice_campaigns.get(1)

    assert flow.value.body == {
        "success": False,
        "message": "Missing or invalid parameter callflow_id",
    }
    assert absent.value.body == {"success": False, "message": "Record not found"}
    assert unknown.value.body.message == "Unauthorized"
    assert forbidden.value.body == {
        "success": False,
        "message": "The service is not provisioned for your account.",
    }


async def test_a_request_whose_answer_was_cut_off_is_repeated_and_calls_once(
    stack: RunningStack, account: Account
) -> None:
    number = numbers(1, first=39_560)[0]
    async with (
        cutting(stack.local.api_url) as proxy,
        account.client(base_url=f"{proxy.url}/wavix") as client,
    ):
        proxy.cuts = 1
        placed = await client.voice_campaigns.create(voice_campaign=account.call(number))
        own = placed.voice_campaign.id or 0

        async def has_ended() -> bool:
            read = await client.voice_campaigns.get(own)
            return bool(read.voice_campaign.status != "in_progress")

        await until(has_ended, every=0.2)
    await stack.until_quiet()
    lines = map(json.loads, stack.log.read_bytes().splitlines())
    dialed = [line for line in lines if line.get("to") == number and line["kind"] != "ended"]

    assert proxy.cuts == 0
    assert len(await stack.owner.entries("/v1/contacts", limit=9, number=number)) == 1
    assert len(dialed) == 1, dialed
    await stack.judge()
