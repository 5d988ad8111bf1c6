"""Each cap, silence, ring time and share of law by its name and source, to the last moment."""

from dataclasses import replace
from datetime import datetime

import pytest

from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.policy.frequency import Held, PastCall, held_by
from shared.domain.policy.rules import AbandonmentLimit
from tests.unit.rulepacks.law_limits import (
    ABANDONMENT,
    CAPS,
    RING_TIMES,
    SILENCES,
    CapOfLaw,
    SilenceOfLaw,
)
from tests.unit.rulepacks.law_support import TICK, by_name, compiled, local, the_rule


def held(
    rules: CallingRules, calls: list[PastCall], now: datetime, *, subject: str = "debt 1"
) -> Held | None:
    (limit,) = rules.limits
    assert limit.holds(rules.group.zones, at=now)
    return held_by(limit.limit, calls, subject=subject, zones=rules.group.zones, now=now)


def called(at: datetime, outcome: Outcome = Outcome.ANSWERED_HUMAN) -> PastCall:
    return PastCall(dialing_at=at, subject="debt 1", outcome=outcome, ended_at=at)


@pytest.mark.parametrize(("name", "case"), by_name(CAPS))
def test_a_cap_allows_the_last_call_and_refuses_one_more(name: str, case: CapOfLaw) -> None:
    rule = the_rule(name, case.source)
    rules = compiled([rule], (case.place,), (case.zone,), kind=case.kinds[0])
    made: list[PastCall] = []

    for at in (local(text, case.zone) for text in case.calls):
        assert held(rules, made, at) is None
        made.append(called(at))

    refused, again = local(case.refused, case.zone), local(case.again, case.zone)
    one_more = held(rules, made, refused)
    assert one_more == Held(until=again, since=made[0], calls=tuple(made))
    assert held(rules, made, again - TICK) is not None
    assert held(rules, made, again) is None
    assert (held(rules, made, refused, subject="other") is None) is case.other_subject


@pytest.mark.parametrize(("name", "case"), by_name(CAPS))
def test_a_cap_counts_every_call_but_what_the_law_leaves_out(name: str, case: CapOfLaw) -> None:
    rule = the_rule(name, case.source)
    rules = compiled([rule], (case.place,), (case.zone,), kind=case.kinds[0])
    made = [called(local(text, case.zone)) for text in case.calls]
    refused = local(case.refused, case.zone)

    not_counted = {
        outcome
        for outcome in Outcome
        if held(rules, [*made[1:], replace(made[0], outcome=outcome)], refused) is None
    }

    assert not_counted == case.ignored


@pytest.mark.parametrize(("name", "case"), by_name(SILENCES))
def test_a_silence_refuses_to_its_last_moment(name: str, case: SilenceOfLaw) -> None:
    rule = the_rule(name, case.source)
    rules = compiled([rule], (case.place,), (case.zone,), kind=case.kinds[0])
    ended = called(local(case.ended, case.zone), case.outcome)
    refused, again = local(case.refused, case.zone), local(case.again, case.zone)

    assert held(rules, [ended], refused) == Held(until=again, since=ended, calls=(ended,))
    assert held(rules, [ended], again - TICK) is not None
    assert held(rules, [ended], again) is None
    assert held(rules, [replace(ended, outcome=Outcome.NO_ANSWER)], refused) is None
    assert (held(rules, [ended], refused, subject="other") is None) is case.other_subject


@pytest.mark.parametrize(("name", "case"), by_name(RING_TIMES))
def test_a_call_rings_as_long_as_the_law_says(name: str, case: tuple[str, str, int]) -> None:
    source, place, seconds = case

    rules = compiled([the_rule(name, source)], (place,), ("UTC",))

    assert rules.ring_seconds == seconds


@pytest.mark.parametrize(("name", "case"), by_name(ABANDONMENT))
def test_the_share_that_may_be_abandoned_is_that_of_the_law(
    name: str, case: tuple[str, int, int, int]
) -> None:
    source, days, answered, most = case
    limit = the_rule(name, source).demand

    assert isinstance(limit, AbandonmentLimit)
    assert limit.days == days
    assert limit.ratio == pytest.approx(most / answered)
