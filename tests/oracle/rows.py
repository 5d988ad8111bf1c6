"""Reads the rows for the checker after a run, in one snapshot of the database."""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from shared.db.types import Connection, Session
from tests.oracle.facts import (
    Attempt,
    Blackout,
    Campaign,
    Caps,
    Contact,
    Facts,
    Fault,
    NumberPlace,
    read_log,
)


async def read_facts(conn: Session, log: Path, *, faults: list[Fault]) -> Facts:
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return Facts(
            log=list(read_log(log)),
            campaigns=await _campaigns(conn),
            contacts=await _contacts(conn),
            attempts=await _attempts(conn),
            tenant_caps=_caps(
                await conn.fetch("SELECT id, max_concurrent, calls_per_second FROM tenants")
            ),
            trunk_caps=_caps(
                await conn.fetch("SELECT id, max_concurrent, calls_per_second FROM trunks")
            ),
            changes=await _changes(conn),
            suppressions=await _suppressions(conn),
            blackouts=await _blackouts(conn),
            tenant_rules=await _tenant_rules(conn),
            counters=await _counters(conn),
            charged=await _charged(conn),
            told=await _told(conn),
            faults=faults,
        )


async def _campaigns(conn: Connection) -> dict[int, Campaign]:
    rows = await conn.fetch(
        "SELECT id, tenant_id, state, definition::text AS definition FROM campaigns"
    )
    return {
        row["id"]: Campaign(**dict(row) | {"definition": json.loads(row["definition"])})
        for row in rows
    }


async def _contacts(conn: Connection) -> dict[int, Contact]:
    rows = await conn.fetch(
        """
        SELECT contacts.id, campaign_id, number, state, outcome, attempts,
               zones, source AS zone_source, jurisdictions, calling_group_id, waits_for,
               extract(epoch FROM NULLIF(not_before, '-infinity'))::float AS not_before
        FROM contacts JOIN calling_groups ON calling_groups.id = calling_group_id
        """
    )
    # All contacts share a few calling groups, so their values are kept once.
    groups: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["calling_group_id"] not in groups:
            of_group = {key: tuple(row[key]) for key in ("zones", "jurisdictions")}
            groups[row["calling_group_id"]] = of_group
    several = await _numbers(conn)
    return {
        row["id"]: Contact(
            **dict(row) | groups[row["calling_group_id"]],
            several=tuple(several.get(row["id"], ())),
        )
        for row in rows
    }


async def _numbers(conn: Connection) -> dict[int, list[NumberPlace]]:
    rows = await conn.fetch(
        """
        SELECT contact_id, number, zones, source, jurisdictions
        FROM contact_numbers JOIN calling_groups ON calling_groups.id = calling_group_id
        ORDER BY contact_id, position
        """
    )
    numbers: dict[int, list[NumberPlace]] = {}
    for contact_id, number, zones, source, jurisdictions in rows:
        place = NumberPlace(
            number=number,
            zones=tuple(zones),
            zone_source=source,
            jurisdictions=tuple(jurisdictions),
        )
        numbers.setdefault(contact_id, []).append(place)
    return numbers


async def _attempts(conn: Connection) -> dict[UUID, Attempt]:
    rows = await conn.fetch(
        """
        SELECT attempt.id, campaign_id, contact_id, attempt.state, outcome,
               coalesce(attempt.trunk_id, campaign.trunk_id) AS trunk_id,
               claimed_at, dialing_at, placed_at, attempt.ended_at
        FROM attempts AS attempt JOIN campaigns AS campaign ON campaign.id = attempt.campaign_id
        """
    )
    return {UUID(str(row["id"])): Attempt(**dict(row)) for row in rows}


def _caps(rows: list[asyncpg.Record]) -> dict[int, Caps]:
    return {row["id"]: Caps(max_concurrent=row[1], calls_per_second=row[2]) for row in rows}


async def _changes(conn: Connection) -> dict[int, list[tuple[float, str]]]:
    rows = await conn.fetch(
        "SELECT campaign_id, at, wanted_state FROM campaign_changes ORDER BY id"
    )
    changes = defaultdict(list)
    for row in rows:
        changes[row["campaign_id"]].append((row["at"].timestamp(), row["wanted_state"]))
    return changes


async def _suppressions(conn: Connection) -> dict[tuple[int, int, str], tuple[float, float]]:
    rows = await conn.fetch(
        """
        SELECT tenant_id, campaign_id, number, extract(epoch FROM created_at)::float AS starts,
            extract(epoch FROM expires_at)::float AS ends
        FROM suppressions
        """
    )
    return {
        (row["tenant_id"], row["campaign_id"], row["number"]): (row["starts"], row["ends"])
        for row in rows
    }


async def _blackouts(conn: Connection) -> list[Blackout]:
    rows = await conn.fetch(
        """
        SELECT tenant_id, jurisdiction, extract(epoch FROM starts_at)::float AS starts,
            extract(epoch FROM ends_at)::float AS ends
        FROM blackouts
        """
    )
    return [Blackout(**dict(row)) for row in rows]


async def _tenant_rules(conn: Connection) -> dict[int, dict[str, Any]]:
    rows = await conn.fetch("SELECT id, rules::text AS rules FROM tenants")
    return {row["id"]: json.loads(row["rules"]) for row in rows}


async def _counters(conn: Connection) -> dict[tuple[int, str], Decimal]:
    rows = await conn.fetch(
        """
        SELECT campaign_id, name, value FROM campaign_counters
        UNION ALL
        SELECT campaign_id,
            format('waiting %s %s %s', calling_group_id, waits_for, five_minutes), contacts
        FROM waiting_contacts
        UNION ALL
        SELECT campaign_id, format('spent %s %s', day, currency), spent FROM spend_days
        """
    )
    return {(row["campaign_id"], row["name"]): Decimal(row["value"]) for row in rows}


async def _told(conn: Connection) -> dict[int, int]:
    rows = await conn.fetch(
        """
        SELECT (data ->> 'contact_id')::bigint AS contact_id, count(*) AS events
        FROM public_events
        CROSS JOIN LATERAL (SELECT convert_from(payload, 'UTF8')::json -> 'data' AS data) AS event
        WHERE data ->> 'contact_finished' = 'true' GROUP BY 1
        """
    )
    return {row["contact_id"]: row["events"] for row in rows}


async def _charged(conn: Connection) -> dict[tuple[int, str], Decimal]:
    rows = await conn.fetch(
        """
        SELECT campaign_id, sum(charged) AS charged,
            format('spent %s %s', (dialing_at AT TIME ZONE 'UTC')::date, charged_currency) AS name
        FROM call_records WHERE charged IS NOT NULL GROUP BY campaign_id, name
        """
    )
    return {(row["campaign_id"], row["name"]): row["charged"] for row in rows}
