"""A contact with a dialed attempt; each message that ends the attempt is folded twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

from asyncpg import Record

from services.events.fold import CallFolder
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, CallReference
from shared.domain.calls import CallFacts, CallState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.messages.calls import (
    AttemptDropped,
    AttemptDroppedData,
    CallEnded,
    CallEndedData,
    CallProgressed,
    CallProgressedData,
    CallUnknown,
)
from shared.kafka.messages.facts import FactsData
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLOSING = NOW + timedelta(hours=6)
MIDNIGHT = NOW + timedelta(hours=12)
HOUR = timedelta(hours=1)
BUSY = {"busy": {"delay_seconds": 3_600}}


async def an_attempt(
    pool: Pool, *, contact: dict[str, Any] | None = None, **attempts: Any
) -> CallReference:
    """A campaign with this policy, one contact, and its dialed attempt."""
    campaign = await a_running_campaign(pool, a_definition(attempts=attempts), now=NOW)
    await some_contacts(pool, campaign, 1)
    for column, value in (contact or {}).items():
        await pool.execute(f"UPDATE contacts SET {column} = $1", value)
    return await another_attempt(pool, at=NOW, closes_at=CLOSING)


async def another_attempt(
    pool: Pool, *, at: datetime, closes_at: datetime, state: str = "dialing"
) -> CallReference:
    [attempt] = await attempts_of_all(pool, at=at, closes_at=closes_at, state=state)
    return attempt


async def attempts_of_all(
    pool: Pool, *, at: datetime, closes_at: datetime, state: str = "dialing"
) -> list[CallReference]:
    """An attempt of each contact."""
    rows = await pool.fetch(
        """
        WITH taken AS (
            UPDATE contacts SET state = 'active' RETURNING tenant_id, id, campaign_id, attempts
        )
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
            window_closes_at, revisit_at, dialing_at, number, state, tzdata_version)
        SELECT tenant_id, uuidv7(), campaign_id, id, $1, $2, $2,
            CASE WHEN $3 = 'dialing' THEN $1::timestamptz END, attempts + 1, $3, 'test'
        FROM taken RETURNING tenant_id, id AS attempt_id
        """,
        at,
        closes_at,
        state,
    )
    return [CallReference(**row) for row in rows]


def an_end(
    reference: CallReference,
    outcome: Outcome = Outcome.BUSY,
    *,
    at: datetime = NOW,
    callback_at: datetime | None = None,
    **facts: Any,
) -> CallEnded:
    data = CallEndedData(
        **reference._asdict(),
        outcome=outcome,
        ended_at=at,
        callback_at=callback_at,
        facts=FactsData.of(CallFacts(**facts)),
    )
    return CallEnded.of(data, at=at)


def progress(
    reference: CallReference,
    state: CallState = CallState.ANSWERED,
    *,
    at: datetime = NOW,
    **facts: Any,
) -> CallProgressed:
    told = FactsData.of(CallFacts(**facts))
    assert told is not None
    data = CallProgressedData(**reference._asdict(), state=state, reported_at=at, facts=told)
    return CallProgressed.of(data, at=at)


def a_drop(reference: CallReference, reason: Reason, *, retry_at: datetime = NOW) -> AttemptDropped:
    data = AttemptDroppedData(
        **reference._asdict(),
        from_state=AttemptState.DIALING,
        reason=reason,
        dropped_at=NOW,
        retry_at=retry_at,
    )
    return AttemptDropped.of(data, at=NOW)


async def fold(pool: Pool, event: CallEnded | CallUnknown | AttemptDropped) -> Record:
    """Fold the event twice in a batch and once more; return the contact.

    The repeats must change nothing.
    """
    folder = CallFolder(pool)
    await folder.on_call_reports([event, event])
    [contact] = await pool.fetch("SELECT * FROM contacts")
    counted = await pool.fetch("SELECT * FROM campaign_counters ORDER BY name")
    await folder.on_call_reports([event])
    assert await pool.fetch("SELECT * FROM contacts") == [contact]
    assert await pool.fetch("SELECT * FROM campaign_counters ORDER BY name") == counted
    return contact


def waits(contact: Record) -> tuple[str, datetime, str]:
    return contact["state"], contact["not_before"], contact["waits_for"]


def is_finished(contact: Record) -> tuple[str, str, None]:
    return contact["state"], contact["outcome"], contact["waits_for"]
