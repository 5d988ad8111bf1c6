"""Reads contacts, attempts and counters by the REST API."""

import re
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.db import counters, public_events
from shared.domain.calendar.holidays import holidays_version
from shared.domain.calendar.zones import tzdata_version
from shared.domain.campaigns import CampaignKey
from tests.support.api import Api
from tests.support.webhook_rows import an_event

FILE = b"number,zone\n+12025550123,\n+12025550124,\n+4930123456,\n+80012345678,\n"
AT = datetime(2026, 11, 2, 15, tzinfo=UTC)


async def a_filled_campaign(api: Api) -> int:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, FILE)
    return campaign_id


async def a_contact(api: Api, campaign_id: int, number: str) -> int:
    contact_id = await api.pool.fetchval(
        "SELECT id FROM contacts WHERE campaign_id = $1 AND number = $2", campaign_id, number
    )
    assert isinstance(contact_id, int)
    return contact_id


async def an_attempt(api: Api, campaign_id: int, contact_id: int, *, outcome: str | None) -> UUID:
    attempt_id = uuid7()
    await api.pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            revisit_at, dialing_at, placed_at, ended_at, number, state, tzdata_version, outcome,
            provider_call_id)
        VALUES ($1, $2, $3, $4, $5::timestamptz, $5, CASE WHEN $6::text IS NULL THEN $5 END, $5, $5,
            CASE WHEN $6 IS NOT NULL THEN $5 END, 1,
            CASE WHEN $6 IS NULL THEN 'placed' ELSE 'ended' END, '2026b', $6, 'call')
        """,
        api.tenant_id,
        attempt_id,
        campaign_id,
        contact_id,
        AT,
        outcome,
    )
    return attempt_id


async def test_contacts_are_read_page_by_page(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)
    path = f"/v1/campaigns/{campaign_id}/contacts"

    first = await api.get(f"{path}?limit=3")
    second = await api.get(f"{path}?limit=3&cursor={first['next_cursor']}")

    numbers = [contact["number"] for contact in first["contacts"] + second["contacts"]]
    assert sorted(numbers) == ["+12025550123", "+12025550124", "+4930123456", "+80012345678"]
    assert second["next_cursor"] is None
    assert (await api.get(f"{path}?state=active"))["contacts"] == []
    contact = first["contacts"][0]
    assert contact == await api.get(f"/v1/contacts/{contact['id']}")
    assert contact["not_before"] is None
    assert contact["zones"] == ["America/New_York"]


async def test_attempts_are_read_by_id_by_contact_and_by_campaign(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)
    contact_id = await a_contact(api, campaign_id, "+4930123456")
    busy = await an_attempt(api, campaign_id, contact_id, outcome="busy")
    live = await an_attempt(api, campaign_id, contact_id, outcome=None)
    of_campaign = f"/v1/campaigns/{campaign_id}/attempts?limit=1"

    first = await api.get(of_campaign)
    second = await api.get(f"{of_campaign}&cursor={first['next_cursor']}")
    of_contact = await api.get(f"/v1/contacts/{contact_id}/attempts")

    attempts = first["attempts"] + second["attempts"]
    assert [attempt["id"] for attempt in attempts] == [str(busy), str(live)]
    assert of_contact["attempts"] == attempts
    attempt = await api.get(f"/v1/attempts/{busy}")
    assert attempt == attempts[0]
    assert (attempt["state"], attempt["outcome"], attempt["reason"]) == ("ended", "busy", None)
    assert attempt["tzdata_version"] == "2026b"
    instants = ("claimed_at", "dialing_at", "placed_at", "ended_at", "window_closes_at")
    assert {attempt[name] for name in instants} == {"2026-11-02T15:00:00Z"}


async def test_deliveries_of_a_webhook_are_read_page_by_page(api: Api) -> None:
    campaign_id = await api.campaign(webhook={"url": "https://example.com/hook"})
    tenant_id = await api.pool.fetchval(
        "SELECT tenant_id FROM campaigns WHERE id = $1", campaign_id
    )
    events = [an_event(tenant_id, campaign_id) for _ in range(3)]
    async with api.pool.acquire() as conn:
        await public_events.add(conn, events)
    path = f"/v1/campaigns/{campaign_id}/deliveries?limit=2"

    first = await api.get(path)
    second = await api.get(f"{path}&cursor={first['next_cursor']}")

    deliveries = first["deliveries"] + second["deliveries"]
    assert [delivery["id"] for delivery in deliveries] == [str(event.id) for event in events]
    assert {(delivery["state"], delivery["tries"]) for delivery in deliveries} == {("pending", 0)}
    assert second["next_cursor"] is None


async def test_counters_tell_contacts_attempts_and_outcomes(api: Api) -> None:
    campaign_id = await a_filled_campaign(api)
    campaign = CampaignKey(api.tenant_id, campaign_id)
    async with api.pool.acquire() as conn:
        counts = {"attempts": 5, "dropped": 1, "outcome.busy": 2, "outcome.answered_human": 1}
        counts |= {"finished.answered_human": 1}
        await counters.add(conn, [(campaign, name, n) for name, n in counts.items()])

    answer = await api.get(f"/v1/campaigns/{campaign_id}/counters")

    assert answer == {
        "contacts": {"total": 4, "pending": 2, "active": 1, "finished": 1},
        "attempts": {"total": 5, "live": 1, "ended": 3, "dropped": 1},
        "outcomes": {"answered_human": 1, "busy": 2},
        "finished": {"answered_human": 1},
    }


async def test_a_campaign_without_contacts_counts_nothing(api: Api) -> None:
    campaign_id = await api.campaign()

    answer = await api.get(f"/v1/campaigns/{campaign_id}/counters")

    assert answer["contacts"] == {"total": 0, "pending": 0, "active": 0, "finished": 0}


async def test_health_names_what_the_service_needs(api: Api) -> None:
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}
    ready = await api.http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "postgres": True,
        "tzdata_version": tzdata_version(),
        "holidays": holidays_version(),
    }
    document = await api.http.get("/openapi.json")
    assert document.json()["openapi"].startswith("3.1")
    metrics = await api.http.get("/metrics")
    assert metrics.status_code == 200
    assert "outdial_commands_unpublished_total" in metrics.text


async def test_requests_are_measured_by_operation_and_not_by_address(api: Api) -> None:
    await api.http.get("/v1/campaigns/4711")
    await api.http.get("/nowhere/4711")

    metrics = (await api.http.get("/metrics")).text

    assert 'outdial_request_seconds_count{operation="read_campaign",status="' in metrics
    assert 'outdial_request_seconds_count{operation="unknown",status="404"}' in metrics
    labels = re.findall(r"\{.*\}", metrics)
    assert labels
    assert not any("4711" in label for label in labels)
