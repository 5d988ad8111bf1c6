"""Campaigns over HTTP: created, read, commanded, and refused with a reason."""

import base64
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from shared.domain.campaigns import Command
from shared.messages import CampaignCommand, Message
from shared.metrics import COMMANDS_UNPUBLISHED
from tests.support.api import DEFINITION, Api, serving

NUMBERS = b"number\n+12025550123\n+12025550124\n"
MONDAYS = {"days": ["mon"], "start": "09:00", "end": "10:00"}
THANKSGIVING = {"date": "2030-11-28", "windows": [{"start": "10:00", "end": "12:00"}]}


def calendar(**changes: Any) -> dict[str, Any]:
    return {"calendar": {"windows": [MONDAYS]} | changes}


def special(**changes: Any) -> dict[str, Any]:
    return calendar(dates=[THANKSGIVING | changes])


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
    ({"calendar": {"windows": []}}, "/calendar/windows"),
    (
        {"calendar": {"windows": [{"days": ["mon"], "start": "9:00", "end": "10:00"}]}},
        "/calendar/windows/0/start",
    ),
    (
        {"calendar": {"windows": [{"days": ["mon"], "start": "09:00", "end": "09:00"}]}},
        "/calendar/windows/0/end",
    ),
    (
        {
            "calendar": DEFINITION["calendar"]
            | {"start_date": "2030-02-02", "end_date": "2030-02-01"}
        },
        "/calendar/end_date",
    ),
    ({"calendar": DEFINITION["calendar"] | {"end_date": "2020-02-01"}}, "/calendar/end_date"),
    (
        {
            "calendar": {
                "windows": [{"days": ["mon"], "start": "09:00", "end": "10:00"}],
                "start_date": "2030-01-01",
                "end_date": "2030-01-05",
            }
        },
        "/calendar/windows",
    ),
    (calendar(windows=[MONDAYS | {"start": "24:00"}]), "/calendar/windows/0/start"),
    (calendar(windows=[MONDAYS | {"end": "08:00"}]), "/calendar/windows/0/end"),
    (calendar(windows=[MONDAYS | {"crosses_midnight": True}]), "/calendar/windows/0/end"),
    (special(date="2030-02-30"), "/calendar/dates/0/date"),
    (special(date="9999-12-31"), "/calendar/dates/0/date"),
    (special(windows=[]), "/calendar/dates/0/windows"),
    (
        special(windows=[{"start": "10:00", "end": "10:00"}]),
        "/calendar/dates/0/windows/0/end",
    ),
    (calendar(start_date="9999-12-30"), "/calendar/start_date"),
    (calendar(excluded_dates=["2030-01-01", "tomorrow"]), "/calendar/excluded_dates/1"),
    (calendar(holidays=[{"country": "XX"}]), "/calendar/holidays/0/country"),
    (calendar(holidays=[{"country": "us"}]), "/calendar/holidays/0/country"),
    (calendar(holidays=[{"country": "US", "region": "BA"}]), "/calendar/holidays/0/region"),
]
# A Monday, a public holiday in all of the US, and the day after it.
LABOR_DAY = {"start_date": "2030-09-02", "end_date": "2030-09-03"}
NEVER_OPEN: list[tuple[dict[str, Any], str]] = [
    (calendar(**LABOR_DAY, excluded_dates=["2030-09-02"]), "/calendar/windows"),
    (calendar(**LABOR_DAY, holidays=[{"country": "US"}]), "/calendar/windows"),
    (calendar(windows=[], dates=[THANKSGIVING], end_date="2030-11-27"), "/calendar/dates"),
    (calendar(windows=[], dates=[THANKSGIVING | {"date": "2020-11-28"}]), "/calendar/dates"),
    (
        calendar(windows=[], dates=[THANKSGIVING], excluded_dates=["2030-11-28"]),
        "/calendar/dates",
    ),
    (
        calendar(windows=[], dates=[THANKSGIVING], holidays=[{"country": "US", "region": "AL"}]),
        "/calendar/dates",
    ),
]
JUST_OPEN: list[dict[str, Any]] = [
    calendar(**LABOR_DAY),
    calendar(**LABOR_DAY, holidays=[{"country": "GB"}]),
    calendar(windows=[MONDAYS | {"end": "08:00", "crosses_midnight": True}]),
    calendar(windows=[], dates=[THANKSGIVING]),
    calendar(windows=[], dates=[THANKSGIVING], start_date="2030-11-28", end_date="2030-11-28"),
    calendar(
        **LABOR_DAY, dates=[THANKSGIVING | {"date": "2030-09-03"}], excluded_dates=["2030-09-02"]
    ),
    # Thirteen Mondays are excluded, and only the fourteenth is not.
    calendar(
        start_date="2030-01-01",
        end_date="2030-04-08",
        excluded_dates=[f"{date(2030, 1, 7) + timedelta(weeks=week)}" for week in range(13)],
    ),
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
    assert await api.get(f"/v1/campaigns/{created['id']}") == created
    windows = DEFINITION["calendar"]["windows"]
    assert created["definition"]["calendar"]["windows"] == [
        windows[0] | {"crosses_midnight": False}
    ]


async def test_the_secret_of_a_webhook_is_told_once(api: Api) -> None:
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


async def test_a_schedule_that_never_opens_is_refused(api: Api) -> None:
    for changes, pointer in NEVER_OPEN:
        problem = await api.post("/v1/campaigns", DEFINITION | changes, status=422)

        found = [(error["pointer"], error["reason"]) for error in problem["errors"]]
        assert found == [(pointer, "never_open")], changes


async def test_a_schedule_that_opens_once_is_taken(api: Api) -> None:
    for changes in JUST_OPEN:
        assert await api.campaign(**changes)


async def test_a_refusal_says_what_would_be_right(api: Api) -> None:
    changes = calendar(
        windows=[MONDAYS | {"end": "08:00"}, MONDAYS | {"end": "09:00"}],
        holidays=[{"country": "ZZ"}, {"country": "GB", "region": "ZZ"}],
    )

    problem = await api.post("/v1/campaigns", DEFINITION | changes, status=422)

    details = [error["detail"] for error in problem["errors"]]
    assert "set crosses_midnight to let it run into the next day" in details[0]
    assert "the smallest possible window is one minute" in details[1]
    assert "'ZZ'; use an ISO 3166 code" in details[2]
    assert "region 'ZZ' of GB; its regions are ENG, NIR, SCT, WLS" in details[3]


async def test_a_campaign_far_ahead_is_callable(api: Api) -> None:
    ahead = DEFINITION["calendar"] | {"start_date": "2035-01-01", "end_date": "2035-01-01"}

    assert await api.campaign(calendar=ahead)


async def test_commands_are_committed_and_told(api: Api) -> None:
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
    told = [message.data for message in api.published if isinstance(message, CampaignCommand)]
    assert [each.command for each in told] == list(Command)
    assert {each.campaign_id for each in told} == {campaign_id}
    assert {message.partitionkey for message in api.published} == {str(campaign_id)}


async def test_a_repeated_command_changes_nothing_and_is_told_again(api: Api) -> None:
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
