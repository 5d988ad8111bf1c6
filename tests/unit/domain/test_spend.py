"""Spend ceilings: what is still allowed, which one is reached, and what a call counts with."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calls import CallFacts, Price
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.rates import Rate
from shared.domain.spend import (
    LOOK_AGAIN,
    Amounts,
    CeilingKind,
    Ceilings,
    Reserve,
    Spend,
    affordable,
    charged,
    reached,
    standing,
    talk_seconds_for,
)

NOW = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
MIDNIGHT = NOW + timedelta(minutes=30)
DAY, TOTAL, TENANT = CeilingKind.CAMPAIGN_DAY, CeilingKind.CAMPAIGN_TOTAL, CeilingKind.TENANT_DAY
RESERVE = Reserve(Decimal("0.50"), "USD")
NOTHING = dict.fromkeys(CeilingKind, Amounts())


def ceilings(call_most: str = "0.50", **amounts: str) -> Ceilings:
    return Ceilings(
        currency="USD",
        call_most=Decimal(call_most),
        amounts={CeilingKind(kind): Decimal(amount) for kind, amount in amounts.items()},
    )


def spend(**amounts: tuple[str, str]) -> Spend:
    known = {
        CeilingKind(kind): Amounts(Decimal(spent), Decimal(reserved))
        for kind, (spent, reserved) in amounts.items()
    }
    return NOTHING | known


@pytest.mark.parametrize(
    ("spent", "reserved", "calls", "until"),
    [
        ("0", "0", 20, None),
        ("9.01", "0.49", 1, None),
        # The rest is reserved for calls under way, which may cost less.
        ("5", "4.60", 0, NOW + LOOK_AGAIN),
        ("9.51", "0", 0, MIDNIGHT),
        ("12", "0", 0, MIDNIGHT),
    ],
)
def test_a_ceiling_of_a_day_allows_calls_until_the_rest_is_less_than_one(
    spent: str, reserved: str, calls: int, until: datetime | None
) -> None:
    [ceiling] = standing(ceilings(campaign_day="10"), spend(campaign_day=(spent, reserved)))

    assert ceiling.calls == calls
    assert reached([ceiling]) == (ceiling if calls == 0 else None)
    if calls == 0:
        assert ceiling.until(now=NOW) == until


def test_a_ceiling_in_all_ends_only_when_it_is_raised() -> None:
    own = standing(
        ceilings(campaign_day="10", campaign_total="30", tenant_day="99"),
        spend(campaign_day=("9.8", "0"), campaign_total=("30", "0"), tenant_day=("50", "0")),
    )

    found = reached(own)

    assert found is not None
    assert (found.kind, found.until(now=NOW)) == (TOTAL, None)


_amounts = st.decimals(0, 5, places=2)


@given(st.data())
def test_calls_that_are_allowed_together_exceed_no_ceiling(data: st.DataObject) -> None:
    keys = [CampaignKey(tenant, campaign) for tenant in (1, 2) for campaign in (1, 2, 3)]
    tenant_day = {tenant: data.draw(st.none() | _amounts) for tenant in (1, 2)}
    own, known = {}, {}
    for key in keys:
        amounts = {DAY: data.draw(st.none() | _amounts), TENANT: tenant_day[key.tenant_id]}
        own[key] = Ceilings(
            currency="USD",
            call_most=data.draw(st.decimals(Decimal("0.01"), 1, places=2)),
            amounts={kind: amount for kind, amount in amounts.items() if amount is not None},
        )
        known[key] = NOTHING | {DAY: Amounts(data.draw(_amounts), data.draw(_amounts))}
    asked = data.draw(st.lists(st.sampled_from(keys), max_size=30))

    allowed = affordable([(key, key, own[key]) for key in asked], known)

    calls = Counter(allowed)
    for key, ceiling in own.items():
        costs = calls[key] * ceiling.call_most
        if calls[key] and DAY in ceiling.amounts:
            assert known[key][DAY].both + costs <= ceiling.amounts[DAY]
    for tenant, amount in tenant_day.items():
        costs = sum(
            (calls[key] * own[key].call_most for key in keys if key.tenant_id == tenant), Decimal(0)
        )
        assert amount is None or costs <= amount
    if not any(ceiling.amounts for ceiling in own.values()):
        assert allowed == asked


@pytest.mark.parametrize(
    ("facts", "outcome", "amount"),
    [
        (CallFacts(price=Price(amount=Decimal("0.02"), currency="USD")), Outcome.BUSY, "0.02"),
        (CallFacts(price=Price(amount=Decimal("0.02"), currency="EUR")), Outcome.BUSY, "0.50"),
        (CallFacts(), Outcome.ANSWERED_HUMAN, "0.50"),
        (CallFacts(), Outcome.UNKNOWN, "0.50"),
        (CallFacts(), Outcome.NO_ANSWER, "0"),
    ],
)
def test_a_call_counts_with_its_price_else_with_its_reserve(
    facts: CallFacts, outcome: Outcome, amount: str
) -> None:
    assert charged(facts, outcome, RESERVE) == Reserve(Decimal(amount), "USD")


def test_a_call_is_ended_before_another_increment_begins() -> None:
    rate = Rate(per_minute=Decimal("0.20"))

    assert talk_seconds_for(Decimal("0.50"), rate) == 118
    assert talk_seconds_for(Decimal("0.19"), rate) == 0
