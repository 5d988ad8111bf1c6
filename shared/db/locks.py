"""Advisory locks, and the order in which every transaction takes its locks.

A transaction goes through this list from the top down and skips what it does not need; within one
table it locks rows in the order that is named. So no two transactions wait for each other.

1. `tenants`: the row whose rules change
2. `call_flows`, `caller_ids`, `number_pools`, `agents`: the row that changes
3. `campaigns`: by tenant and id; then `voice_campaigns`
4. advisory IMPORT, then CONTACTS, then CALLER_IDS
5. advisory SPEND: by tenant
6. `calling_groups`: by their columns; `campaign_groups`: by group
7. `inbox`: by tenant and attempt
8. `attempts`: by tenant and id
9. `suppressions`: by tenant and number
10. `contacts`: by number and id; claims skip locked rows. Then `contact_numbers`: only under the
    row of their contact, so in any order
11. `person_calls`, then `caller_id_uses` under the advisory lock of its tenant
12. `campaign_counters`: by campaign and name
13. `waiting_contacts`: by primary key
14. `sms_messages`: by tenant and id; claims skip locked rows; then `sms_senders`, by tenant and id
15. `event_heads`: by tenant
16. `call_records`: only under the row of the tenant in 15, so in any order
17. `spend_days`: by primary key
18. `webhook_endpoints`: by tenant and id; shared, but where they are disabled,
    changed or deleted
19. `webhook_deliveries`: by tenant, endpoint and position; claims skip locked rows
20. `operations`: by tenant and id

`untold_ends` are inserted, or taken past locked rows: no transaction waits for another there.

A file of suppressions settles contacts batch by batch, in order of the numbers of the file. A
contact that is reached by a further number is locked out of its order, and so may one be whose wait
an import ends: two such transactions may wait for each other. PostgreSQL then ends one of them,
whose request fails and may be sent again.

A fold inserts messages under the row of the tenant in 15. It waits for no other transaction there:
it leaves out those that exist, and only one transaction at a time folds reports on an attempt.

A deletion of a draft, the planning of contacts after an edit, and an erasure lock the campaign
after the contacts, which may be many: a black-out, which locks all campaigns, does not wait for
them. An erasure locks ended campaigns only, before 11. No transaction that holds a campaign waits
for its contacts. One that lets a campaign name a call flow or a caller ID shares its key; only a
deletion keeps it waiting, and that locks no campaign.

A claim is another exception: after its contacts it inserts attempts, by number. It waits there only
for a transaction that inserts, changes or ends an attempt at the same number: another claim, which
waits for no contact, or what followed a claim that was committed while this one was under way.

All transactions of a campaign or a tenant share the rows of 12, 13 and 15, so these come last and
are held for the shortest time. Two transactions hardly ever work on one attempt at a time: Kafka's
key and SKIP LOCKED see to it; when partitions move to another process, a fold waits in 8.
ARCHITECTURE.md shows which transaction takes which of these locks.

A request with an Idempotency-Key first takes the advisory lock ANSWER of this key, or is refused:
it never waits for it. Its answer and its audit entry come last; no transaction waits for them.

A single call whose campaign is not there yet first takes the advisory lock CALLS of its tenant, and
makes the campaign. An endpoint for all campaigns is made under it, too.

An advisory lock has two numbers, its class and a key. Keys are hashes: two campaigns with
the same key wait for each other without need, which is harmless.
"""

from collections.abc import Iterable
from enum import IntEnum

from shared.db.types import Connection

# Seconds; the pool's own limit is meant for short statements.
LONGEST_IMPORT = 3600.0


class LockClass(IntEnum):
    MIGRATION = 1
    RELAY = 2
    IMPORT = 3
    CONTACTS = 4
    SPEND = 5
    CALLER_IDS = 6
    ANSWER = 7
    CALLS = 8


async def block_completion(conn: Connection, campaign_id: int) -> None:
    """Until the transaction ends, people are added: the campaign is not completed or deleted."""
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
        # The transaction gets its id before it gives ids to contacts (shared/db/api/added.py).
        "SELECT pg_advisory_xact_lock($1, hashint8($2)), pg_current_xact_id()",
        LockClass.CONTACTS,
        campaign_id,
        timeout=LONGEST_IMPORT,
    )


async def lock_calls(conn: Connection, tenant_id: int) -> None:
    """Until the transaction ends, no other one makes a campaign of the tenant's single calls."""
    await conn.execute("SELECT pg_advisory_xact_lock($1, $2)", LockClass.CALLS, tenant_id)


async def lock_caller_ids(conn: Connection, tenant_id: int) -> None:
    """Until the transaction ends, no other one gives calls to the numbers of the tenant's pools."""
    await conn.execute("SELECT pg_advisory_xact_lock($1, $2)", LockClass.CALLER_IDS, tenant_id)


async def lock_spend(conn: Connection, tenant_ids: Iterable[int]) -> None:
    """Until the transaction ends, no other one dials calls of these tenants under a ceiling."""
    for tenant_id in sorted(set(tenant_ids)):
        await conn.execute("SELECT pg_advisory_xact_lock($1, $2)", LockClass.SPEND, tenant_id)


async def try_lead_relay(conn: Connection) -> bool:
    """Whether this session may relay public events; it holds the lock until it ends."""
    is_held: bool = await conn.fetchval("SELECT pg_try_advisory_lock($1, 0)", LockClass.RELAY)
    return is_held
