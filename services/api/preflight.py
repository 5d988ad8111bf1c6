"""Forecasts a campaign: contacts that can never be called, the hours of the others, its end.

It is computed from counts by calling group; of the contacts only numbers are read, and of these so
many that the answer stays quick. A call flow that requires variables has all contacts read.
Nothing is changed.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import not_found
from shared.db import calling_groups, waiting_counts
from shared.db.api import preflight
from shared.db.api.preflight import Lacking, Plan
from shared.db.calling_groups import CallingGroups
from shared.domain.calendar.intervals import Intervals
from shared.domain.capacity.scopes import Caps, lowest_of, total_of
from shared.domain.decision.reachability import Unreachable, unreachable
from shared.domain.forecast.fluid import Forecast, Load, forecast, load_of, merged
from shared.domain.forecast.inputs import (
    TALK_SECONDS,
    calls_a_second,
    mean_call_seconds,
    openings,
    retry_course,
)
from shared.domain.forecast.outcome_mix import call_shares
from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.destinations import Destinations
from shared.domain.wait_buckets import WaitBucket

# So many of the contacts that can never be called are named, for each reason.
SHOWN = 20

Schedule = tuple[tuple[object, ...], tuple[str, ...]]

# So many numbers are judged in well under a second.
NUMBERS_MOST = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """The caller's assumptions; a cap that is None is the lowest cap in force."""

    calls_per_second: int | None
    max_concurrent: int | None
    answer_rate: float | None
    talk_seconds: float | None
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The capacity that the forecast assumes. Without `calls_a_second` there is no limit."""

    caps: Caps
    answer_rate: float
    talk_seconds: float
    call_seconds: float
    calls_a_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Contacts that wait in a calling group, and its open spans within the days looked at."""

    id: int
    rules: CallingRules
    load: Load
    contacts: int
    never: Unreachable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """`refused` are waiting contacts whose numbers are no destinations, by the reason.

    `first_excluded` and `first_in_group` are the ids of the first contacts that are named.
    """

    at: datetime
    until: datetime
    excluded: int
    first_excluded: list[int]
    first_in_group: dict[int, list[int]]
    refused: dict[str, list[int]]
    lacking: Lacking
    groups: list[Group]
    capacity: Capacity
    forecast: Forecast

    @property
    def never(self) -> list[tuple[Unreachable, int, list[int]]]:
        """Each reason of calling groups, with the number of contacts and the first ids."""
        contacts: Counter[Unreachable] = Counter()
        first: dict[Unreachable, list[int]] = defaultdict(list)
        for group in self.groups:
            if group.never is not None:
                contacts[group.never] += group.contacts
                first[group.never] += self.first_in_group[group.id]
        return [(why, count, sorted(first[why])[:SHOWN]) for why, count in contacts.most_common()]

    @property
    def spans(self) -> list[Intervals]:
        """The open spans of each group that opens within the days."""
        return [group.load.spans for group in self.groups if group.load.spans]


async def run(
    resources: Resources, caller: Caller, campaign_id: int, assumed: Assumptions, *, now: datetime
) -> Preflight:
    key = caller.campaign(campaign_id)
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        plan = await preflight.plan(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
        if plan is None:
            raise not_found("campaign")
        lacking = await preflight.lacking(conn, plan, shown=SHOWN)
        buckets = await waiting_counts.of_campaign(conn, key)
        # After the counts, so that no group of theirs is missing.
        by_campaign = await calling_groups.of_campaigns(conn, [key], CallingGroups())
        numbers = await preflight.numbers(conn, key, limit=NUMBERS_MOST)
        first_excluded = await preflight.excluded(conn, plan, shown=SHOWN, among=NUMBERS_MOST)
    calling = by_campaign.get(campaign_id, [])
    rules = {group.id: resources.rulebook.rules(plan.policy, group.calling) for group in calling}
    until = now + timedelta(days=assumed.days)
    groups = _groups(rules, buckets, now=now, until=until)
    never = [group.id for group in groups if group.never is not None]
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        first_in_group = await preflight.waiting_in_groups(conn, key, never, shown=SHOWN)
    capacity = _capacity(plan, resources.installation, assumed)
    return Preflight(
        at=now,
        until=until,
        excluded=plan.excluded,
        first_excluded=first_excluded,
        first_in_group=first_in_group,
        refused=await asyncio.to_thread(_refused, plan.policy.tenant_rules.destinations, numbers),
        lacking=lacking,
        groups=groups,
        capacity=capacity,
        forecast=_forecast(plan, groups, capacity, start=now, end=until),
    )


def _forecast(
    plan: Plan, groups: Iterable[Group], capacity: Capacity, *, start: datetime, end: datetime
) -> Forecast:
    shares = call_shares({Outcome.ANSWERED_HUMAN: capacity.answer_rate})
    return forecast(
        merged([group.load for group in groups if group.never is None]),
        retry_course(plan.policy.attempts, shares),
        rate=capacity.calls_a_second,
        call_seconds=capacity.call_seconds,
        start=start,
        end=end,
    )


def _refused(
    destinations: Destinations, numbers: Iterable[tuple[int, str]]
) -> dict[str, list[int]]:
    """The contacts by the reason why their numbers are refused."""
    refused: dict[str, list[int]] = defaultdict(list)
    for contact_id, number in numbers:
        refusal = destinations.refusal_of(number)
        if refusal is not None:
            refused[refusal].append(contact_id)
    return refused


def _groups(
    rules: dict[int, CallingRules],
    buckets: Iterable[tuple[WaitBucket, int]],
    *,
    now: datetime,
    until: datetime,
) -> list[Group]:
    """The largest group first; groups without waiting contacts are left out."""
    by_group: dict[int, list[tuple[WaitBucket, int]]] = defaultdict(list)
    for bucket, count in buckets:
        by_group[bucket.calling_group_id].append((bucket, count))
    known: dict[Schedule, Intervals] = {}
    groups = [
        _group(id_, rules[id_], waits, known, now=now, until=until)
        for id_, waits in by_group.items()
        if id_ in rules
    ]
    return sorted(groups, key=attrgetter("contacts"), reverse=True)


def _group(
    id_: int,
    rules: CallingRules,
    waits: Sequence[tuple[WaitBucket, int]],
    known: dict[Schedule, Intervals],
    *,
    now: datetime,
    until: datetime,
) -> Group:
    zones = rules.group.zones
    schedule = tuple(hours.calendar for hours in rules.hours), zones
    if schedule not in known:
        # Groups with the same rules and zones open together: compute their spans once.
        known[schedule] = openings(rules, start=now, end=until)
    spans = known[schedule]
    return Group(
        id=id_,
        rules=rules,
        load=load_of(waits, spans=spans, zone=zones[0] if zones else "UTC", now=now),
        contacts=sum(count for _, count in waits),
        never=None if spans else unreachable(rules, now=now),
    )


def _capacity(plan: Plan, installation: Caps, assumed: Assumptions) -> Capacity:
    trunks = [caps for scope, caps in plan.caps.items() if scope.kind == "trunk"]
    others = [caps for scope, caps in plan.caps.items() if scope.kind != "trunk"]
    lowest = lowest_of([installation, total_of(trunks), *others])
    caps = Caps(
        assumed.max_concurrent or lowest.max_concurrent,
        assumed.calls_per_second or lowest.calls_per_second,
    )
    usual = call_shares({})[Outcome.ANSWERED_HUMAN]
    answer_rate = usual if assumed.answer_rate is None else assumed.answer_rate
    talk_seconds = TALK_SECONDS if assumed.talk_seconds is None else assumed.talk_seconds
    shares = call_shares({Outcome.ANSWERED_HUMAN: answer_rate})
    call_seconds = mean_call_seconds(shares, talk_seconds=talk_seconds)
    return Capacity(
        caps=caps,
        answer_rate=answer_rate,
        talk_seconds=talk_seconds,
        call_seconds=call_seconds,
        calls_a_second=calls_a_second(
            calls_per_second=caps.calls_per_second,
            max_concurrent=caps.max_concurrent,
            call_seconds=call_seconds,
        ),
    )
