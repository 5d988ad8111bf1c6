"""I4: the carrier's calls at once and in each rolling second stay within every cap."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from uuid import UUID

from tests.oracle.facts import CallEnd, Caps, Facts, Violation

_SECOND = 1.0
Scope = tuple[str, Hashable]


def over_caps(facts: Facts, installation: Caps) -> Iterator[Violation]:
    caps: dict[Scope, Caps] = {("installation", ""): installation}
    caps |= {("tenant", key): cap for key, cap in facts.tenant_caps.items()}
    caps |= {("trunk", key): cap for key, cap in facts.trunk_caps.items()}
    caps |= {
        ("campaign", campaign.id): Caps(
            max_concurrent=campaign.definition.get("caps", {}).get("max_concurrent"),
            calls_per_second=campaign.definition.get("caps", {}).get("calls_per_second"),
        )
        for campaign in facts.campaigns.values()
    }
    scopes = {reference: _scopes(facts, reference) for reference in _references(facts)}
    yield from _over_concurrency(facts, caps, scopes.__getitem__)
    yield from _over_rate(facts, caps, scopes.__getitem__)


def _references(facts: Facts) -> set[UUID]:
    return {line.reference for line in facts.log}


def _scopes(facts: Facts, reference: UUID) -> tuple[Scope, ...]:
    attempt = facts.attempts.get(reference)
    if attempt is None:
        return (("installation", ""),)
    campaign = facts.campaigns[attempt.campaign_id]
    return (
        ("installation", ""),
        ("tenant", campaign.tenant_id),
        ("trunk", attempt.trunk_id),
        ("campaign", campaign.id),
    )


def _over_concurrency(
    facts: Facts, caps: Mapping[Scope, Caps], scopes: Callable[[UUID], tuple[Scope, ...]]
) -> Iterator[Violation]:
    """A call that the carrier refused counts too, because the dialer asked for it."""
    live: dict[Scope, set[UUID]] = defaultdict(set)
    for line in facts.log:
        for scope in scopes(line.reference):
            if isinstance(line, CallEnd):
                live[scope].discard(line.reference)
                continue
            wanted = len(live[scope] | {line.reference})
            allowed = caps[scope].max_concurrent
            if allowed is not None and wanted > allowed:
                evidence = f"{wanted} calls at once at {line.at:.3f}, {allowed} allowed"
                yield _violation(scope, evidence)
            if line.verdict == "accepted":
                live[scope].add(line.reference)


def _over_rate(
    facts: Facts, caps: Mapping[Scope, Caps], scopes: Callable[[UUID], tuple[Scope, ...]]
) -> Iterator[Violation]:
    arrivals: dict[Scope, list[float]] = defaultdict(list)
    for line in facts.originates:
        for scope in scopes(line.reference):
            arrivals[scope].append(line.monotonic)
    for scope, times in arrivals.items():
        allowed = caps[scope].calls_per_second
        if allowed is not None:
            yield from _bursts(scope, sorted(times), allowed)


def _bursts(scope: Scope, times: list[float], allowed: int) -> Iterator[Violation]:
    """Seconds are half-open, so the call after `allowed` others must come 1.0 s later or more."""
    first = 0
    while first + allowed < len(times):
        span = times[first + allowed] - times[first]
        if span >= _SECOND:
            first += 1
            continue
        evidence = f"{allowed + 1} calls within {span:.4f} s, {allowed} a second allowed"
        yield _violation(scope, evidence)
        first += allowed


def _violation(scope: Scope, evidence: str) -> Violation:
    kind, key = scope
    return Violation(invariant="I4", id=f"{kind} {key}".strip(), evidence=evidence)
