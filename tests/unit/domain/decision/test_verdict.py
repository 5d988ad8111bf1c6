"""Several gates are shut at once: which one binds, and when all are open next."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.calendar.holidays import HolidaySet
from shared.domain.calendar.intervals import NEVER
from shared.domain.contacts import ContactState
from shared.domain.decision.details import HoursDetail
from shared.domain.decision.gates import (
    CALL_UP_DELAY,
    Block,
    ContactFacts,
    first_block,
)
from shared.domain.decision.verdict import decide
from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.frequency import CoolingOff, Event, FrequencyCap, Length, PastCall, Scope
from shared.domain.reasons import Reason
from tests.unit.domain.decision.support import (
    BERLIN,
    CAP,
    DAILY,
    HOUR,
    LAW,
    MONDAY,
    NEW_YORK,
    NOW,
    SECOND,
    SILENCE,
    TALKED,
    THREE_CALLS,
    WEEK_OF_SILENCE,
    a_rule,
    ago,
    rules,
    utc,
)


def test_gates_are_listed_in_their_order_and_the_longest_binds() -> None:
    facts = ContactFacts(
        state=ContactState.PENDING,
        suppressed_until=NOW + HOUR,
        blackout_until=NOW + 2 * HOUR,
        not_before=NOW + 30 * HOUR,
        waits_for=Reason.RETRY,
        calls=(*THREE_CALLS, TALKED, ago(0, None)),
        call_up_until=NOW + CALL_UP_DELAY,
    )

    verdict = decide(rules(LAW, CAP, SILENCE, windows=DAILY[:5]), facts, now=NOW)

    assert [block.reason for block in verdict.blocks] == [
        Reason.SUPPRESSION,
        Reason.BLACKOUT,
        Reason.WINDOW,
        Reason.LAW,
        Reason.WAIT,
        Reason.CALL_UP,
        Reason.FREQUENCY_CAP,
        Reason.SILENCE,
    ]
    assert verdict.binding is not None
    assert verdict.binding.reason is Reason.SILENCE
    # The silence ends on a Saturday, and the next window is on Monday.
    assert verdict.next_at == utc("2026-11-30T14:00")
    first = first_block(rules(LAW, CAP, SILENCE), facts, now=NOW)
    assert first is not None
    assert first.reason is Reason.SUPPRESSION


def test_a_block_without_an_end_binds_before_others() -> None:
    facts = ContactFacts(suppressed_until=NEVER, not_before=NOW + 999 * HOUR)

    verdict = decide(rules(), facts, now=NOW)

    assert verdict.binding is not None
    assert verdict.binding.reason is Reason.SUPPRESSION
    assert verdict.next_at is None


def test_the_rule_that_keeps_hours_shut_longest_binds_and_not_the_campaigns_own() -> None:
    """On a Sunday at 5:00 the campaign opens at 9:00, but the law opens on Monday."""
    early = utc("2026-11-22T10:00")

    verdict = decide(rules(LAW), ContactFacts(), now=early)

    assert [(block.reason, block.until) for block in verdict.blocks] == [
        (Reason.WINDOW, utc("2026-11-22T14:00")),
        (Reason.LAW, MONDAY),
    ]
    assert verdict.binding is not None
    assert verdict.binding.rule == LAW
    assert verdict.next_at == MONDAY


def test_hours_that_are_never_open_at_once_have_no_end() -> None:
    evenings = tuple(WeeklyWindow(weekday=day, start=20 * 60, end=21 * 60) for day in range(7))

    verdict = decide(rules(LAW, windows=evenings), ContactFacts(), now=NOW)

    assert [block.until for block in verdict.blocks] == [None, None]
    assert verdict.next_at is None


def test_a_wait_caused_by_a_limit_is_explained_by_the_limit() -> None:
    facts = ContactFacts(calls=THREE_CALLS, not_before=NOW + HOUR, waits_for=Reason.FREQUENCY_CAP)

    binding = decide(rules(CAP), facts, now=NOW).binding

    assert binding is not None
    assert binding.reason is Reason.FREQUENCY_CAP


def test_on_a_tie_the_rule_of_the_smaller_place_binds() -> None:
    """At 21:30 the hours of the country and of the state are over until the same minute."""
    country = a_rule(Calendar(windows=DAILY), name="us.hours")
    state = a_rule(Calendar(windows=DAILY), name="us-ny.hours", jurisdiction="US-NY")
    late = utc("2026-11-24T02:30")
    always = tuple(WeeklyWindow(weekday=day, start=0, end=1440) for day in range(7))

    for law in ((country, state), (state, country)):
        binding = decide(rules(*law, windows=always), ContactFacts(), now=late).binding
        assert binding is not None
        assert binding.rule == state

    own = decide(rules(country, state), ContactFacts(), now=late).binding
    assert own is not None
    assert own.reason is Reason.WINDOW


def test_an_exclusion_is_explained_by_the_suppression_behind_it() -> None:
    finished = ContactFacts(state=ContactState.FINISHED, outcome=Outcome.EXCLUDED)
    suppressed = replace(finished, suppressed_until=NEVER, campaign_stopped="completed")

    for facts, reason in (
        (finished, Reason.CONTACT),
        (replace(finished, campaign_stopped="completed"), Reason.CONTACT),
        (suppressed, Reason.SUPPRESSION),
        (replace(suppressed, outcome=Outcome.ANSWERED_HUMAN), Reason.CONTACT),
    ):
        binding = decide(rules(), facts, now=NOW).binding
        assert binding is not None
        assert binding.reason is reason


def hours_detail(asked: CallingRules, now: datetime) -> HoursDetail:
    [block] = decide(asked, ContactFacts(), now=now).blocks
    assert isinstance(block.detail, HoursDetail)
    return block.detail


@pytest.mark.parametrize(
    ("at", "named"),
    [
        ("2026-11-26T17:00", "Thanksgiving Day 2026-11-26; Day After Thanksgiving 2026-11-27"),
        ("2026-11-26T01:30", "Thanksgiving Day 2026-11-26; Day After Thanksgiving 2026-11-27"),
        ("2026-11-27T17:00", "Day After Thanksgiving 2026-11-27"),
        ("2026-11-29T17:00", None),
        ("2026-12-25T17:00", "Christmas Day 2026-12-25"),
    ],
)
def test_holidays_are_named_until_the_hours_begin_again(at: str, named: str | None) -> None:
    """The rule opens from Monday to Saturday but on holidays."""
    holidays = (HolidaySet(country="US", region="PA"),)
    law = a_rule(Calendar(windows=DAILY[:6], holidays=holidays))
    always = tuple(WeeklyWindow(weekday=day, start=0, end=1440) for day in range(7))

    assert hours_detail(rules(law, windows=always), utc(at)).holidays == named


def test_of_several_zones_those_are_named_in_which_it_is_shut() -> None:
    zones = ("America/Los_Angeles", NEW_YORK)

    morning = hours_detail(rules(zones=zones), utc("2026-11-23T15:00"))
    night = hours_detail(rules(zones=zones), utc("2026-11-23T08:00"))
    alone = hours_detail(rules(), utc("2026-11-23T08:00"))

    assert morning.shut_in == ("America/Los_Angeles",)
    assert night.shut_in == zones
    assert alone.shut_in == ()


OPEN = ("14:00", "18:59")


def test_hours_of_a_zone_of_their_own_are_its_hours_and_the_law_those_of_the_person() -> None:
    # 9:00 to 20:00 of New York; the law's are those of working days in Berlin.
    own = rules(LAW, zones=(BERLIN,), hours_of=NEW_YORK)
    early = decide(own, ContactFacts(), now=utc("2026-11-23T13:59"))
    late = decide(own, ContactFacts(), now=utc("2026-11-23T19:00"))

    assert [decide(own, ContactFacts(), now=utc(f"2026-11-23T{at}")).allowed for at in OPEN] == [
        True,
        True,
    ]
    assert [block.detail for block in early.blocks] == [
        HoursDetail((NEW_YORK,), "calendar", utc("2026-11-24T01:00"))
    ]
    assert early.next_at == utc("2026-11-23T14:00")
    assert [block.rule for block in late.blocks] == [LAW]
    assert late.next_at == utc("2026-11-24T14:00")


def test_of_several_limits_the_longest_holds() -> None:
    facts = ContactFacts(calls=(*THREE_CALLS, TALKED))

    first = first_block(rules(CAP, SILENCE), facts, now=NOW)

    assert first is not None
    assert first.rule == SILENCE


def test_a_rule_that_ends_sooner_than_its_silence_ends_it() -> None:
    ending = a_rule(WEEK_OF_SILENCE, until=date(2026, 11, 24))

    verdict = decide(rules(ending), ContactFacts(calls=(TALKED,)), now=NOW)

    assert verdict.blocks[0].until == utc("2026-11-24T05:00")


def test_a_contact_that_expires_before_it_may_be_called_never_is() -> None:
    facts = ContactFacts(not_before=NOW + HOUR, expires_at=NOW + HOUR)

    assert decide(rules(), facts, now=NOW).next_at is None


def gates(blocks: tuple[Block, ...]) -> set[Reason]:
    return {block.reason for block in blocks}


windows = st.lists(
    st.builds(
        lambda day, start, length: WeeklyWindow(weekday=day, start=start, end=start + length),
        st.integers(0, 6),
        st.integers(0, 23).map(lambda hour: hour * 60),
        st.sampled_from([30, 60, 480, 1440]),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
lengths = st.one_of(
    st.builds(lambda hours: Length(hours=hours), st.sampled_from([1, 8, 24, 30 * 24])),
    st.builds(lambda days: Length(local_days=days), st.integers(1, 9)),
)
limits = st.one_of(
    st.builds(FrequencyCap, max_calls=st.integers(1, 3), within=lengths, by=st.sampled_from(Scope)),
    st.builds(CoolingOff, after=st.sampled_from(Event), lasts=lengths, by=st.sampled_from(Scope)),
)
calls = st.builds(
    ago, st.integers(0, 24 * 12), st.sampled_from([Outcome.NO_ANSWER, Outcome.ANSWERED_HUMAN])
)
later = st.one_of(
    st.none(), st.integers(-3600, 20 * 86_400).map(lambda n: NOW + timedelta(seconds=n))
)


@given(
    own=windows,
    law=windows,
    demands=st.lists(limits, max_size=3),
    past=st.lists(calls, max_size=5),
    not_before=later,
    suppressed_until=later,
    zones=st.sampled_from([(NEW_YORK,), (BERLIN, NEW_YORK), ("Australia/Lord_Howe",)]),
    ends=st.one_of(st.none(), st.dates(date(2026, 11, 23), date(2026, 12, 31))),
)
def test_at_the_next_instant_all_gates_are_open_and_just_before_one_is_not(
    own: tuple[WeeklyWindow, ...],
    law: tuple[WeeklyWindow, ...],
    demands: list[FrequencyCap | CoolingOff],
    past: list[PastCall],
    not_before: datetime | None,
    suppressed_until: datetime | None,
    zones: tuple[str, ...],
    ends: date | None,
) -> None:
    held = [a_rule(demand, until=ends) for demand in demands]
    asked = rules(a_rule(Calendar(windows=law)), *held, windows=own, zones=zones)
    facts = ContactFacts(calls=past, not_before=not_before, suppressed_until=suppressed_until)

    verdict = decide(asked, facts, now=NOW)

    assert verdict.allowed == (first_block(asked, facts, now=NOW) is None)
    assume(verdict.next_at is not None and not verdict.allowed)
    assert verdict.next_at is not None
    assert verdict.next_at > NOW
    assert decide(asked, facts, now=verdict.next_at).allowed
    step = (verdict.next_at - NOW) / 8
    for before in (verdict.next_at - SECOND, *(NOW + step * n for n in range(8))):
        assert first_block(asked, facts, now=max(NOW, before)) is not None
    assert verdict.binding is not None
    assert verdict.binding.until is not None
    assert verdict.binding.until <= verdict.next_at
    assert gates(verdict.blocks) >= {verdict.binding.reason}


def test_the_facts_of_a_person_do_not_change_the_answer_of_the_rules() -> None:
    """The answers do not depend on the order of the instants, although openings are cached."""
    asked, facts = rules(LAW), ContactFacts()
    instants = [NOW + n * 7 * HOUR for n in range(40)]
    fresh = [decide(rules(LAW), facts, now=at).next_at for at in instants]

    again = [decide(asked, replace(facts), now=at).next_at for at in reversed(instants)]

    assert again == fresh[::-1]
