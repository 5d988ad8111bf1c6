"""Advisory locks, and the order in which every transaction takes its locks.

A transaction goes through this list from the top down and skips what it does not need; within one
table it locks rows in the order that is named. So no two transactions wait for each other.

1. `tenants`: the row whose rules change
2. `campaigns`: by tenant and id
3. advisory IMPORT, then CONTACTS
4. `calling_groups`: by their columns; `campaign_groups`: by group
5. advisory PERSON: by key
6. `inbox`: by tenant, attempt and kind
7. `attempts`: by tenant and id
8. `suppressions`: by tenant and number
9. `contacts`: by number; claims skip locked rows
10. `person_calls`
11. `campaign_counters`: by campaign and name
12. `waiting_contacts`: by primary key
13. `event_heads`: by tenant
14. `webhook_endpoints`: by tenant and id; shared, but for the transaction that disables them
15. `webhook_deliveries`: claims skip locked rows

All transactions of a campaign or a tenant share the rows of 11 to 13, so these come last and are
held for the shortest time. Two transactions never work on one attempt at a time: Kafka's key and
SKIP LOCKED see to it. ARCHITECTURE.md shows which transaction takes which of these locks.

An advisory lock has two numbers, its class and a key. Keys are hashes: two campaigns or persons
with the same key wait for each other without need, which is harmless.
"""

from collections.abc import Collection
from enum import IntEnum

from shared.db.person_calls import Person
from shared.db.types import Connection

# Seconds; the pool's own limit is meant for short statements.
LONGEST_IMPORT = 3600.0


class LockClass(IntEnum):
    MIGRATION = 1
    RELAY = 2
    IMPORT = 3
    CONTACTS = 4
    PERSON = 5


async def block_completion(conn: Connection, campaign_id: int) -> None:
    """Until the transaction ends, an import is under way: the campaign is not completed."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock_shared($1, hashint8($2))", LockClass.IMPORT, campaign_id
    )


async def try_exclude_imports(conn: Connection, campaign_id: int) -> bool:
    """Whether no import is under way; if so, none begins until the transaction ends.

    The other side of `block_completion`. It does not wait, so it may come after other locks.
    """
    is_free: bool = await conn.fetchval(
        "SELECT pg_try_advisory_xact_lock($1, hashint8($2))", LockClass.IMPORT, campaign_id
    )
    return is_free


async def lock_for_import(conn: Connection, campaign_id: int) -> None:
    """Until the transaction ends, no other transaction adds contacts to the campaign.

    Two transactions that add the same numbers in different order would wait for each other.
    """
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, hashint8($2))",
        LockClass.CONTACTS,
        campaign_id,
        timeout=LONGEST_IMPORT,
    )


async def lock_persons(conn: Connection, persons: Collection[Person]) -> None:
    """Until the transaction ends, no other one decides on a call to one of these persons."""
    await conn.execute(
        """
        SELECT pg_advisory_xact_lock($1, key) FROM (
            SELECT DISTINCT hashtext(person.tenant_id || person.number) AS key
            FROM unnest($2::integer[], $3::text[]) AS person (tenant_id, number)
            ORDER BY key
            -- Keeps the sort below the locking.
            OFFSET 0
        ) AS ordered
        """,
        LockClass.PERSON,
        [person.tenant_id for person in persons],
        [person.number for person in persons],
    )


async def try_lead_relay(conn: Connection) -> bool:
    """Whether this session may relay public events; it holds the lock until it ends."""
    is_held: bool = await conn.fetchval("SELECT pg_try_advisory_lock($1, 0)", LockClass.RELAY)
    return is_held
