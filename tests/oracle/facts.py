"""The facts of a run: the carrier's log and the rows of the database, joined by attempt id."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from typing_extensions import override


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
    tenant_id: int
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
    state: str
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPlace:
    """The place of one number of a contact that has several."""

    number: str
    zones: tuple[str, ...]
    zone_source: str
    jurisdictions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`several` are all its numbers, if it has more than one."""

    id: int
    campaign_id: int
    number: str
    state: str
    outcome: str | None
    attempts: int
    zones: tuple[str, ...]
    zone_source: str
    jurisdictions: tuple[str, ...]
    calling_group_id: int
    waits_for: str | None
    not_before: float | None
    several: tuple[NumberPlace, ...] = ()

    def at(self, number: str) -> "Contact":
        """The contact as it is judged when this number is called."""
        for own in self.several:
            if own.number == number:
                return replace(
                    self,
                    number=number,
                    zones=own.zones,
                    zone_source=own.zone_source,
                    jurisdictions=own.jurisdictions,
                )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    id: UUID
    campaign_id: int
    contact_id: int
    trunk_id: int
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
    """A process or connection was killed at this instant; this may explain an unknown attempt."""

    at: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """Tenant None means every tenant; jurisdiction None means everywhere."""

    tenant_id: int | None
    jurisdiction: str | None
    starts: float
    ends: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    log: list[Originate | CallEnd]
    campaigns: dict[int, Campaign]
    contacts: dict[int, Contact]
    attempts: dict[UUID, Attempt]
    tenant_caps: dict[int, Caps]
    trunk_caps: dict[int, Caps]
    changes: dict[int, list[tuple[float, str]]]
    """By campaign id: the states that its owner wanted, each with its instant, in order."""
    # By (tenant, campaign or 0 for all campaigns, number): the start and the end.
    suppressions: dict[tuple[int, int, str], tuple[float, float]]
    counters: dict[tuple[int, str], Decimal]
    blackouts: list[Blackout] = field(default_factory=list)
    # The rule choices of each tenant at the end of the run.
    tenant_rules: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    # What the calls of each campaign count with under its spend ceilings, by the same names.
    charged: dict[tuple[int, str], Decimal] = field(default_factory=dict)
    # By contact id: the number of public events that tell its end.
    told: dict[int, int] = field(default_factory=dict)

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
        accepted: dict[UUID, Originate] = {}
        for line in self.originates:
            if line.verdict == "accepted":
                accepted.setdefault(line.reference, line)
        return accepted

    @cached_property
    def attempts_of(self) -> dict[int, list[Attempt]]:
        """The attempts of each contact, in the order of their claims."""
        attempts = defaultdict(list)
        for attempt in sorted(self.attempts.values(), key=lambda a: (a.claimed_at, a.id)):
            attempts[attempt.contact_id].append(attempt)
        return attempts

    def outcome(self, attempt: Attempt) -> str | None:
        """The outcome in the database, or else the one in the carrier's log."""
        ends = self.ends.get(attempt.id)
        return attempt.outcome or (ends[0].outcome if ends else None)

    def ended_at(self, attempt: Attempt) -> float | None:
        """The instant of the carrier's log, but for an unknown attempt that of the database."""
        ends = self.ends.get(attempt.id)
        if ends and attempt.state != "unknown":
            return ends[0].at
        return attempt.ended_at.timestamp() if attempt.ended_at else None

    def known(self) -> Iterator[tuple[Originate, Attempt, Contact, Campaign]]:
        """Each originate with its attempt, contact and campaign; I5 judges the others."""
        for line in self.originates:
            attempt = self.attempts.get(line.reference)
            if attempt is not None and attempt.contact_id in self.contacts:
                yield (
                    line,
                    attempt,
                    self.contacts[attempt.contact_id].at(line.to),
                    self.campaigns[attempt.campaign_id],
                )


def read_log(path: Path) -> Iterator[Originate | CallEnd]:
    """Read all complete lines on calls; the carrier never answered an incomplete last one."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and (read := json.loads(line))["kind"] != "message":
                yield _line(read)


def _line(line: dict[str, Any]) -> Originate | CallEnd:
    # "17.<uuid>": the tenant and the attempt of the call.
    tenant, _, attempt = line["reference"].partition(".")
    reference = UUID(attempt)
    if line["kind"] == "ended":
        return CallEnd(at=line["at"], reference=reference, outcome=line["outcome"])
    return Originate(
        at=line["at"],
        monotonic=line["monotonic"],
        tenant_id=int(tenant),
        reference=reference,
        to=line["to"],
        verdict=line["verdict"],
        code=line["code"],
    )


def covers(area: str, places: tuple[str, ...]) -> bool:
    """Whether one of the places is the area or a part of it, as US-LA is a part of US."""
    return any(f"{place}-".startswith(f"{area}-") for place in places)
