"""Why the pending contacts of a campaign wait: one reason for each of their wait buckets."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.domain.calendar.calendar import Span
from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.caller_ids import NoCallerId
from shared.domain.capacity.trunk_health import Outage
from shared.domain.decision.gates import ContactFacts
from shared.domain.decision.verdict import decide
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.rules import Rule
from shared.domain.reasons import Reason
from shared.domain.spend import SpendCeiling
from shared.domain.wait_buckets import BUCKET_SECONDS, NEW, WaitBucket

# A reason, the rule behind it, and when it ends.
_Wait = tuple[Reason, Rule | None, datetime | None]
# These end at a time of their own, whatever the hours.
OWN_END = frozenset({Reason.CALLER_ID, Reason.SPEND_CEILING})
_PACING: _Wait = (Reason.PACING, None, None)


@dataclass(frozen=True, slots=True)
class WaitReason:
    """Why contacts of one group wait. Without `opens_at` the end of the wait is unknown."""

    group: CallingGroup
    contacts: int
    reason: Reason
    rule: Rule | None
    opens_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignHours:
    """The facts that all groups share; `stopped` is why no contact of the campaign is called.

    `in_calls` has the number of due contacts whom another campaign is calling, by calling group,
    `outages` are those of the campaign's trunks, if all are down, `no_caller_id` says that its
    caller ID cannot be shown, and `spend` is the ceiling that allows it no call.
    """

    tenant_id: int
    stopped: str | None
    blackouts: Sequence[Blackout]
    now: datetime
    in_calls: Mapping[int, int] = field(default_factory=dict)
    outages: tuple[Outage, ...] = ()
    no_caller_id: NoCallerId | None = None
    spend: SpendCeiling | None = None


def explain(
    hours: CampaignHours,
    buckets: Iterable[tuple[WaitBucket, int]],
    rules_of: Callable[[int], CallingRules],
) -> list[WaitReason]:
    """How many contacts wait for which reason; `rules_of` takes the id of a calling group."""
    by_group: dict[int, list[tuple[WaitBucket, int]]] = defaultdict(list)
    for bucket, contacts in buckets:
        by_group[bucket.calling_group_id].append((bucket, contacts))
    waiting: list[WaitReason] = []
    for group_id in sorted(by_group):
        group = _Group(hours, rules_of(group_id))
        buckets_in_time = sorted(by_group[group_id], key=_five_minutes)
        waiting += group.reasons(buckets_in_time, in_calls=hours.in_calls.get(group_id, 0))
    return waiting


def _five_minutes(counted: tuple[WaitBucket, int]) -> int:
    return counted[0].five_minutes


class _Group:
    """One calling group. Its buckets come in order of time, because most share an opening."""

    def __init__(self, hours: CampaignHours, rules: CallingRules) -> None:
        self._hours, self._rules = hours, rules
        self._due: _Wait | None = None
        self._span: Span | None = None
        self._spanned_from = NEVER

    def reasons(
        self, buckets: Iterable[tuple[WaitBucket, int]], *, in_calls: int
    ) -> list[WaitReason]:
        waits: Counter[_Wait] = Counter()
        for bucket, contacts in buckets:
            waits[self._wait(bucket)] += contacts
        if in_calls and (pacing := waits.pop(_PACING, 0)):
            # Read a moment after the counts, so there may be more of them.
            waits[Reason.CALL_UP, None, None] = min(in_calls, pacing)
            waits[_PACING] = pacing - min(in_calls, pacing)
        return [
            WaitReason(self._rules.group, contacts, *wait)
            for wait, contacts in waits.items()
            if contacts
        ]

    def _wait(self, bucket: WaitBucket) -> _Wait:
        starts_at = datetime.fromtimestamp(bucket.five_minutes * BUCKET_SECONDS, UTC)
        if starts_at > self._hours.now:
            is_new = bucket.waits_for == NEW
            reason = Reason.WINDOW if is_new else Reason(bucket.waits_for)
            return self._at(starts_at, reason, None)
        # Some contacts of this bucket become due within minutes: their wait is as good as over.
        if self._due is None:
            self._due = self._due_wait()
        return self._due

    def _due_wait(self) -> _Wait:
        """The gate that is shut at this hour, or pacing.

        Neither pacing nor for ever nor an outage nor an inactive caller ID has an end that is
        known.
        """
        facts = ContactFacts(
            outages=self._hours.outages,
            no_caller_id=self._hours.no_caller_id,
            spend=self._hours.spend,
        )
        binding = decide(self._rules, facts, now=self._hours.now).binding
        if binding is None:
            return self._at(self._hours.now, Reason.PACING, None, ends=False)
        ends = binding.until is not None and binding.reason is not Reason.TRUNK_DOWN
        # Hours are looked up from now on; these two end at a time of their own.
        own_end = binding.until if binding.reason in OWN_END else None
        at = own_end or self._hours.now
        return self._at(at, binding.reason, binding.rule, ends=ends)

    def _at(self, at: datetime, reason: Reason, rule: Rule | None, *, ends: bool = True) -> _Wait:
        if not self._rules.group.zones:
            return Reason.UNKNOWN_ZONE, None, None
        if self._opening(at) is None:
            return Reason.ENDED, None, None
        if self._hours.stopped is not None:
            return Reason.CAMPAIGN, None, None
        opens_at = self._opens_at(at)
        if opens_at is None or self._blackout(at):
            return Reason.BLACKOUT, None, opens_at
        return reason, rule, opens_at if ends else None

    def _opens_at(self, at: datetime) -> datetime | None:
        """None if a black-out has no end, or if the dates are over at its end."""
        while (span := self._opening(at)) is not None:
            opens_at = max(at, span.opens_at)
            blackout = self._blackout(opens_at)
            if blackout is None:
                return opens_at
            if blackout.ends_at >= NEVER:
                return None
            at = blackout.ends_at
        return None

    def _opening(self, at: datetime) -> Span | None:
        span = self._span
        if span is None or not self._spanned_from <= at < span.closes_at:
            span = self._span = self._rules.opening(now=at)
            self._spanned_from = at
        return span

    def _blackout(self, at: datetime) -> Blackout | None:
        if not self._hours.blackouts:
            return None
        return blacked_out(
            self._hours.blackouts,
            tenant_id=self._hours.tenant_id,
            jurisdictions=self._rules.group.jurisdictions,
            now=at,
        )
