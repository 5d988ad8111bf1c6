"""What pending contacts wait for, by their waiting counts and the openings of their groups."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.caller_ids import NoCallerId
from shared.domain.capacity.trunk_health import Outage
from shared.domain.decision.campaign_waits import CampaignHours, explain
from shared.domain.decision.gates import Block
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout
from shared.domain.policy.calling_rules import (
    CallingRules,
    CampaignRules,
    TenantRules,
    calling_rules,
)
from shared.domain.policy.rules import CallKind, Rule
from shared.domain.reasons import Reason
from shared.domain.spend import CeilingKind, SpendCeiling
from shared.domain.wait_buckets import NEW, WaitBucket, five_minutes_of

# A Monday: 13:00 in Berlin, 07:00 in New York.
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
NEW_YORK_OPENS = datetime(2026, 11, 2, 14, tzinfo=UTC)
NINE_TO_EIGHT = tuple(WeeklyWindow(weekday=day, start=540, end=1200) for day in range(7))
HOUR = timedelta(hours=1)
BERLIN, NEW_YORK, NOWHERE = 1, 2, 3
ZONES = {BERLIN: ("Europe/Berlin",), NEW_YORK: ("America/New_York",), NOWHERE: ()}
PLACES = {BERLIN: "DE-BE", NEW_YORK: "US-NY", NOWHERE: "001"}
SLEEP = Rule(
    name="de.sleep",
    pack="DE@2026-11-01",
    jurisdiction="DE",
    says="Not before two.",
    source="a statute",
    demand=Calendar(
        windows=tuple(WeeklyWindow(weekday=day, start=14 * 60, end=1200) for day in range(7))
    ),
    kinds=frozenset(CallKind),
)
Told = list[tuple[str, int, datetime | None]]


def rules(group: int, *, law: tuple[Rule, ...] = (), end_date: date | None = None) -> CallingRules:
    campaign = CampaignRules(
        kind=CallKind.INFORMATIONAL,
        automated=False,
        subject="",
        calendar=Calendar(windows=NINE_TO_EIGHT, end_date=end_date),
    )
    calling = CallingGroup(
        zones=ZONES[group],
        source="number" if ZONES[group] else "unknown",
        jurisdictions=(PLACES[group],),
        jurisdiction_source="number",
    )
    return calling_rules(campaign, TenantRules(), law, calling)


def waits(
    group: int, count: int, *, at: datetime | None = None, waits_for: str = NEW
) -> tuple[WaitBucket, int]:
    return WaitBucket(1, 1, group, waits_for, five_minutes_of(at)), count


def summary(
    *buckets: tuple[WaitBucket, int],
    law: tuple[Rule, ...] = (),
    end_date: date | None = None,
    stopped: str | None = None,
    blackouts: tuple[Blackout, ...] = (),
    in_calls: Mapping[int, int] | None = None,
    outages: tuple[Outage, ...] = (),
    no_caller_id: NoCallerId | None = None,
    spend: SpendCeiling | None = None,
) -> Told:
    scene = CampaignHours(
        tenant_id=1,
        stopped=stopped,
        blackouts=blackouts,
        now=NOW,
        in_calls=in_calls or {},
        outages=outages,
        no_caller_id=no_caller_id,
        spend=spend,
    )
    result = explain(scene, buckets, lambda group: rules(group, law=law, end_date=end_date))
    return [(why.reason, why.contacts, why.opens_at) for why in result]


@pytest.mark.parametrize(
    ("in_calls", "told"),
    [
        ({BERLIN: 2}, [("call_up", 2, None), ("pacing", 3, None)]),
        ({BERLIN: 5}, [("call_up", 5, None)]),
        # More calls began after the contacts were counted.
        ({BERLIN: 9}, [("call_up", 5, None)]),
        ({NEW_YORK: 2}, [("pacing", 5, None)]),
    ],
)
def test_contacts_whom_another_campaign_calls_wait_for_that_call(
    in_calls: dict[int, int], told: Told
) -> None:
    assert summary(waits(BERLIN, 5), in_calls=in_calls) == told


def test_a_group_that_is_closed_waits_for_its_opening_and_for_no_call() -> None:
    closed = summary(waits(NEW_YORK, 5), in_calls={NEW_YORK: 2})

    assert closed == [("window", 5, NEW_YORK_OPENS)]


def test_contacts_that_are_due_wait_for_a_trunk_that_is_down() -> None:
    outage = Outage(trunk="south", since=NOW - HOUR, probe_at=NOW + HOUR, cause="unreachable")

    assert summary(waits(BERLIN, 5), waits(NEW_YORK, 2), outages=(outage,)) == [
        ("trunk_down", 5, None),
        ("window", 2, NEW_YORK_OPENS),
    ]


@pytest.mark.parametrize(("until", "opens_at"), [(None, None), (NOW + HOUR, NOW + HOUR)])
def test_contacts_that_are_due_wait_for_a_caller_id(
    until: datetime | None, opens_at: datetime | None
) -> None:
    no_caller_id = NoCallerId("+12025550100", until)

    assert summary(waits(BERLIN, 5), no_caller_id=no_caller_id) == [("caller_id", 5, opens_at)]


def test_contacts_that_are_due_wait_for_a_spend_ceiling_until_the_next_day_of_utc() -> None:
    day = SpendCeiling(
        kind=CeilingKind.CAMPAIGN_DAY,
        currency="USD",
        amount=Decimal(10),
        spent=Decimal(10),
        reserved=Decimal(0),
        call_most=Decimal(1),
    )
    total = replace(day, kind=CeilingKind.CAMPAIGN_TOTAL)

    # At midnight of UTC it is one in the morning in Berlin.
    opens_at = datetime(2026, 11, 3, 8, tzinfo=UTC)
    assert summary(waits(BERLIN, 5), spend=day) == [("spend_ceiling", 5, opens_at)]
    assert summary(waits(BERLIN, 5), spend=total) == [("spend_ceiling", 5, None)]


def a_blackout(
    *, ends_at: datetime = NEVER, starts_at: datetime = NOW, area: str = "DE"
) -> Blackout:
    return Blackout(
        id=1, tenant_id=1, jurisdiction=area, starts_at=starts_at, ends_at=ends_at, reason="storm"
    )


def test_contacts_that_may_be_called_wait_for_capacity() -> None:
    assert summary(waits(BERLIN, 3)) == [("pacing", 3, None)]


def test_the_former_wait_of_a_due_contact_is_not_shown() -> None:
    past = waits(BERLIN, 2, at=NOW - HOUR, waits_for="retry")

    assert summary(waits(BERLIN, 3), past) == [("pacing", 5, None)]


def test_a_closed_zone_waits_for_its_opening() -> None:
    assert summary(waits(NEW_YORK, 3)) == [("window", 3, NEW_YORK_OPENS)]


def test_hours_closed_by_law_are_shown_with_the_rule() -> None:
    scene = CampaignHours(tenant_id=1, stopped=None, blackouts=(), now=NOW)
    (wait,) = explain(scene, [waits(BERLIN, 3)], lambda group: rules(group, law=(SLEEP,)))

    assert (wait.reason, wait.rule) == ("law", SLEEP)
    assert wait.opens_at == NOW + HOUR


def test_a_retry_is_due_from_the_beginning_of_its_slot() -> None:
    later = NOW + timedelta(minutes=17)

    assert summary(waits(BERLIN, 2, at=later, waits_for="retry")) == [
        ("retry", 2, NOW + timedelta(minutes=15))
    ]


def test_the_slot_of_this_moment_is_as_good_as_due() -> None:
    soon = waits(BERLIN, 2, at=NOW + timedelta(minutes=4), waits_for="retry")

    assert summary(soon) == [("pacing", 2, None)]


def test_a_retry_after_closing_waits_for_the_morning() -> None:
    morning = datetime(2026, 11, 3, 8, tzinfo=UTC)
    retries = [waits(BERLIN, 1, at=NOW + n * HOUR, waits_for="retry") for n in (9, 10, 11)]

    assert summary(*retries) == [("retry", 3, morning)]


@pytest.mark.parametrize(
    "reason",
    ["retry", "day", "window", "callback", "frequency_cap", "silence", "suppression", "capacity"],
)
def test_each_wait_has_its_own_word(reason: str) -> None:
    later = NOW + HOUR

    assert summary(waits(BERLIN, 1, at=later, waits_for=reason)) == [(reason, 1, later)]


def test_due_and_later_contacts_are_separate() -> None:
    later = waits(BERLIN, 2, at=NOW + HOUR, waits_for="retry")

    assert summary(waits(BERLIN, 3), later) == [("pacing", 3, None), ("retry", 2, NOW + HOUR)]


def test_no_contact_is_called_without_a_zone_or_after_the_end() -> None:
    later = NOW + HOUR
    buckets = (
        waits(NOWHERE, 3),
        waits(NOWHERE, 1, at=later, waits_for="retry"),
        waits(BERLIN, 2),
        waits(BERLIN, 1, at=later, waits_for="retry"),
    )

    assert summary(*buckets, end_date=date(2026, 11, 1)) == [
        ("ended", 3, None),
        ("unknown_zone", 4, None),
    ]


def test_a_retry_past_the_last_date_has_ended() -> None:
    tomorrow = waits(BERLIN, 2, at=NOW + 24 * HOUR, waits_for="day")

    assert summary(waits(BERLIN, 1), tomorrow, end_date=date(2026, 11, 2)) == [
        ("pacing", 1, None),
        ("ended", 2, None),
    ]


def test_a_stopped_campaign_is_the_reason_but_for_what_nothing_starts_again() -> None:
    buckets = (waits(BERLIN, 2), waits(NEW_YORK, 3), waits(NOWHERE, 4))

    assert summary(*buckets, stopped="paused") == [
        ("campaign", 2, None),
        ("campaign", 3, None),
        ("unknown_zone", 4, None),
    ]


def test_a_blackout_is_shown_with_its_end_if_it_has_one() -> None:
    assert summary(waits(BERLIN, 2), blackouts=(a_blackout(),)) == [("blackout", 2, None)]
    assert summary(waits(BERLIN, 2), blackouts=(a_blackout(ends_at=NOW + HOUR),)) == [
        ("blackout", 2, NOW + HOUR)
    ]
    assert summary(waits(NEW_YORK, 2), blackouts=(a_blackout(),)) == [("window", 2, NEW_YORK_OPENS)]


def test_an_opening_inside_a_blackout_is_put_off() -> None:
    """The opening moves past the black-out's end and the night after it."""
    later = a_blackout(area="US", starts_at=NOW + HOUR, ends_at=NEW_YORK_OPENS + 2 * HOUR)
    over = a_blackout(area="US", starts_at=NOW + HOUR, ends_at=NEW_YORK_OPENS + 12 * HOUR)
    endless = a_blackout(area="US", starts_at=NOW + HOUR)

    assert summary(waits(NEW_YORK, 2), blackouts=(later,)) == [
        ("window", 2, NEW_YORK_OPENS + 2 * HOUR)
    ]
    assert summary(waits(NEW_YORK, 2), blackouts=(over,)) == [
        ("window", 2, NEW_YORK_OPENS + 24 * HOUR)
    ]
    assert summary(waits(NEW_YORK, 2), blackouts=(endless,)) == [("blackout", 2, None)]


def test_a_retry_inside_a_blackout_waits_for_the_blackout() -> None:
    retry = waits(BERLIN, 2, at=NOW + HOUR, waits_for="retry")
    ending = a_blackout(ends_at=NOW + 2 * HOUR)

    assert summary(retry, blackouts=(ending,)) == [("blackout", 2, NOW + 2 * HOUR)]


def test_a_gate_without_an_end_gives_no_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    shut = Block(reason=Reason.LAW, until=None)
    gates = (lambda _rules, _facts, _now: shut,)
    monkeypatch.setattr("shared.domain.decision.verdict.GATES", gates)
    hours = CampaignHours(tenant_id=1, stopped=None, blackouts=(), now=NOW)

    (wait,) = explain(hours, [waits(BERLIN, 3)], rules)

    assert (wait.reason, wait.opens_at) == ("law", None)
