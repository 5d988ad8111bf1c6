"""Advisory locks: some exclude each other, and two kinds of lock never share a key."""

from shared.db import locks
from shared.db.types import Connection, Pool


async def test_an_import_and_the_completion_of_its_campaign_exclude_each_other(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as other:
        async with one.transaction():
            await locks.block_completion(one, 7)
            async with other.transaction():
                await locks.block_completion(other, 7)
                assert not await locks.try_exclude_imports(one, 7)
                assert await locks.try_exclude_imports(one, 8)
        async with one.transaction():
            assert await locks.try_exclude_imports(one, 7)


async def test_locks_of_different_classes_never_meet(pool: Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await locks.block_completion(conn, 7)
        await locks.lock_for_import(conn, 7)
        assert await locks.try_lead_relay(conn)

        keys = await _held(conn)

    assert len({lock_class for lock_class, _ in keys}) == len(keys) == 3


async def _held(conn: Connection) -> list[tuple[int, int]]:
    rows = await conn.fetch(
        """
        SELECT classid::bigint AS lock_class, objid::bigint AS key FROM pg_locks
        WHERE locktype = 'advisory' AND pid = pg_backend_pid()
        """
    )
    return [(row["lock_class"], row["key"]) for row in rows]
