"""The schema as a real server holds it."""

import asyncio

import asyncpg
import pytest

from shared.db.migrate import migrate
from shared.db.types import Pool


async def test_migrating_twice_changes_nothing(dsn: str, pool: Pool) -> None:
    await asyncio.to_thread(migrate, dsn)

    assert await pool.fetchval("SELECT version_num FROM alembic_version") == "0001"


CLAIMED = """
    INSERT INTO attempts (id, campaign_id, contact_id, claimed_at, window_closes_at, revisit_at,
        number, state, zone_data)
    VALUES (uuidv7(), 1, 7, now(), now(), now(), 1, 'claimed', 'x')
"""


async def test_a_contact_cannot_have_two_live_attempts(pool: Pool) -> None:
    await pool.execute(CLAIMED)

    with pytest.raises(asyncpg.UniqueViolationError, match="attempts_live"):
        await pool.execute(CLAIMED)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'dialing'",
        "state = 'placed', dialing_at = now()",
        "state = 'ended', dialing_at = now(), ended_at = now(), revisit_at = NULL",
        "state = 'unknown', dialing_at = now(), ended_at = now(), outcome = 'busy'",
        "state = 'dropped', ended_at = now(), revisit_at = NULL, outcome = 'busy'",
        "revisit_at = NULL",
    ],
)
async def test_a_state_without_its_facts_cannot_be_stored(pool: Pool, change: str) -> None:
    await pool.execute(CLAIMED)

    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(f"UPDATE attempts SET {change}")
