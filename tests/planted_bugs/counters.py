"""Bugs of I6: stored counters that differ from a recount of their rows."""

from tests.planted_bugs.acts import Plant
from tests.support.histories import History


async def counter_off_by_one(history: History) -> None:
    await history.conn.execute(
        "UPDATE campaign_counters SET value = value - 1 WHERE name LIKE '%declined'"
    )


async def outcome_counted_twice(history: History) -> None:
    await history.conn.execute(
        "UPDATE campaign_counters SET value = value * 2 WHERE name LIKE '%answered_human'"
    )


async def contact_counted_twice(history: History) -> None:
    await history.conn.execute("UPDATE contacts SET attempts = 3 WHERE attempts = 2")


async def counter_that_nobody_knows(history: History) -> None:
    await history.conn.execute(
        "INSERT INTO campaign_counters SELECT tenant_id, campaign_id, 'stray', 1 FROM contacts"
        " LIMIT 1"
    )


async def waiting_where_nobody_waits(history: History) -> None:
    await history.conn.execute(
        """
        INSERT INTO waiting_contacts
        SELECT tenant_id, campaign_id, calling_group_id, 'retry', 5, 1 FROM contacts LIMIT 1
        """
    )


async def spent_by_no_call(history: History) -> None:
    await history.conn.execute(
        """
        INSERT INTO spend_days
        SELECT tenant_id, id, '2026-11-18', 'USD', 0.5 FROM campaigns LIMIT 1
        """
    )


BUGS: list[tuple[str, Plant]] = [
    ("I6", counter_off_by_one),
    ("I6", outcome_counted_twice),
    ("I6", contact_counted_twice),
    ("I6", counter_that_nobody_knows),
    ("I6", waiting_where_nobody_waits),
    ("I6", spent_by_no_call),
]
