"""A number of a tenant is in one live attempt at a time, whichever campaigns want to call it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from faststream.kafka import KafkaBroker

from services.scheduler.claimer import Claimer
from shared.db.events import folding
from shared.db.events.folding import AttemptEnd
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, CallReference
from tests.state_machine import recount
from tests.support.campaigns import (
    a_definition,
    a_running_campaign,
    a_tenant,
    some_contacts,
)
from tests.support.claiming import a_claimer

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
# The claim decides on each contact of the second kind, and on whole groups of the first.
COUNTED = [
    pytest.param({}, id="calls not counted"),
    pytest.param({"frequency_caps": [{"max_calls": 9, "hours": 24}]}, id="calls counted"),
]


async def campaigns_with(
    pool: Pool, people: Sequence[int], *, tenant_id: int | None = None, **definition: Any
) -> list[int]:
    """A campaign of one tenant for each number of people; all share the first people."""
    tenant_id = tenant_id or await a_tenant(pool)
    made = []
    for count in people:
        wanted = a_definition(**definition)
        made.append(await a_running_campaign(pool, wanted, tenant_id=tenant_id, now=NOW))
        await some_contacts(pool, made[-1], count)
    return made


async def claimed(pool: Pool) -> list[int]:
    """The number of attempts that each campaign ever had."""
    rows = await pool.fetch(
        """
        SELECT count(attempt.id) AS attempts FROM campaigns LEFT JOIN attempts AS attempt
            ON attempt.campaign_id = campaigns.id
        GROUP BY campaigns.id ORDER BY campaigns.id
        """
    )
    return [row["attempts"] for row in rows]


async def drop_all(pool: Pool) -> None:
    """End each live attempt, as the fold does for one that was not placed."""
    rows = await pool.fetch(
        "SELECT tenant_id, id AS attempt_id FROM attempts WHERE ended_at IS NULL"
    )
    async with pool.acquire() as conn:
        await folding.end(
            conn,
            [
                AttemptEnd(
                    reference=CallReference(**row),
                    from_state=AttemptState.CLAIMED,
                    state=AttemptState.DROPPED,
                    ended_at=NOW,
                    outcome=None,
                    reason="refused",
                    provider_call_id=None,
                )
                for row in rows
            ],
        )


@pytest.mark.parametrize("definition", COUNTED)
async def test_a_number_in_a_call_is_passed_over_without_new_rows(
    pool: Pool, claimer: Claimer, definition: dict[str, Any]
) -> None:
    await campaigns_with(pool, (3, 5), **definition)

    for _ in range(6):
        await claimer.run_once(NOW)
    during = await claimed(pool)
    await drop_all(pool)
    await claimer.run_once(NOW)

    assert sum(during) == 5
    assert await claimed(pool) == [3, 5]


@pytest.mark.parametrize("definition", COUNTED)
async def test_numbers_in_calls_do_not_hide_the_contacts_behind_them(
    pool: Pool, claimer: Claimer, definition: dict[str, Any]
) -> None:
    tenant_id = await a_tenant(pool)
    await campaigns_with(pool, (300,), tenant_id=tenant_id, **definition)
    await claimer.run_once(NOW)
    few = {"caps": {"max_concurrent": 5}}
    await campaigns_with(pool, (310,), tenant_id=tenant_id, **definition, **few)

    await claimer.run_once(NOW)

    assert await claimed(pool) == [300, 7]


async def test_other_tenants_may_call_the_same_number(pool: Pool, claimer: Claimer) -> None:
    for name in ("one", "two"):
        await campaigns_with(pool, (3,), tenant_id=await a_tenant(pool, name=name))

    await claimer.run_once(NOW)

    assert await claimed(pool) == [3, 3]


@pytest.mark.parametrize("definition", COUNTED)
async def test_schedulers_that_claim_the_same_people_at_once_do_not_wait_for_each_other_for_ever(
    pool: Pool, broker: KafkaBroker, definition: dict[str, Any]
) -> None:
    """The contacts of the second campaign are due in the opposite order."""
    _, second = await campaigns_with(pool, (400, 400), **definition)
    await pool.execute(
        "UPDATE contacts SET not_before = now() - id * interval '1 second', waits_for = 'retry'"
        " WHERE campaign_id = $1",
        second,
    )
    await pool.execute("UPDATE waiting_contacts SET contacts = 0")
    claimers = [a_claimer(pool, broker) for _ in range(4)]

    await asyncio.gather(*(claimer.run_once(datetime.now(UTC)) for claimer in claimers))

    assert sum(await claimed(pool)) == 400
    async with pool.acquire() as conn:
        faults = await recount.faults(conn)
    assert [fault for fault in faults if "I2" in fault] == []


async def test_a_second_live_attempt_at_a_number_cannot_be_stored(
    pool: Pool, claimer: Claimer
) -> None:
    await campaigns_with(pool, (1, 1))
    await claimer.run_once(NOW)

    with pytest.raises(asyncpg.UniqueViolationError) as error:
        await pool.execute(
            """
            INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at,
                window_closes_at, revisit_at, number, state, tzdata_version, phone)
            SELECT tenant_id, uuidv7(), campaign_id, id, $1, $1, $1, 1, 'claimed', 'x', number
            FROM contacts WHERE state = 'pending'
            """,
            NOW,
        )
    assert error.value.constraint_name == "attempts_live_phone"
