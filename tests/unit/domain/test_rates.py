"""Prices by rate tables: started increments, the longest prefix, the table of the time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calls import NO_FACTS, CallFacts, Price, PriceSource
from shared.domain.outcomes import Outcome
from shared.domain.rates import NO_RATES, Rate, Rates, RateTable

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
HUMAN = Outcome.ANSWERED_HUMAN

_rates = st.builds(
    Rate,
    per_minute=st.decimals(Decimal("0.0001"), 5, places=4),
    first_seconds=st.integers(1, 90),
    increment_seconds=st.integers(1, 90),
)


def a_table(prefixes: dict[str, str], *, since: datetime = AT) -> RateTable:
    rates = {prefix: Rate(per_minute=Decimal(price)) for prefix, price in prefixes.items()}
    return RateTable.of("USD", since, rates)


@pytest.mark.parametrize(
    ("first", "increment", "talked", "amount"),
    [
        (60, 60, 0.0, "0"),
        (60, 60, 0.4, "0.6"),
        (60, 60, 60.0, "0.6"),
        (60, 60, 60.001, "1.2"),
        (30, 6, 12.0, "0.3"),
        (30, 6, 30.0, "0.3"),
        (30, 6, 31.0, "0.36"),
        (1, 1, 31.2, "0.32"),
    ],
)
def test_each_started_increment_is_charged(
    first: int, increment: int, talked: float, amount: str
) -> None:
    rate = Rate(per_minute=Decimal("0.6"), first_seconds=first, increment_seconds=increment)

    assert rate.amount(talked) == Decimal(amount)


@given(_rates, st.decimals(0, 20, places=3))
def test_the_longest_call_for_an_amount_costs_no_more_and_a_longer_one_does(
    rate: Rate, amount: Decimal
) -> None:
    seconds = rate.seconds_for(amount)

    assert rate.amount(seconds) <= amount
    assert rate.amount(seconds + 1) > amount or seconds == 86_400


def test_a_call_that_costs_nothing_may_last_as_long_as_any() -> None:
    assert Rate(per_minute=Decimal(0)).seconds_for(Decimal(0)) == 86_400


@pytest.mark.parametrize(
    ("number", "price"),
    [("+442079460123", "2"), ("+447700900123", "3"), ("+441632960123", "1"), ("+4930123456", None)],
)
def test_the_longest_prefix_has_its_rate(number: str, price: str | None) -> None:
    rate = a_table({"44": "1", "4420": "2", "4477": "3"}).rate(number)

    assert (None if rate is None else rate.per_minute) == (
        None if price is None else Decimal(price)
    )


@pytest.mark.parametrize(
    ("facts", "outcome", "price"),
    [
        (CallFacts(talk_seconds=61.0), HUMAN, "2"),
        (NO_FACTS, Outcome.BUSY, "0"),
        (CallFacts(talk_seconds=9.0), Outcome.NO_ANSWER, "0"),
        # Nobody told how long it was.
        (NO_FACTS, HUMAN, None),
    ],
)
def test_a_call_without_a_price_gets_an_estimate(
    facts: CallFacts, outcome: Outcome, price: str | None
) -> None:
    rates = Rates({1: [a_table({"1": "1"})]})

    priced = rates.priced(facts, outcome, trunk_id=1, number="+12025550123", at=AT)

    expected = price and Price(amount=Decimal(price), currency="USD", source=PriceSource.RATE_TABLE)
    assert priced.price == expected
    assert priced.told == facts


def test_the_price_of_the_carrier_stands() -> None:
    told = CallFacts(talk_seconds=1.0, price=Price(amount=Decimal(5), currency="EUR"))
    rates = Rates({1: [a_table({"1": "1"})]})

    assert rates.priced(told, HUMAN, trunk_id=1, number="+12025550123", at=AT) is told


def test_a_table_holds_from_its_time_until_the_next_and_for_its_trunk() -> None:
    old, new = a_table({"1": "1"}, since=AT), a_table({"1": "2"}, since=AT + timedelta(hours=1))
    rates = Rates({1: [new, old]})

    assert rates.table(1, at=AT - timedelta(seconds=1)) is None
    assert rates.table(1, at=AT + timedelta(minutes=59)) is old
    assert rates.table(1, at=AT + timedelta(hours=1)) is new
    assert rates.table(2, at=AT) is NO_RATES.table(1, at=AT) is None
