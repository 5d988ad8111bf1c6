"""Contacts and callbacks by SmartAlex's API."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.smartalex import PHONES, SmartAlex

AT = datetime(2031, 1, 6, 12, tzinfo=UTC)


async def test_each_contact_is_added_once_and_every_fault_has_its_index(
    smartalex: SmartAlex,
) -> None:
    campaign = await smartalex.campaign()
    await smartalex.native.post(
        "/v1/suppressions", {"number": PHONES[2], "reason": "asked"}, status=201
    )
    await smartalex.contacts(campaign, PHONES[0])

    added = await smartalex.contacts(campaign, *PHONES[:3], PHONES[1], "555-0100", "+1", "")

    assert added["data"] == {
        "added": 1,
        "duplicates": 2,
        "invalid": 3,
        "dnc": 1,
        "total_contacts": 3,
        "errors": [
            {"index": 4, "code": "no_country", "message": added["data"]["errors"][0]["message"]},
            {"index": 5, "code": "not_a_number", "message": added["data"]["errors"][1]["message"]},
            {"index": 6, "code": "empty", "message": added["data"]["errors"][2]["message"]},
        ],
    }
    assert all(error["message"] for error in added["data"]["errors"])


async def test_what_is_known_of_a_contact_is_a_variable_of_its_call(smartalex: SmartAlex) -> None:
    known = {
        "first_name": "Zoë",
        "last_name": "Doe",
        "email": "zoe@example.com",
        "company": "Acme",
    }
    campaign = await smartalex.campaign()
    body = {"contacts": [{"phone": PHONES[0], **known}, {"phone": PHONES[1], "email": None}]}

    await smartalex.post(f"/campaigns/{campaign}/contacts", body, status=201)

    rows = await smartalex.native.pool.fetch(
        "SELECT number, attributes FROM contacts ORDER BY number"
    )
    assert [row["number"] for row in rows] == PHONES[:2]
    assert [row["attributes"] and json.loads(row["attributes"]) for row in rows] == [known, None]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "The 'contacts' field is required"),
        (
            {"contacts": []},
            "The 'contacts' field List should have at least 1 item after validation, not 0",
        ),
        ({"contacts": {}}, "The 'contacts' field must be a list"),
        ({"contacts": [{}]}, "The 'contacts[0].phone' field is required"),
        ({"contacts": ["+1"]}, "The 'contacts[0]' field must be an object"),
        (
            {"contacts": [{"phone": PHONES[0]}, {"phone": PHONES[1], "title": "Dr"}]},
            "The 'contacts[1].title' field is not known",
        ),
        (
            {"contacts": [{"phone": PHONES[0], "email": 7}]},
            "The 'contacts[0].email' field must be text",
        ),
        (
            {"contacts": [{"phone": PHONES[0], "company": "a\0"}]},
            "The 'contacts[0].company' field must not contain a NUL character",
        ),
        ({"contacts": [{"phone": PHONES[0]}], "tag": 1}, "The 'tag' field is not known"),
        ([], "The body must be an object"),
    ],
)
async def test_a_wrong_body_is_refused_as_a_whole(
    smartalex: SmartAlex, body: Any, message: str
) -> None:
    campaign = await smartalex.campaign()

    refused = await smartalex.refused("POST", f"/campaigns/{campaign}/contacts", json=body)

    assert refused == (400, "invalid_request", message)
    assert await smartalex.native.pool.fetchval("SELECT count(*) FROM contacts") == 0


@pytest.mark.parametrize(
    "contact",
    [
        r'{"phone": "+12025550100", "first_name": "\ud800"}',
        r'{"phone": "+12025550100", "\ud800": 1}',
    ],
)
async def test_half_of_a_character_is_refused(smartalex: SmartAlex, contact: str) -> None:
    campaign = await smartalex.campaign()
    options = {
        "content": f'{{"contacts": [{contact}]}}',
        "headers": {"Content-Type": "application/json"},
    }

    refused = await smartalex.refused("POST", f"/campaigns/{campaign}/contacts", **options)

    assert refused[:2] == (400, "invalid_request")


async def test_a_thousand_contacts_come_in_one_request_and_no_more(smartalex: SmartAlex) -> None:
    campaign = await smartalex.campaign()
    phones = [f"+1202555{number:04}" for number in range(1_001)]
    body = {"contacts": [{"phone": phone} for phone in phones]}

    too_many = await smartalex.refused("POST", f"/campaigns/{campaign}/contacts", json=body)
    added = await smartalex.contacts(campaign, *phones[:1_000])

    assert too_many[:2] == (400, "invalid_request")
    assert added["data"]["added"] == added["data"]["total_contacts"] == 1_000


async def waits(smartalex: SmartAlex, phone: str, **columns: Any) -> int:
    """Give a contact these columns, and an attempt that ended so if it has had attempts."""
    outcome = columns.pop("outcome", None)
    pool = smartalex.native.pool
    for column, value in columns.items():
        await pool.execute(f"UPDATE contacts SET {column} = $1 WHERE number = $2", value, phone)
    if outcome is not None:
        await pool.execute(
            """
            INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, dialing_at,
                window_closes_at, number, state, outcome, ended_at, tzdata_version)
            SELECT tenant_id, uuidv7(), campaign_id, id, now(), now(), now(), attempts, 'ended', $2,
                now(), 'test'
            FROM contacts WHERE number = $1
            """,
            phone,
            outcome,
        )
    contact_id: int = await pool.fetchval("SELECT id FROM contacts WHERE number = $1", phone)
    return contact_id


async def test_pending_callbacks_are_retries_and_calls_that_were_asked_for(
    smartalex: SmartAlex,
) -> None:
    campaign = await smartalex.campaign(settings={"max_retries": 4})
    person = {"phone": PHONES[0], "first_name": "Zoë", "last_name": "Doe"}
    others = [{"phone": phone} for phone in PHONES[1:4]]
    path = f"/campaigns/{campaign}"
    await smartalex.post(f"{path}/contacts", {"contacts": [person, *others]}, status=201)
    busy = await waits(
        smartalex,
        PHONES[0],
        not_before=AT,
        waits_for="retry",
        attempts=2,
        outcome="busy",
    )
    asked = await waits(
        smartalex,
        PHONES[1],
        not_before=AT - timedelta(hours=1),
        waits_for="callback",
        attempts=1,
        outcome="callback_requested",
    )
    # It waits for the end of a suppression and was never called.
    await waits(smartalex, PHONES[2], not_before=AT, waits_for="suppression")

    listed = await smartalex.get(f"{path}/callbacks")
    second = await smartalex.get(f"{path}/callbacks", page=2, per_page=1)
    shown = await smartalex.get(path)

    assert listed["meta"] == {"total": 2, "page": 1, "per_page": 20}
    assert listed["data"] == [
        {
            "id": f"callback_{asked}",
            "campaign_id": campaign,
            "contact": {
                "id": f"contact_{asked}",
                "first_name": None,
                "last_name": None,
                "phone": PHONES[1],
            },
            "type": "customer_requested",
            "original_outcome": "callback_requested",
            "attempt": 1,
            "max_attempts": 4,
            "scheduled_at": "2031-01-06T11:00:00Z",
            "agent_id": smartalex.agent_id,
            "notes": None,
            "status": "pending",
        },
        {
            "id": f"callback_{busy}",
            "campaign_id": campaign,
            "contact": {
                "id": f"contact_{busy}",
                "first_name": "Zoë",
                "last_name": "Doe",
                "phone": PHONES[0],
            },
            "type": "retry",
            "original_outcome": "busy",
            "attempt": 2,
            "max_attempts": 4,
            "scheduled_at": "2031-01-06T12:00:00Z",
            "agent_id": smartalex.agent_id,
            "notes": None,
            "status": "pending",
        },
    ]
    assert second["data"] == listed["data"][1:]
    assert shown["data"]["stats"]["callbacks_pending"] == 2

    await waits(smartalex, PHONES[1], next_number=PHONES[9])
    moved = await smartalex.get(f"{path}/callbacks")
    assert moved["data"][0]["contact"]["phone"] == PHONES[9]
