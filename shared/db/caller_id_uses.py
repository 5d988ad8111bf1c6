"""caller_id_uses: the calls that showed each number of a pool. The dialer writes.

Written in the transaction of the compare-and-set, by the database's clock and under an advisory
lock of the tenant: no two dialers give the last call of a number away.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.db.types import Connection
from shared.domain.capacity.caller_ids import CallerIdUse


@dataclass(frozen=True, slots=True)
class KnownUses:
    """The uses of a tenant's numbers, and the instant at which they were read."""

    uses: dict[str, CallerIdUse]
    at: datetime


async def read(conn: Connection, *, tenant_id: int, numbers: Collection[str]) -> KnownUses:
    rows = await conn.fetch(
        """
        SELECT shown.number, use.hour_starts_at, use.hour_calls, use.day_starts_at, use.day_calls,
            use.turn, instant.at
        FROM (SELECT clock_timestamp() AS at) AS instant
        LEFT JOIN unnest($2::text[]) AS shown (number) ON true
        LEFT JOIN caller_id_uses AS use ON use.tenant_id = $1 AND use.number = shown.number
        """,
        tenant_id,
        list(numbers),
    )
    return KnownUses(
        {
            row["number"]: CallerIdUse(
                hour_starts_at=row["hour_starts_at"],
                hour_calls=row["hour_calls"],
                day_starts_at=row["day_starts_at"],
                day_calls=row["day_calls"],
                turn=row["turn"],
            )
            for row in rows
            if row["turn"] is not None
        },
        rows[0]["at"],
    )


async def write(conn: Connection, *, tenant_id: int, uses: Mapping[str, CallerIdUse]) -> None:
    """The caller holds the tenant's lock since before it read them."""
    await conn.execute(
        """
        INSERT INTO caller_id_uses (
            tenant_id, number, hour_starts_at, hour_calls, day_starts_at, day_calls, turn
        )
        SELECT $1, number, hour_starts_at, hour_calls, day_starts_at, day_calls, turn
        FROM unnest(
            $2::text[], $3::timestamptz[], $4::integer[], $5::timestamptz[], $6::integer[],
            $7::bigint[]
        ) AS shown (number, hour_starts_at, hour_calls, day_starts_at, day_calls, turn)
        ON CONFLICT (tenant_id, number) DO UPDATE
        SET hour_starts_at = excluded.hour_starts_at, hour_calls = excluded.hour_calls,
            day_starts_at = excluded.day_starts_at, day_calls = excluded.day_calls,
            turn = excluded.turn
        """,
        tenant_id,
        list(uses),
        [use.hour_starts_at for use in uses.values()],
        [use.hour_calls for use in uses.values()],
        [use.day_starts_at for use in uses.values()],
        [use.day_calls for use in uses.values()],
        [use.turn for use in uses.values()],
    )
