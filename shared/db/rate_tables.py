"""rate_tables, rates: the prices of trunks by prefix. Written by `outdial trunk rates`."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.db.types import Connection, Session
from shared.domain.rates import NO_RATES, Rate, Rates, RateTable


class RateTables:
    """A cache for one database: all tables, read again only when there is a newer one."""

    def __init__(self) -> None:
        self._newest = 0
        self.rates = NO_RATES

    async def current(self, conn: Connection, newest: int | None) -> Rates:
        """The tables, at least up to the id of the newest one; None if there is no table."""
        if newest is not None and newest != self._newest:
            self.rates = await in_force(conn)
            self._newest = newest
        return self.rates


async def newest(conn: Connection) -> int | None:
    """The id of the newest table; None if there is no table."""
    found: int | None = await conn.fetchval("SELECT max(id) FROM rate_tables")
    return found


async def in_force(conn: Connection) -> Rates:
    """The tables of all trunks, but for those that were replaced more than a month ago."""
    tables = await conn.fetch(
        """
        SELECT id, trunk_id, effective_from, currency FROM rate_tables AS known
        WHERE NOT EXISTS (
            SELECT FROM rate_tables AS later
            WHERE later.trunk_id = known.trunk_id
                AND (later.effective_from, later.id) > (known.effective_from, known.id)
                AND later.effective_from < statement_timestamp() - interval '31 days'
        )
        ORDER BY trunk_id, effective_from DESC, id DESC
        """
    )
    rows = await conn.fetch(
        """
        SELECT rate_table_id, prefix, per_minute, first_seconds, increment_seconds
        FROM rates WHERE rate_table_id = ANY ($1::bigint[])
        """,
        [row["id"] for row in tables],
    )
    # A table has thousands of prefixes and few prices.
    shared: dict[tuple[Decimal, int, int], Rate] = {}
    by_table: dict[int, dict[str, Rate]] = defaultdict(dict)
    for table_id, prefix, *values in rows:
        key = (values[0], values[1], values[2])
        rate = shared.get(key)
        if rate is None:
            rate = shared[key] = Rate(
                per_minute=key[0], first_seconds=key[1], increment_seconds=key[2]
            )
        by_table[table_id][prefix] = rate
    by_trunk: dict[int, list[RateTable]] = defaultdict(list)
    for row in tables:
        table = RateTable.of(row["currency"], row["effective_from"], by_table[row["id"]])
        by_trunk[row["trunk_id"]].append(table)
    return Rates(by_trunk)


async def replace(
    conn: Session,
    trunk_id: int,
    *,
    currency: str,
    effective_from: datetime,
    rates: Mapping[str, Rate],
) -> None:
    """Give a trunk another table from an instant on, as a whole; the caller has a transaction."""
    # One at a time, so that ids are in the order of commits, and the largest is the newest.
    await conn.execute("LOCK TABLE rate_tables IN SHARE ROW EXCLUSIVE MODE")
    table_id = await conn.fetchval(
        """
        INSERT INTO rate_tables (trunk_id, effective_from, currency)
        VALUES ($1, $2, $3) RETURNING id
        """,
        trunk_id,
        effective_from,
        currency,
    )
    await conn.copy_records_to_table(
        "rates",
        columns=("rate_table_id", "prefix", "per_minute", "first_seconds", "increment_seconds"),
        records=[
            (table_id, prefix, rate.per_minute, rate.first_seconds, rate.increment_seconds)
            for prefix, rate in rates.items()
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesSummary:
    """The table of a trunk that is in force, as the operator sees it."""

    currency: str
    effective_from: datetime
    prefixes: int


async def summaries(conn: Connection) -> dict[int, RatesSummary]:
    """The tables that are in force now, by trunk."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (trunk_id) trunk_id, currency, effective_from,
            (SELECT count(*) FROM rates WHERE rate_table_id = rate_tables.id) AS prefixes
        FROM rate_tables WHERE effective_from <= statement_timestamp()
        ORDER BY trunk_id, effective_from DESC, id DESC
        """
    )
    return {
        row["trunk_id"]: RatesSummary(
            currency=row["currency"],
            effective_from=row["effective_from"],
            prefixes=row["prefixes"],
        )
        for row in rows
    }
