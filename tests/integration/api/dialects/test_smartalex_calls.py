"""Calls and statistics by SmartAlex's API."""

from datetime import timedelta
from typing import Any

import pytest

from services.api.dialects.smartalex.calls import CallQuery
from tests.integration.api.test_calls import AT, a_call
from tests.support.smartalex import PHONES, SmartAlex, a_client

DAY = timedelta(days=1)


async def a_contact(smartalex: SmartAlex, **known: str) -> tuple[str, int, int]:
    """A campaign with one contact: its id, and the numbers of both."""
    campaign = await smartalex.campaign()
    body = {"contacts": [{"phone": PHONES[0], **known}]}
    await smartalex.post(f"/campaigns/{campaign}/contacts", body, status=201)
    row = await smartalex.native.pool.fetchrow(
        "SELECT campaign_id, id FROM contacts ORDER BY id DESC LIMIT 1"
    )
    assert row is not None
    return campaign, row["campaign_id"], row["id"]


async def test_a_call_is_shown_with_its_person(smartalex: SmartAlex) -> None:
    campaign, number, contact = await a_contact(smartalex, first_name="Zoë", last_name="Doe")
    facts = (
        '{"talk_seconds": 41.6, "price": {"amount": "0.0130", "currency": "USD"},'
        ' "recording_url": "https://example.com/r.wav"}'
    )
    attempt = await a_call(
        smartalex.native,
        1,
        campaign_id=number,
        contact_id=contact,
        number=PHONES[0],
        outcome="answered_human",
        facts=facts,
    )

    listed = await smartalex.get("/calls")
    one = await smartalex.get(f"/calls/call_{attempt.hex}")

    row = {
        "id": f"call_{attempt.hex}",
        "direction": "outbound",
        "agent_id": smartalex.agent_id,
        "phone_number": PHONES[0],
        "contact": {"id": f"contact_{contact}", "first_name": "Zoë", "last_name": "Doe"},
        "contact_id": f"contact_{contact}",
        "status": "completed",
        "call_status": "completed",
        "duration": 42,
        "duration_seconds": 42,
        "sentiment": None,
        "cost": 0.013,
        "created_at": "2026-11-18T12:00:00Z",
        "start_timestamp": "2026-11-18T12:00:00Z",
        "end_timestamp": "2026-11-18T12:00:00Z",
    }
    assert listed == {"data": [row], "meta": {"total": 1, "page": 1, "per_page": 20}}
    assert one == {
        "data": row
        | {
            "campaign_id": campaign,
            "recording_url": "https://example.com/r.wav",
            "transcript": [],
            "summary": None,
        }
    }


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [4, 3, 2, 1]),
    ({"status": "completed"}, [1]),
    ({"status": "voicemail"}, [2]),
    ({"status": "no_answer"}, [3]),
    ({"status": "failed"}, [4]),
    ({"call_status": "voicemail"}, [2]),
    ({"since_hours": 1}, []),
    ({"since_hours": 8_000}, [4, 3, 2, 1]),
    ({"direction": "outbound"}, [4, 3, 2, 1]),
    ({"direction": "inbound"}, []),
    ({"direction": "web"}, []),
    ({"from_date": "2026-11-20"}, [4, 3]),
    ({"to_date": "2026-11-19"}, [2, 1]),
    ({"from_date": "2026-11-19", "to_date": "2026-11-20"}, [3, 2]),
    ({"page": 2, "per_page": 3}, [1]),
    ({"campaign_id": "own"}, [4, 3, 2, 1]),
    ({"campaign_id": "campaign_999999"}, []),
    ({"campaign_id": "999999"}, []),
    ({"agent_id": "own"}, [4, 3, 2, 1]),
    ({"agent_id": "agent_999999"}, []),
    ({"agent_id": "renewals"}, []),
]


def test_each_parameter_of_the_list_of_calls_is_tried() -> None:
    assert {name for query, _ in FILTERS for name in query} == CallQuery.model_fields.keys()


@pytest.mark.parametrize(("query", "positions"), FILTERS)
async def test_calls_are_listed_by_each_filter(
    smartalex: SmartAlex, query: dict[str, Any], positions: list[int]
) -> None:
    campaign, number, contact = await a_contact(smartalex)
    outcomes = ("opt_out", "machine_no_message", "declined", "busy")
    for position, outcome in enumerate(outcomes, start=1):
        await a_call(
            smartalex.native,
            position,
            campaign_id=number,
            contact_id=contact,
            dialing_at=AT + (position - 1) * DAY,
            number=PHONES[position],
            outcome=outcome,
        )
    await a_call(smartalex.native, None, campaign_id=number, contact_id=contact)
    own = {"campaign_id": campaign, "agent_id": smartalex.agent_id}
    asked = {name: own[name] if value == "own" else value for name, value in query.items()}

    listed = await smartalex.get("/calls", **asked)

    assert [row["phone_number"] for row in listed["data"]] == [PHONES[at] for at in positions]


async def test_what_is_not_known_of_calls_is_refused_by_name(smartalex: SmartAlex) -> None:
    sentiment = await smartalex.refused("GET", "/calls", params={"sentiment": "positive"})
    status = await smartalex.refused("GET", "/calls", params={"status": "busy"})
    day = await smartalex.refused("GET", "/calls", params={"from_date": "yesterday"})

    assert sentiment == (400, "invalid_request", "The 'sentiment' field is not known")
    twice = {"status": "failed", "call_status": "failed"}
    both = await smartalex.refused("GET", "/calls", params=twice)
    assert (status[0], day[0]) == (400, 400)
    assert both[2] == "The 'call_status' field is the same as status; give one of the two"
    assert day[2] == "The 'from_date' field must be a date, like 2031-01-31"


async def test_a_call_of_another_tenant_is_not_found(smartalex: SmartAlex) -> None:
    other = await a_client(await smartalex.native.another())
    campaign, number, contact = await a_contact(other)
    theirs = await a_call(other.native, 1, campaign_id=number, contact_id=contact)

    for id_ in (f"call_{theirs.hex}", f"call_{0:032x}", theirs.hex, "call_1"):
        assert await smartalex.refused("GET", f"/calls/{id_}") == (
            404,
            "call_not_found",
            "Call ID doesn't exist",
        )
    assert (await smartalex.get("/calls", campaign_id=campaign))["data"] == []
    assert (await other.get(f"/calls/call_{theirs.hex}"))["data"]["status"] == "failed"


async def test_statistics_are_those_of_the_counters(smartalex: SmartAlex) -> None:
    campaign, number, _ = await a_contact(smartalex)
    counts = {
        "contacts": 9,
        "attempts": 15,
        "dropped": 2,
        "outcome.answered_human": 3,
        "outcome.opt_out": 1,
        "outcome.machine_no_message": 2,
        "outcome.no_answer": 1,
        "outcome.declined": 1,
        "outcome.busy": 4,
        "finished.answered_human": 3,
        "finished.opt_out": 1,
        "finished.busy": 1,
        "finished.excluded": 1,
    }
    await smartalex.native.pool.execute("DELETE FROM campaign_counters")
    await smartalex.native.pool.executemany(
        "INSERT INTO campaign_counters VALUES ($1, $2, $3, $4)",
        [(smartalex.native.tenant_id, number, name, value) for name, value in counts.items()],
    )

    shown = await smartalex.get(f"/campaigns/{campaign}")

    assert shown["data"]["stats"] == {
        "total_contacts": 9,
        "pending": 2,
        "in_progress": 1,
        "completed": 4,
        "failed": 2,
        "calls_made": 12,
        "answered": 4,
        "voicemail": 2,
        "no_answer": 2,
        "busy": 4,
        "callbacks_pending": 0,
        "completion_rate": 0.6667,
        "answer_rate": 0.3333,
    }
