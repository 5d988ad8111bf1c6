"""Campaigns by the REST API: create, read and command them, and the reasons of refusals."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from shared.domain.campaigns import Command
from shared.kafka.messages.commands import CampaignCommand
from shared.kafka.messages.envelope import Message
from shared.runtime.metrics import COMMANDS_UNPUBLISHED
from tests.support.api import DEFINITION, Api, serving

NUMBERS = b"number\n+12025550123\n+12025550124\n"
WRONG_DEFINITIONS: list[tuple[dict[str, Any], str]] = [
    ({"trunk": "nowhere"}, "/trunk"),
    ({"name": " "}, "/name"),
    ({"name": "a\x00b"}, "/name"),
    ({"caller_id": "030 123"}, "/caller_id"),
    ({"default_zone": "Mars/Olympus"}, "/default_zone"),
    ({"default_region": "Germany"}, "/default_region"),
    ({"default_region": "ZZ"}, "/default_region"),
    ({"attempts": {"max_total": 0}}, "/attempts/max_total"),
    ({"attempts": {"max_total": 2, "max_per_day": 3}}, "/attempts/max_per_day"),
    ({"attempts": {"retry": {"busy": {}}}}, "/attempts/retry/busy/delay_seconds"),
    ({"caps": {"max_concurrent": 0}}, "/caps/max_concurrent"),
    ({"webhook": {"url": "ftp://example.com"}}, "/webhook/url"),
    ({"colour": "red"}, "/colour"),
]


async def a_filled_campaign(api: Api) -> int:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, NUMBERS)
    return campaign_id


async def test_a_created_campaign_is_a_draft_and_can_be_read(api: Api) -> None:
    response = await api.ask("POST", "/v1/campaigns", json=DEFINITION)
    created = response.json()

    assert response.status_code == 201
    assert response.headers["Location"] == f"/v1/campaigns/{created['id']}"
    assert (created["state"], created["wanted_state"]) == ("draft", "draft")
    assert created["webhook"] is None
    del created["webhook"]
    shown = await api.get(f"/v1/campaigns/{created['id']}")
    assert shown == created | {"spend_ceilings": []}
    windows = DEFINITION["calendar"]["windows"]
    assert created["definition"]["calendar"]["windows"] == [
        windows[0] | {"crosses_midnight": False}
    ]


async def test_the_secret_of_a_webhook_is_shown_once(api: Api) -> None:
    body = DEFINITION | {"webhook": {"url": "https://example.com/hook"}}

    created = await api.post("/v1/campaigns", body, status=201)

    secret = created["webhook"]["secret"]
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret not in str(await api.get(f"/v1/campaigns/{created['id']}"))
    stored = await api.pool.fetchrow(
        "SELECT url, secret FROM webhook_endpoints WHERE campaign_id = $1", created["id"]
    )
    assert stored is not None
    assert tuple(stored) == ("https://example.com/hook", secret)


async def test_campaigns_are_listed_newest_first_page_by_page(api: Api) -> None:
    ids = [await api.campaign(name=f"number {n}") for n in range(5)]

    seen: list[int] = []
    path = "/v1/campaigns?limit=2"
    while True:
        page = await api.get(path)
        seen += [campaign["id"] for campaign in page["campaigns"]]
        if page["next_cursor"] is None:
            break
        path = f"/v1/campaigns?limit=2&cursor={page['next_cursor']}"

    assert seen == ids[::-1]
    assert (await api.get("/v1/campaigns?state=paused"))["campaigns"] == []
    assert len((await api.get("/v1/campaigns?state=draft"))["campaigns"]) == 5


async def test_a_definition_that_cannot_be_is_refused_by_its_field(api: Api) -> None:
    for changes, pointer in WRONG_DEFINITIONS:
        problem = await api.post("/v1/campaigns", DEFINITION | changes, status=422)

        assert problem["code"] == "invalid"
        assert [error["pointer"] for error in problem["errors"]] == [pointer], changes


async def test_commands_are_committed_and_published(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)
    path = f"/v1/campaigns/{campaign_id}"

    wanted = [
        (await api.post(f"{path}/{command}", status=202))["wanted_state"]
        for command in ("start", "pause", "resume", "cancel")
    ]

    assert wanted == ["running", "paused", "running", "cancelled"]
    changes = await api.pool.fetch(
        "SELECT wanted_state, api_key_id FROM campaign_changes ORDER BY id"
    )
    assert [change["wanted_state"] for change in changes] == wanted
    assert all(change["api_key_id"] for change in changes)
    commands = [message.data for message in api.published if isinstance(message, CampaignCommand)]
    assert [command.command for command in commands] == list(Command)
    assert {command.campaign_id for command in commands} == {campaign_id}
    assert {message.partitionkey for message in api.published} == {str(campaign_id)}


async def test_a_repeated_command_changes_nothing_and_is_published_again(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)

    for _ in range(2):
        await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)

    assert await api.pool.fetchval("SELECT count(*) FROM campaign_changes") == 1
    assert len(api.published) == 2


@pytest.mark.parametrize("command", ["pause", "resume"])
async def test_a_draft_can_be_neither_paused_nor_resumed(api: Api, command: str) -> None:
    campaign_id = await a_filled_campaign(api)

    problem = await api.post(f"/v1/campaigns/{campaign_id}/{command}", status=409)

    assert problem["code"] == "command_not_allowed"
    assert api.published == []


async def test_a_campaign_without_contacts_does_not_start(api: Api) -> None:
    campaign_id = await api.campaign()

    assert (await api.post(f"/v1/campaigns/{campaign_id}/start", status=409))[
        "code"
    ] == "no_contacts"


@pytest.mark.parametrize("command", ["start", "pause", "resume"])
async def test_a_cancelled_campaign_takes_no_command(api: Api, command: str) -> None:
    campaign_id = await a_filled_campaign(api)
    await api.post(f"/v1/campaigns/{campaign_id}/cancel", status=202)
    await api.post(f"/v1/campaigns/{campaign_id}/cancel", status=202)

    problem = await api.post(f"/v1/campaigns/{campaign_id}/{command}", status=409)

    assert problem["code"] == "campaign_ended"


async def test_a_completed_campaign_is_not_cancelled(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)
    await api.pool.execute(
        """
        UPDATE campaigns SET state = 'completed', wanted_state = 'running', started_at = now(),
            ended_at = now()
        """
    )

    problem = await api.post(f"/v1/campaigns/{campaign_id}/cancel", status=409)

    assert problem["code"] == "campaign_ended"


async def test_a_pause_is_committed_although_kafka_does_not_answer(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    before = COMMANDS_UNPUBLISHED._value.get()

    async def unreachable(_messages: Sequence[Message]) -> None:
        raise ConnectionError

    async with serving(api.pool, unreachable) as http:
        deaf = Api(http=http, pool=api.pool, tenant_id=api.tenant_id, key=api.key)
        paused = await deaf.post(f"/v1/campaigns/{campaign_id}/pause", status=202)

    assert paused["wanted_state"] == "paused"
    assert await api.pool.fetchval("SELECT wanted_state FROM campaigns") == "paused"
    assert COMMANDS_UNPUBLISHED._value.get() == before + 1
