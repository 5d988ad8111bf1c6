"""The truth about a call does not depend on how often and in which order its reports come."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.call_records import REPORTS_MOST, KeptReport, adds, kept, truth
from shared.domain.calls import AnsweredBy, CallFacts, CallState, Price, storable
from shared.domain.outcomes import Outcome

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)

_seconds = st.none() | st.integers(0, 3).map(float)
_words = st.sampled_from(["", "a", "ab", "b"])
_facts = st.builds(
    CallFacts,
    answered_by=st.none() | st.sampled_from(AnsweredBy),
    talk_seconds=_seconds,
    cause=st.none() | _words,
    price=st.none()
    | st.builds(Price, amount=st.sampled_from([Decimal(1), Decimal(2)]), currency=st.just("USD")),
    digits=st.none() | _words,
    stages=st.sampled_from([(), ("menu",), ("menu", "end"), ("menu", "agent")]),
    tags=st.frozensets(_words, max_size=2),
)
_reports = st.builds(
    KeptReport,
    state=st.sampled_from(CallState),
    at=st.integers(0, 3).map(lambda seconds: AT + timedelta(seconds=seconds)),
    outcome=st.none() | st.sampled_from([Outcome.BUSY, Outcome.ANSWERED_HUMAN]),
    facts=_facts,
)


def a_report(state: CallState, seconds: int = 0, **facts: Any) -> KeptReport:
    return KeptReport(state=state, at=AT + timedelta(seconds=seconds), facts=CallFacts(**facts))


@given(st.data(), st.lists(_reports, max_size=6))
def test_any_order_and_doubling_give_the_same_record(
    data: st.DataObject, reports: list[KeptReport]
) -> None:
    shuffled = data.draw(st.permutations([*reports, *reports]))
    cuts = data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3).map(sorted))

    record: tuple[KeptReport, ...] = ()
    for begin, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
        record = kept([*record, *shuffled[begin:end]])

    assert record == kept(reports)
    assert truth(record) == truth(kept(reports))


@given(st.lists(_reports, max_size=6))
def test_nothing_that_was_told_is_lost(reports: list[KeptReport]) -> None:
    record = kept(reports)

    assert {report.said for report in record} == {report.said for report in reports}
    assert not adds(record, reports)
    assert truth(record).tags == frozenset().union(*(report.facts.tags for report in reports))


def test_a_higher_state_stands_against_a_lower_one_that_came_later() -> None:
    record = kept(
        [
            a_report(CallState.ENDED, 9, price=Price(amount=Decimal(0), currency="USD"), cause="x"),
            a_report(CallState.SETTLED, 60, price=Price(amount=Decimal(2), currency="USD")),
            a_report(CallState.ANSWERED, 99, cause="y", answered_by=AnsweredBy.MACHINE),
        ]
    )

    facts = truth(record)

    assert facts.price == Price(amount=Decimal(2), currency="USD")
    assert (facts.cause, facts.answered_by) == ("x", AnsweredBy.MACHINE)
    assert len(record) == 3


def test_the_earlier_of_two_contradicting_ends_stands() -> None:
    record = kept(
        [a_report(CallState.ENDED, 2, sip_code=486), a_report(CallState.ENDED, sip_code=200)]
    )

    assert truth(record).sip_code == 200
    assert [report.facts.sip_code for report in record] == [200, 486]


def test_digits_and_stages_grow_whichever_report_comes_last() -> None:
    long = a_report(CallState.ANSWERED, 5, digits="41", stages=("menu", "agent"))
    short = a_report(CallState.ANSWERED, 1, digits="4", stages=("menu",))

    assert truth(kept([long, short])) == truth(kept([short, long])) == long.facts


def test_a_carrier_that_never_stops_reporting_fills_no_row() -> None:
    flood = [a_report(CallState.ANSWERED, n, cause=str(n)) for n in range(3 * REPORTS_MOST)]

    record = kept([*flood, a_report(CallState.ENDED, sip_code=200)])

    assert len(record) == REPORTS_MOST
    assert truth(record).sip_code == 200


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ({"ring_seconds": float("nan")}, {}),
        ({"talk_seconds": -1.0}, {}),
        ({"sip_code": 10_000_000_000}, {}),
        ({"cause": "Busy\x00 here\ud800"}, {"cause": "Busy here"}),
        ({"tags": frozenset({"vip\x00", "\x00"})}, {"tags": frozenset({"vip"})}),
        ({"price": Price(amount=Decimal("NaN"), currency="USD")}, {}),
        (
            {"price": Price(amount=Decimal(1), currency="usd")},
            {"price": Price(amount=Decimal(1), currency="USD")},
        ),
        ({"price": Price(amount=Decimal(1), currency="")}, {}),
        ({"digits": "1#*"}, {"digits": "1#*"}),
    ],
)
def test_what_no_table_can_keep_is_left_out(told: dict[str, Any], stored: dict[str, Any]) -> None:
    assert storable(CallFacts(**told)) == CallFacts(**stored)
