"""Preflight: contacts that can never be called and why, the openings, and the forecast end."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outdial.simulation.call_outcomes import call_outcomes
from outdial.simulation.inputs import read_campaign, read_people
from outdial.simulation.scenario import Scenario, run_scenario
from services.api.http.resources import Resources
from services.api.preflight import Assumptions, run
from shared.domain.outcomes import Outcome
from shared.kafka.messages.envelope import Message
from shared.rulepacks import loader
from tests.support.api import Api, a_caller
from tests.support.campaigns import a_rulebook
from tests.support.database import api_pool

DAY = timedelta(days=1)
WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
OFFICE = {"windows": [{"days": WORKDAYS, "start": "09:00", "end": "17:00"}]}
EVENINGS = {"windows": [{"days": WORKDAYS, "start": "18:00", "end": "20:00"}]}
ONCE = {"kind": "informational", "caps": {"calls_per_second": 1}}


async def preflight(api: Api, campaign_id: int, **asked: Any) -> dict[str, Any]:
    return await api.post(f"/v1/campaigns/{campaign_id}/preflight", asked, status=200)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_contacts_that_can_never_be_called_are_counted_by_reason(api: Api) -> None:
    await api.post("/v1/suppressions", {"number": "+12125550199", "reason": "asked"}, status=201)
    campaign = await api.campaign(calendar=EVENINGS)
    await api.import_csv(
        campaign,
        b"number,zone,region\n"
        b"+12125550101,,\n"  # New York: open until nine
        b"+12125550102,,\n"
        b"+14015550103,,\n"  # Rhode Island: open until six
        b"+80012345678,,\n"  # the zone is unknown
        b"+12125550199,,\n",  # suppressed
    )

    answer = await preflight(api, campaign)

    assert answer["contacts"] == 4
    assert {reason["reason"]: reason["contacts"] for reason in answer["never"]} == {
        "law": 1,
        "unknown_zone": 1,
        "suppression": 1,
    }
    numbers = {
        reason["reason"]: [
            (await api.get(f"/v1/contacts/{id_}"))["number"] for id_ in reason["contact_ids"]
        ]
        for reason in answer["never"]
    }
    assert numbers == {
        "law": ["+14015550103"],
        "unknown_zone": ["+80012345678"],
        "suppression": ["+12125550199"],
    }
    (law,) = [reason for reason in answer["never"] if reason["reason"] == "law"]
    assert law["rules"][0] == "us-ri.hours"
    assert "no hour of the campaign's windows is inside us-ri.hours; the law's are" in law["detail"]
    assert law["detail"].endswith(
        "the smallest change: let the window of Mon 18:00-20:00 begin before 18:00"
    )


async def test_openings_and_hours_are_given_by_group(api: Api) -> None:
    campaign = await api.campaign(calendar=OFFICE, kind="informational")
    await api.import_csv(
        campaign, b"number,zone\n+12125550101,Asia/Tokyo\n+12125550102,\n+12125550103,\n"
    )

    answer = await preflight(api, campaign, days=7)

    groups = {group["zones"][0]: group for group in answer["groups"]}
    assert [group["contacts"] for group in answer["groups"]] == [2, 1]
    assert set(groups) == {"America/New_York", "Asia/Tokyo"}
    assert all(group["callable_hours"] == pytest.approx(40, abs=1.01) for group in groups.values())
    opens = [instant(group["opens_at"]) for group in answer["groups"]]
    assert instant(answer["first_callable_at"]) == min(opens)
    assert min(opens) >= instant(answer["at"])
    assert instant(answer["last_callable_at"]) <= instant(answer["until"])
    assert instant(answer["until"]) - instant(answer["at"]) == 7 * DAY


async def test_a_group_that_is_open_opens_now_and_not_before(api: Api) -> None:
    campaign = await api.campaign(kind="informational")
    await api.import_csv(campaign, b"number,zone\n+12125550101,Asia/Tokyo\n")

    answer = await preflight(api, campaign)

    assert answer["first_callable_at"] == answer["groups"][0]["opens_at"] == answer["at"]


async def test_the_finishing_time_follows_the_capacity(api: Api) -> None:
    campaign = await api.campaign(**ONCE)
    rows = "".join(f"+1212555{n:04}\n" for n in range(1000))
    await api.import_csv(campaign, f"number\n{rows}".encode())

    own = await preflight(api, campaign, answer_rate=1, talk_seconds=10)
    faster = await preflight(api, campaign, calls_per_second=10)
    narrow = await preflight(api, campaign, answer_rate=1, talk_seconds=28.5, max_concurrent=2)

    # A cap of one call a second is counted as one in 1.25 seconds.
    assert _lasts(own) == pytest.approx(1250, abs=30)
    assert own["capacity"]["sustained_calls_per_second"] == 0.8
    assert own["calls"] == 1000
    assert _lasts(faster) == pytest.approx(125, abs=60)
    # Two calls at once, each of 40 seconds with its ringing.
    assert narrow["capacity"]["call_seconds"] == 40
    assert _lasts(narrow) == pytest.approx(20_000, abs=60)


def _lasts(answer: dict[str, Any]) -> float:
    return (instant(answer["finishes_at"]) - instant(answer["at"])).total_seconds()


async def test_too_little_capacity_leaves_contacts(api: Api) -> None:
    campaign = await api.campaign(**ONCE)
    rows = "".join(f"+1212555{n:04}\n" for n in range(9000))
    await api.import_csv(campaign, f"number\n{rows}".encode())

    answer = await preflight(api, campaign, max_concurrent=1, talk_seconds=86_400, days=1)

    assert answer["finishes_at"] is None
    assert answer["left"] == pytest.approx(9000, abs=5)


async def test_the_caps_of_tenant_and_trunk_count_too(api: Api) -> None:
    await api.pool.execute("UPDATE tenants SET max_concurrent = 7 WHERE id = $1", api.tenant_id)
    await api.pool.execute("UPDATE trunks SET calls_per_second = 3")
    campaign = await api.campaign(caps={"max_concurrent": 9, "calls_per_second": 5})

    capacity = (await preflight(api, campaign))["capacity"]

    assert (capacity["max_concurrent"], capacity["calls_per_second"]) == (7, 3)


@pytest.mark.parametrize("hour", [1, 16, 21])
async def test_it_agrees_with_the_simulation_of_the_same_files(
    api: Api, tmp_path: Path, hour: int
) -> None:
    definition = {
        "name": "Reminders",
        "kind": "informational",
        "calendar": OFFICE,
        "attempts": {
            "max_total": 3,
            "max_per_day": 2,
            "delays_seconds": [1800],
            "retry": {outcome: {} for outcome in ("busy", "no_answer", "machine_no_message")},
        },
        "caps": {"max_concurrent": 10},
    }
    people = "number\n" + "".join(f"+1212555{n:04}\n+1303555{n:04}\n" for n in range(2000))
    files = tmp_path / "campaign.json", tmp_path / "contacts.csv"
    files[0].write_text(json.dumps(definition))
    files[1].write_text(people)
    campaign = await api.campaign(**definition)
    await api.import_csv(campaign, people.encode())
    start = datetime(2026, 11, 23, hour, tzinfo=UTC)

    asked = Assumptions(
        calls_per_second=None, max_concurrent=None, answer_rate=0.3, talk_seconds=None, days=14
    )
    caller = a_caller(api.tenant_id, 0)
    async with api_pool(api.pool) as pool:
        resources = Resources(pool=pool, publish=_nobody, rulebook=a_rulebook())
        forecast = (await run(resources, caller, campaign, asked, now=start)).forecast
    read = read_campaign(files[0])
    played = run_scenario(
        Scenario(
            definition=read,
            people=read_people(files[1], read),
            packs=loader.load(None),
            outcomes=call_outcomes({Outcome.ANSWERED_HUMAN: 0.3}, talk=None, ring=None, seed=1),
            start=start,
            days=14,
        )
    )

    assert forecast.calls == pytest.approx(played.calls, rel=0.03)
    assert forecast.finishes_at is not None
    assert played.finished_at is not None
    assert abs(forecast.finishes_at - played.finished_at) < timedelta(hours=1)


async def _nobody(_messages: Sequence[Message]) -> None:
    raise AssertionError("a preflight publishes nothing")


async def test_it_changes_nothing_and_publishes_nothing(api: Api) -> None:
    campaign = await api.campaign()
    await api.import_csv(campaign, b"number\n+12125550101\n")
    tables = "SELECT (SELECT count(*) FROM attempts), (SELECT array_agg(c) FROM contacts c)"
    before = await api.pool.fetchrow(tables)

    await preflight(api, campaign)

    assert await api.pool.fetchrow(tables) == before
    assert api.published == []


async def test_without_contacts_or_body_there_is_an_answer(api: Api) -> None:
    campaign = await api.campaign()

    answer = await api.post(f"/v1/campaigns/{campaign}/preflight", status=200)

    assert (answer["contacts"], answer["groups"], answer["finishes_at"]) == (0, [], None)


async def test_another_tenant_finds_nothing(api: Api) -> None:
    campaign = await api.campaign()
    other = await api.another()

    await other.post(f"/v1/campaigns/{campaign}/preflight", {}, status=404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"calls_per_second": 0}, "/calls_per_second"),
        ({"max_concurrent": "many"}, "/max_concurrent"),
        ({"answer_rate": 1.01}, "/answer_rate"),
        ({"talk_seconds": -1}, "/talk_seconds"),
        ({"days": 91}, "/days"),
        ({"speed": 3}, "/speed"),
    ],
)
async def test_bad_input_is_refused_by_field(api: Api, body: dict[str, Any], pointer: str) -> None:
    campaign = await api.campaign()

    problem = await api.post(f"/v1/campaigns/{campaign}/preflight", body, status=422)

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
