"""Spend ceilings: what the calls of a campaign or a tenant may cost, in a day or in all.

A call that is dialed reserves the most that it may cost. At its end its price takes the place of
the reserve, so what is spent and reserved together never exceeds a ceiling. A day is one of UTC,
that in which the call was dialed: one day for the tenant's campaigns in all zones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeVar

from shared.domain.calls import CallFacts
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import ANSWERED, Outcome
from shared.domain.rates import Rate

# Calls under way reserve the rest of a ceiling: an answer to why looks again after this.
LOOK_AGAIN = timedelta(seconds=10)
# A carrier ends a call a little later than it is told, which may start another increment.
TALK_MARGIN = 2
# Why a number is no destination, by a word that REMEDIES explains.
TOO_COSTLY = "too_costly"

Item = TypeVar("Item")


class CeilingKind(StrEnum):
    """What a ceiling is about."""

    CAMPAIGN_DAY = "campaign_day"
    CAMPAIGN_TOTAL = "campaign_total"
    TENANT_DAY = "tenant_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """The ceilings above the calls of a campaign; `call_most` is what each call reserves."""

    currency: str
    call_most: Decimal
    amounts: Mapping[CeilingKind, Decimal]


class Amounts(NamedTuple):
    """What the calls that have ended cost, and what those under way reserve."""

    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    @property
    def both(self) -> Decimal:
        return self.spent + self.reserved

    def plus(self, other: "Amounts") -> "Amounts":
        return Amounts(self.spent + other.spent, self.reserved + other.reserved)


class Reserve(NamedTuple):
    """What a call counts with under its ceilings, in their currency."""

    amount: Decimal
    currency: str


# The amounts under each ceiling of a campaign.
Spend = Mapping[CeilingKind, Amounts]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendCeiling:
    """A ceiling as it stands."""

    kind: CeilingKind
    currency: str
    amount: Decimal
    spent: Decimal
    reserved: Decimal
    call_most: Decimal

    @property
    def calls(self) -> int:
        """How many calls it still allows."""
        return max(0, int((self.amount - self.spent - self.reserved) / self.call_most))

    def until(self, *, now: datetime) -> datetime | None:
        """When a ceiling that allows no call may allow one; None: not by itself."""
        if self.spent + self.call_most <= self.amount:
            return now + LOOK_AGAIN
        if self.kind is CeilingKind.CAMPAIGN_TOTAL:
            return None
        return datetime.combine(day_of(now) + timedelta(days=1), time(), UTC)


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def standing(ceilings: Ceilings, spend: Spend) -> list[SpendCeiling]:
    """All ceilings of a campaign, with what is spent and reserved under each."""
    return [
        SpendCeiling(
            kind=kind,
            currency=ceilings.currency,
            amount=amount,
            spent=spend[kind].spent,
            reserved=spend[kind].reserved,
            call_most=ceilings.call_most,
        )
        for kind, amount in ceilings.amounts.items()
    ]


def reached(ceilings: Iterable[SpendCeiling]) -> SpendCeiling | None:
    """The ceiling that allows no call; of several one that is spent, before those reserved."""
    shut = [ceiling for ceiling in ceilings if not ceiling.calls]
    return max(shut, key=lambda ceiling: ceiling.spent - ceiling.amount, default=None)


def affordable(
    wanted: Sequence[tuple[Item, CampaignKey, Ceilings]], spend: Mapping[CampaignKey, Spend]
) -> list[Item]:
    """The first of these calls that their ceilings allow together."""
    reserved: dict[tuple[CeilingKind, int], Decimal] = {}
    allowed = []
    for item, campaign, ceilings in wanted:
        scopes = {kind: (kind, _id(kind, campaign)) for kind in ceilings.amounts}
        after = {
            scope: reserved.get(scope, Decimal(0)) + ceilings.call_most for scope in scopes.values()
        }
        if all(
            spend[campaign][kind].both + after[scopes[kind]] <= amount
            for kind, amount in ceilings.amounts.items()
        ):
            reserved |= after
            allowed.append(item)
    return allowed


def _id(kind: CeilingKind, campaign: CampaignKey) -> int:
    return campaign.tenant_id if kind is CeilingKind.TENANT_DAY else campaign.campaign_id


def talk_seconds_for(call_most: Decimal, rate: Rate) -> int:
    """How long a call may last so that it costs no more than it reserves; 0: not at all."""
    return max(0, rate.seconds_for(call_most) - TALK_MARGIN)


def charged(facts: CallFacts, outcome: Outcome, reserve: Reserve) -> Reserve:
    """What a call that has ended counts with: its price, in the place of the reserve.

    One that may have been answered keeps its reserve as long as its price in the currency of the
    ceiling is not known.
    """
    price = facts.price
    if price is not None and price.currency == reserve.currency:
        return reserve._replace(amount=price.amount)
    may_cost = outcome in ANSWERED or outcome is Outcome.UNKNOWN or price is not None
    return reserve if may_cost else reserve._replace(amount=Decimal(0))
