"""Retention: old rows and days that are deleted, and those that must stay longer."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.events.pruner import DAYS_AHEAD, Pruner, Retention
from shared.db import public_events
from shared.db.events import call_months, event_days, event_relays
from shared.db.types import Connection, Pool
from shared.domain.attempts import first_id
from shared.runtime.metrics import STEPS_FAILED
from shared.runtime.process import every, running
from tests.support.database import connection
from tests.support.folding import an_attempt
from tests.support.sms import a_message
from tests.support.waiting import until
from tests.support.webhook_rows import OwnEndpoint, an_endpoint, an_event, end_attempts

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
KEEP = Retention(
    operations=timedelta(days=30),
    events=7 * DAY,
    deliveries=30 * DAY,
    attempts=1830 * DAY,
    calls=400 * DAY,
    person_calls=400 * DAY,
    inbox=8 * DAY,
    audit_log=400 * DAY,
)


async def prune(pool: Pool, now: datetime = NOW) -> None:
    pruner = Pruner(pool, KEEP)
    await pruner.make_days(now)
    await pruner.make_months(now)
    while await pruner.delete_rows(now):
        pass
    await pruner.drop_days(now)
    await pruner.drop_months(now)


async def days(pool: Pool) -> set[date]:
    async with pool.acquire() as conn:
        return await event_days.made(conn)


async def events_of(pool: Pool, at: datetime, count: int = 3) -> OwnEndpoint:
    """Insert events of a tenant at this time, all relayed and delivered."""
    endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")
    await end_attempts(pool, endpoint, count)
    tenant = endpoint.key.tenant_id
    await pool.execute("UPDATE public_events SET at = $2 WHERE tenant_id = $1", tenant, at)
    await pool.execute(
        "UPDATE webhook_deliveries SET event_at = $2, state = 'delivered', ended_at = $2"
        " WHERE tenant_id = $1",
        tenant,
        at,
    )
    await pool.execute("INSERT INTO event_relays SELECT tenant_id, last FROM event_heads")
    return endpoint


async def months(pool: Pool) -> set[date]:
    async with pool.acquire() as conn:
        return await call_months.made(conn)


def an_id(at: datetime) -> UUID:
    """The smallest UUIDv7 of that time, with its version and variant."""
    return UUID(int=first_id(at).int | 7 << 76 | 2 << 62)


async def a_call_record(pool: Pool, attempt_id: UUID) -> None:
    await pool.execute(
        """
        INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id,
            trunk_id, dialing_at, ended_at, attempt_number, number, outcome)
        VALUES (1, $1, 1, 1, 1, 1, now(), now(), 1, '+12025550123', 'busy')
        """,
        attempt_id,
    )


async def deliveries_read(conn: Connection) -> int:
    rows: int = await conn.fetchval(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'webhook_deliveries'"
    )
    return rows


async def test_days_are_made_ahead_and_take_the_events_of_their_day(pool: Pool) -> None:
    await prune(pool)
    await events_of(pool, NOW + DAY)

    assert await days(pool) == {TODAY + n * DAY for n in range(DAYS_AHEAD + 1)}
    assert await pool.fetchval("SELECT count(*) FROM public_events_20261119") == 3
    assert await pool.fetchval("SELECT count(*) FROM public_events_default") == 0


async def test_events_of_a_missing_day_move_to_it_when_it_is_made(pool: Pool) -> None:
    await events_of(pool, NOW + 20 * DAY)
    stray = NOW.date() + 20 * DAY

    await prune(pool)

    assert stray in await days(pool)
    assert await pool.fetchval("SELECT count(*) FROM public_events_default") == 0
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 3
    async with pool.acquire() as conn:
        await pool.execute("DELETE FROM event_relays")
        entries = await event_relays.oldest(conn, await event_relays.backlogs(conn), limit=10)
    assert [entry.position for entry in entries] == [1, 2, 3]


async def test_a_day_with_many_events_has_longer_than_a_short_statement(
    pool: Pool, dsn: str
) -> None:
    """The move of its events takes longer here than the connection's own limit."""
    await events_of(pool, NOW)
    await pool.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$"
    )
    await pool.execute(
        "CREATE TRIGGER slow BEFORE DELETE ON public_events_default EXECUTE FUNCTION slow()"
    )

    async with connection(dsn, command_timeout=1) as conn:
        await event_days.make(conn, TODAY)

    assert await pool.fetchval("SELECT count(*) FROM public_events_20261118") == 3


async def test_days_that_cannot_be_made_do_not_keep_old_rows(pool: Pool) -> None:
    await events_of(pool, NOW - 31 * DAY)
    await pool.execute("DROP FUNCTION make_event_day")
    pruner = Pruner(pool, KEEP)
    failed = STEPS_FAILED.labels("make_days")
    before = failed._value.get()

    async def has_pruned() -> bool:
        rows: int = await pool.fetchval("SELECT count(*) FROM webhook_deliveries")
        return rows == 0 and bool(failed._value.get() > before)

    async with running(
        every(60, "make_days", lambda _: pruner.make_days(NOW)),
        every(60, "prune", lambda _: pruner.delete_rows(NOW)),
        every(60, "drop_days", lambda _: pruner.drop_days(NOW)),
    ):
        await until(has_pruned)


async def test_an_event_may_come_while_its_day_is_made(pool: Pool, dsn: str) -> None:
    """Making the day waits briefly for a writer's lock, gives up, and succeeds after its commit."""
    endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")
    async with connection(dsn) as writer:
        transaction = writer.transaction()
        await transaction.start()
        await public_events.add(writer, [an_event(endpoint.key.tenant_id, endpoint.campaign_id)])

        await prune(pool, datetime.now(UTC))
        made = await days(pool)
        await transaction.commit()
    await prune(pool, datetime.now(UTC))

    assert made == set()
    assert await pool.fetchval("SELECT count(*) FROM public_events_default") == 0
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 1


async def test_a_day_is_dropped_when_its_last_event_is_old_enough(pool: Pool) -> None:
    noon = NOW - 7 * DAY
    await events_of(pool, noon)
    await prune(pool)
    before = await days(pool)

    await prune(pool, NOW + timedelta(hours=12))

    assert noon.date() in before
    assert noon.date() not in await days(pool)
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 0


@pytest.mark.parametrize(
    "unfinished",
    [
        "UPDATE event_relays SET relayed = 2",
        "DELETE FROM event_relays",
        "UPDATE webhook_deliveries SET state = 'pending', ended_at = NULL WHERE position = 3",
    ],
    ids=["relayed in part", "not relayed", "delivery pending"],
)
async def test_a_day_stays_while_an_event_of_it_is_still_to_be_sent(
    pool: Pool, unfinished: str
) -> None:
    await events_of(pool, NOW - 20 * DAY)
    await pool.execute(unfinished)

    await prune(pool)
    kept = await pool.fetchval("SELECT count(*) FROM public_events")
    await pool.execute("UPDATE event_relays SET relayed = 3")
    await pool.execute(
        "INSERT INTO event_relays SELECT tenant_id, last FROM event_heads ON CONFLICT DO NOTHING"
    )
    await pool.execute("UPDATE webhook_deliveries SET state = 'exhausted', ended_at = now()")
    await prune(pool)

    assert kept == 3
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 0


async def test_the_look_at_a_day_holds_no_lock_while_the_day_is_dropped(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await events_of(pool, NOW - 20 * DAY)
    drop = event_days.drop

    async def drop_after_another(conn: Connection, day: date) -> None:
        async with pool.acquire() as other, other.transaction():
            await other.execute("LOCK TABLE public_events IN ACCESS EXCLUSIVE MODE NOWAIT")
        await drop(conn, day)

    monkeypatch.setattr(event_days, "drop", drop_after_another)
    await prune(pool)

    assert await pool.fetchval("SELECT count(*) FROM public_events") == 0


async def test_the_look_at_a_day_reads_no_pending_delivery_of_another_day(pool: Pool) -> None:
    await events_of(pool, NOW, 1000)
    await pool.execute("UPDATE webhook_deliveries SET state = 'pending', ended_at = NULL")
    await pool.execute("ANALYZE webhook_deliveries")

    async with pool.acquire() as conn, conn.transaction():
        before = await deliveries_read(conn)
        old = await event_days.in_use(conn, (NOW - 20 * DAY).date())
        read = await deliveries_read(conn) - before
        young = await event_days.in_use(conn, TODAY)

    assert (old, young) == (False, True)
    assert read < 10


async def test_deliveries_go_when_they_ended_and_their_time_is_over(pool: Pool) -> None:
    old = await events_of(pool, NOW - 31 * DAY)
    await pool.execute(
        "UPDATE webhook_deliveries SET state = 'pending', ended_at = NULL WHERE position = 2"
    )
    await pool.execute("DELETE FROM event_relays")
    young = await events_of(pool, NOW - 29 * DAY)

    await prune(pool)

    rows = await pool.fetch(
        "SELECT tenant_id, position FROM webhook_deliveries ORDER BY tenant_id, position"
    )
    assert [tuple(row) for row in rows] == [
        (old.key.tenant_id, 2),
        *((young.key.tenant_id, position) for position in (1, 2, 3)),
    ]


async def test_attempts_go_when_they_ended_and_their_time_is_over(pool: Pool) -> None:
    await an_attempt(pool)
    old = UUID(int=int((NOW - 1831 * DAY).timestamp() * 1000) << 80)
    await pool.execute("UPDATE attempts SET id = $1", old)
    await prune(pool)
    live = await pool.fetchval("SELECT count(*) FROM attempts")
    end = "UPDATE attempts SET state = 'ended', outcome = 'busy', revisit_at = NULL, ended_at = $1"

    await pool.execute(end, NOW - 1829 * DAY)
    await prune(pool)
    young = await pool.fetchval("SELECT count(*) FROM attempts")
    await pool.execute(end, NOW - 1831 * DAY)
    await prune(pool)

    assert (live, young) == (1, 1)
    assert await pool.fetchval("SELECT count(*) FROM attempts") == 0
    assert await pool.fetchval("SELECT count(*) FROM contacts") == 1


async def test_text_messages_go_when_nothing_more_was_told_for_long(pool: Pool) -> None:
    await an_attempt(pool)
    old = UUID(int=int((NOW - 1831 * DAY).timestamp() * 1000) << 80)
    await a_message(pool, id=old)
    await prune(pool)
    queued = await pool.fetchval("SELECT count(*) FROM sms_messages")

    await pool.execute(
        "UPDATE sms_messages SET state = 'failed', next_try_at = NULL, ended_at = $1",
        NOW - 1831 * DAY,
    )
    await prune(pool)

    assert (queued, await pool.fetchval("SELECT count(*) FROM sms_messages")) == (1, 0)


async def test_calls_to_a_person_stay_as_long_as_a_cap_may_count_them(pool: Pool) -> None:
    tenant = (await an_endpoint(pool, "http://127.0.0.1:9/")).key.tenant_id
    for days_ago, ended in ((401, True), (401, False), (399, True)):
        at = NOW - days_ago * DAY
        await pool.execute(
            """
            INSERT INTO person_calls
                (tenant_id, number, dialing_at, attempt_id, subject, outcome, ended_at)
            VALUES ($1, '+12025550000', $2, gen_random_uuid(), '', $3, $4)
            """,
            tenant,
            at,
            "busy" if ended else None,
            at if ended else None,
        )

    await prune(pool)

    rows = await pool.fetch("SELECT dialing_at, ended_at FROM person_calls ORDER BY dialing_at")
    assert [(NOW - row["dialing_at"], row["ended_at"] is None) for row in rows] == [
        (401 * DAY, True),
        (399 * DAY, False),
    ]


async def test_months_of_calls_are_made_ahead_and_take_the_calls_of_their_month(
    pool: Pool,
) -> None:
    last = datetime(2026, 11, 30, 23, 59, 59, 999_000, tzinfo=UTC)
    await a_call_record(pool, an_id(last))
    await prune(pool)
    await a_call_record(pool, an_id(last + timedelta(milliseconds=1)))

    assert await months(pool) == {date(2026, 11, 1), date(2026, 12, 1)}
    assert await pool.fetchval("SELECT count(*) FROM call_records_202611") == 1
    assert await pool.fetchval("SELECT count(*) FROM call_records_202612") == 1
    assert await pool.fetchval("SELECT count(*) FROM call_records_default") == 0


async def test_a_month_of_calls_is_dropped_when_all_its_calls_are_old(pool: Pool) -> None:
    await a_call_record(pool, an_id(datetime(2025, 9, 1, tzinfo=UTC)))
    await a_call_record(pool, an_id(datetime(2025, 10, 31, tzinfo=UTC)))
    await prune(pool, datetime(2026, 12, 5, tzinfo=UTC))

    assert min(await months(pool)) == date(2025, 10, 1)
    await prune(pool, datetime(2026, 12, 6, tzinfo=UTC))
    assert min(await months(pool)) == date(2026, 12, 1)
    assert await pool.fetchval("SELECT count(*) FROM call_records") == 0


async def test_an_id_that_names_no_time_stays_in_the_default_partition(pool: Pool) -> None:
    await a_call_record(pool, uuid4())

    await prune(pool)

    assert await pool.fetchval("SELECT count(*) FROM call_records_default") == 1
