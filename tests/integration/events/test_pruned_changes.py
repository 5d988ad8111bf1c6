"""Retention of what the api keeps of changes: its audit log, and answers by Idempotency-Key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.events.pruner import Pruner
from shared.db.types import Pool
from shared.domain.attempts import first_id
from tests.integration.events.test_pruner import KEEP, NOW
from tests.support.api import a_tenant

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def an_entry(pool: Pool, tenant_id: int, at: datetime) -> None:
    await pool.execute(
        """
        INSERT INTO audit_log (tenant_id, id, at, api_key_id, api_key_name, operation, kind)
        VALUES ($1, $2, $3, 1, 'CRM', 'edit_campaign', 'campaigns')
        """,
        tenant_id,
        UUID(int=first_id(at).int | 7 << 76 | 2 << 62),
        at,
    )


async def an_answer(pool: Pool, tenant_id: int, key: str, at: datetime) -> None:
    await pool.execute(
        """
        INSERT INTO idempotency_keys
            (tenant_id, api_key_id, key, fingerprint, status, headers, created_at)
        VALUES ($1, 1, $2, decode(repeat('00', 32), 'hex'), 204, '{}', $3)
        """,
        tenant_id,
        key,
        at,
    )


async def test_entries_of_the_audit_log_are_deleted_after_their_time(pool: Pool) -> None:
    tenant_id, _ = await a_tenant(pool, "tenant")
    for age in (29 * DAY, 30 * DAY - MINUTE, 30 * DAY + MINUTE, 90 * DAY):
        await an_entry(pool, tenant_id, NOW - age)

    await Pruner(pool, replace(KEEP, audit_log=30 * DAY)).delete_rows(NOW)

    rows = await pool.fetch("SELECT at FROM audit_log ORDER BY at")
    assert [NOW - row["at"] for row in rows] == [30 * DAY - MINUTE, 29 * DAY]


async def test_answers_are_deleted_after_a_day(pool: Pool) -> None:
    tenant_id, _ = await a_tenant(pool, "tenant")
    await an_answer(pool, tenant_id, "young", NOW - DAY + MINUTE)
    await an_answer(pool, tenant_id, "old", NOW - DAY)
    await an_answer(pool, tenant_id, "older", datetime(2020, 1, 1, tzinfo=UTC))

    await Pruner(pool, KEEP).delete_rows(NOW)

    assert [row["key"] for row in await pool.fetch("SELECT key FROM idempotency_keys")] == ["young"]
