"""Advisory locks, and the order in which every transaction takes its locks.

A transaction takes what it needs of these from the top down, and rows of one table in the order
that is named, so that no two wait for each other:

1. `tenants`: the row whose rules are changed
2. `campaigns`: by tenant and id
3. advisory: an import of a campaign, then the right to add contacts to it
4. `calling_groups` and `campaign_groups`: by their columns, by id
5. advisory: persons, by their keys
6. `inbox`: by attempt and kind
7. `attempts`
8. `suppressions`: by tenant and number
9. `contacts`: by number; claims pass over what is locked (SKIP LOCKED)
10. `campaign_counters`: by campaign and name
11. `waiting_contacts`: by all columns of the key
12. `event_heads`: by tenant
13. `webhook_endpoints`, shared: by tenant and id

The last four are shared by all writers of a campaign or a tenant, so they come last and are held
for the shortest time. Rows that only one process can be at work on are not in the list.

An advisory lock has two numbers: its class and a key. Keys are hashed, so two campaigns or persons
with one key wait for each other without need, and never wrongly go on.
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
    """Whether no import is under way (`block_completion`); none begins until the transaction ends.

    It does not wait, so it may come after other locks.
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
