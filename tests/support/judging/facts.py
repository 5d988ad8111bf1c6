"""What the carrier logged and what the database says, read once and joined by attempt id."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from typing_extensions import override

from shared.db.types import Connection, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    invariant: str
    id: str
    evidence: str

    @override
    def __str__(self) -> str:
        return f"{self.invariant} {self.id}: {self.evidence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    at: float
    monotonic: float
    reference: UUID
    to: str
    verdict: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    at: float
    reference: UUID
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    id: int
    tenant_id: int
    trunk_id: int
    state: str
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    id: int
    campaign_id: int
    number: str
    state: str
    outcome: str | None
    attempts: int
    zones: tuple[str, ...]
    zone_source: str
    calling_group_id: int
    waits_for: str | None
    not_before: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    id: UUID
    campaign_id: int
    contact_id: int
    state: str
    outcome: str | None
    claimed_at: datetime
    dialing_at: datetime | None
    placed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """None means no cap of that kind."""

    max_concurrent: int | None = None
    calls_per_second: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something was killed or cut at this instant; it may explain an attempt that went unknown."""

    at: float
    what: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    log: list[Originate | CallEnd]
    campaigns: dict[int, Campaign]
    contacts: dict[int, Contact]
    attempts: dict[UUID, Attempt]
    tenant_caps: dict[int, Caps]
    trunk_caps: dict[int, Caps]
    changes: dict[int, list[tuple[float, str]]]
    """Campaign id to what its owner wanted from when on, in order."""
    # By tenant, campaign (0: all of them) and number, from when until when.
    suppressions: dict[tuple[int, int, str], tuple[float, float]]
    counters: dict[tuple[int, str], int]
    faults: list[Fault] = field(default_factory=list)

    @cached_property
    def originates(self) -> list[Originate]:
        return [line for line in self.log if isinstance(line, Originate)]

    @cached_property
    def ends(self) -> dict[UUID, list[CallEnd]]:
        ends = defaultdict(list)
        for line in self.log:
            if isinstance(line, CallEnd):
                ends[line.reference].append(line)
        return ends

    @cached_property
    def accepted(self) -> dict[UUID, Originate]:
        """The first accepted originate of each attempt."""
        found: dict[UUID, Originate] = {}
        for line in self.originates:
            if line.verdict == "accepted":
                found.setdefault(line.reference, line)
        return found

    @cached_property
    def attempts_of(self) -> dict[int, list[Attempt]]:
        """The attempts of each contact, as they were claimed."""
        found = defaultdict(list)
        for attempt in sorted(self.attempts.values(), key=lambda a: (a.claimed_at, a.id)):
            found[attempt.contact_id].append(attempt)
        return found

    def known(self) -> Iterator[tuple[Originate, Attempt, Contact, Campaign]]:
        """Each originate with what it was for; those nobody knows are I5's."""
        for line in self.originates:
            attempt = self.attempts.get(line.reference)
            if attempt is not None and attempt.contact_id in self.contacts:
                yield (
                    line,
                    attempt,
                    self.contacts[attempt.contact_id],
                    self.campaigns[attempt.campaign_id],
                )


def read_log(path: Path) -> Iterator[Originate | CallEnd]:
    """Whole lines; a torn last one was never answered."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _line(json.loads(line))


def _line(line: dict[str, Any]) -> Originate | CallEnd:
    reference = UUID(line["reference"])
    if line["kind"] == "ended":
        return CallEnd(at=line["at"], reference=reference, outcome=line["outcome"])
    return Originate(
        at=line["at"],
        monotonic=line["monotonic"],
        reference=reference,
        to=line["to"],
        verdict=line["verdict"],
        code=line["code"],
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
            counters=await _counters(conn),
            faults=faults,
        )


async def _campaigns(conn: Connection) -> dict[int, Campaign]:
    rows = await conn.fetch(
        "SELECT id, tenant_id, trunk_id, state, definition::text AS definition FROM campaigns"
    )
    return {
        row["id"]: Campaign(**dict(row) | {"definition": json.loads(row["definition"])})
        for row in rows
    }


async def _contacts(conn: Connection) -> dict[int, Contact]:
    rows = await conn.fetch(
        """
        SELECT contacts.id, campaign_id, number, state, outcome, attempts,
               zones, source AS zone_source, calling_group_id, waits_for,
               extract(epoch FROM NULLIF(not_before, '-infinity'))::float AS not_before
        FROM contacts JOIN calling_groups ON calling_groups.id = calling_group_id
        """
    )
    return {row["id"]: Contact(**dict(row) | {"zones": tuple(row["zones"])}) for row in rows}


async def _attempts(conn: Connection) -> dict[UUID, Attempt]:
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, contact_id, state, outcome,
               claimed_at, dialing_at, placed_at, ended_at
        FROM attempts
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


async def _counters(conn: Connection) -> dict[tuple[int, str], int]:
    rows = await conn.fetch(
        """
        SELECT campaign_id, name, value FROM campaign_counters
        UNION ALL
        SELECT campaign_id, format('waiting %s %s %s', calling_group_id, waits_for, slot), contacts
        FROM waiting_contacts
        """
    )
    return {(row["campaign_id"], row["name"]): row["value"] for row in rows}
