"""Wavix's bodies are made of the call as it is when they are posted, or of nothing."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
import pytest_asyncio

from services.events.webhooks.egress import webhook_session
from services.events.webhooks.sender import WebhookSender
from shared.db import public_events
from shared.db.types import Pool
from shared.kafka.messages.public import ATTEMPT_ENDED
from tests.support.waiting import until
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhook_rows import OwnEndpoint, an_endpoint, an_event, another_endpoint

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def an_ended_call(pool: Pool, own: OwnEndpoint) -> tuple[int, UUID]:
    """A single call to a number that was busy; the ids of its contact and of its event."""
    group = await pool.fetchval(
        "INSERT INTO calling_groups (zones, source, jurisdictions, jurisdiction_source)"
        " VALUES ('{UTC}', 'contact', '{US}', 'number') RETURNING id"
    )
    contact_id: int = await pool.fetchval(
        """
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number, state, outcome,
            requested_at)
        VALUES ($1, $2, $3, '+12025550123', 'finished', 'busy', $4) RETURNING id
        """,
        own.key.tenant_id,
        own.campaign_id,
        group,
        AT,
    )
    event = an_event(own.key.tenant_id, own.campaign_id, contact_id)
    async with pool.acquire() as conn:
        await public_events.add(conn, [event])
    return contact_id, event.id


async def posted(pool: Pool) -> None:
    """Send until no delivery is pending."""

    async def is_quiet() -> bool:
        await sender.run_once(datetime.now(UTC))
        return not await pool.fetchval(
            "SELECT EXISTS (SELECT FROM webhook_deliveries WHERE state = 'pending')"
        )

    async with webhook_session(allow_private=True, seconds=5) as session:
        sender = WebhookSender(pool, session)
        await until(is_quiet)
        await sender.aclose()


@pytest.mark.parametrize("is_erased", [False, True])
async def test_a_callback_is_the_campaign_or_nothing(
    pool: Pool, receiver: Receiver, *, is_erased: bool
) -> None:
    own = await an_endpoint(pool, receiver.url("/standard"))
    await another_endpoint(
        pool,
        own,
        own.campaign_id,
        [ATTEMPT_ENDED],
        receiver.url("/callback"),
        rendering="wavix_campaign",
    )
    contact_id, event_id = await an_ended_call(pool, own)
    if is_erased:
        await pool.execute("DELETE FROM contacts")

    await posted(pool)

    bodies = [json.loads(post.body) for post in receiver.posts if post.path == "/callback"]
    campaign = {
        "id": contact_id,
        "caller_id": "",
        "contact": "12025550123",
        "status": "completed",
        "timestamp": "2026-11-01T12:00:00Z",
    }
    assert bodies == ([] if is_erased else [{"voice_campaign": campaign}])
    assert receiver.ids("/standard") == [str(event_id)]
    states = await pool.fetch("SELECT DISTINCT state FROM webhook_deliveries")
    assert [row["state"] for row in states] == ["delivered"]
