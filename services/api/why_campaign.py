"""What the pending contacts of a campaign wait for, from how many wait in which bucket."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.db.waiting_counts import BUCKET_SECONDS, NEW, WaitBucket
from shared.domain.calendar.calendar import Span
from shared.domain.decision.gates import NEVER, ContactFacts
from shared.domain.decision.verdict import decide
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason

# A reason, the rule behind it, and when it ends.
_Wait = tuple[Reason, Rule | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Why:
    """What contacts of one group wait for. No `opens_at`: for no time that anybody knows."""

    group: CallingGroup
    reason: Reason
    rule: Rule | None = None
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What holds for all groups; `stopped` is why nobody of the campaign may be called."""

    tenant_id: int
    stopped: str | None
    blackouts: Sequence[Blackout]
    now: datetime


def explain(
    scene: Scene,
    buckets: Iterable[tuple[WaitBucket, int]],
    rules_of: Callable[[int], CallingRules],
) -> dict[Why, int]:
    """How many wait for what; `rules_of` gives the rules for a calling group's id."""
    by_group: dict[int, list[tuple[WaitBucket, int]]] = defaultdict(list)
    for bucket, contacts in buckets:
        by_group[bucket.calling_group_id].append((bucket, contacts))
    told: dict[Why, int] = {}
    for group_id in sorted(by_group):
        group = _Group(scene, rules_of(group_id))
        told |= group.told(sorted(by_group[group_id], key=_five_minutes))
    return told


def _five_minutes(counted: tuple[WaitBucket, int]) -> int:
    return counted[0].five_minutes


class _Group:
    """Asked bucket by bucket, in order of their five minutes: most of them share an opening."""

    def __init__(self, scene: Scene, rules: CallingRules) -> None:
        self._scene, self._rules = scene, rules
        self._due: _Wait | None = None
        self._span: Span | None = None
        self._spanned_from = NEVER

    def told(self, buckets: Iterable[tuple[WaitBucket, int]]) -> dict[Why, int]:
        found: Counter[_Wait] = Counter()
        for bucket, contacts in buckets:
            found[self._wait(bucket)] += contacts
        return {Why(self._rules.group, *wait): contacts for wait, contacts in found.items()}

    def _wait(self, bucket: WaitBucket) -> _Wait:
        starts_at = datetime.fromtimestamp(bucket.five_minutes * BUCKET_SECONDS, UTC)
        if starts_at > self._scene.now:
            new = bucket.waits_for == NEW
            reason = Reason.WINDOW if new else Reason(bucket.waits_for)
            return self._at(starts_at, reason, None)
        # Some contacts of this bucket become due within minutes: their wait is as good as over.
        if self._due is None:
            self._due = self._at(self._scene.now, *self._shut())
        return self._due

    def _shut(self) -> tuple[Reason, Rule | None]:
        """Which hours are shut now, if any are."""
        binding = decide(self._rules, ContactFacts(), now=self._scene.now).binding
        return (Reason.PACING, None) if binding is None else (binding.reason, binding.rule)

    def _at(self, at: datetime, reason: Reason, rule: Rule | None) -> _Wait:
        if not self._rules.group.zones:
            return Reason.UNKNOWN_ZONE, None, None
        if self._opening(at) is None:
            return Reason.ENDED, None, None
        if self._scene.stopped is not None:
            return Reason.CAMPAIGN, None, None
        opens_at = self._opens_at(at)
        if opens_at is None or self._blackout(at):
            return Reason.BLACKOUT, None, opens_at
        return reason, rule, None if reason is Reason.PACING else opens_at

    def _opens_at(self, at: datetime) -> datetime | None:
        """None when a black-out has no end, or the dates are over after it."""
        while (span := self._opening(at)) is not None:
            opens_at = max(at, span.opens_at)
            found = self._blackout(opens_at)
            if found is None:
                return opens_at
            if found.ends_at >= NEVER:
                return None
            at = found.ends_at
        return None

    def _opening(self, at: datetime) -> Span | None:
        span = self._span
        if span is None or not self._spanned_from <= at < span.closes_at:
            span = self._span = self._rules.opening(now=at)
            self._spanned_from = at
        return span

    def _blackout(self, at: datetime) -> Blackout | None:
        if not self._scene.blackouts:
            return None
        return blacked_out(
            self._scene.blackouts,
            tenant_id=self._scene.tenant_id,
            jurisdictions=self._rules.group.jurisdictions,
            now=at,
        )
