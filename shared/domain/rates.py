"""The price of calls by the rate tables of trunks, for those whose carrier tells none."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_UP, Decimal

from shared.domain.calls import CallFacts, Price, PriceSource
from shared.domain.outcomes import ANSWERED, Outcome

_PLACES = Decimal("0.0001")
# In seconds; longer than any call that is allowed.
LONGEST_CALL = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The price of a minute; each started increment is charged, the first one being longer.

    60 and 60 charge by the minute, 30 and 6 the first half minute and then each 6 seconds.
    """

    per_minute: Decimal
    first_seconds: int = 60
    increment_seconds: int = 60

    def amount(self, talk_seconds: float) -> Decimal:
        if talk_seconds <= 0:
            return Decimal(0)
        beyond = max(0.0, talk_seconds - self.first_seconds)
        started = math.ceil(beyond / self.increment_seconds)
        return self._of(self.first_seconds + started * self.increment_seconds)

    def seconds_for(self, amount: Decimal) -> int:
        """The longest call that costs no more than this; 0 if no call costs so little."""
        if self._of(self.first_seconds) > amount:
            return 0
        if not self.per_minute:
            return LONGEST_CALL
        beyond = int(amount * 60 / self.per_minute) - self.first_seconds
        seconds = self.first_seconds + beyond // self.increment_seconds * self.increment_seconds
        # A price is rounded up, so the last increment may cost a trifle too much.
        if self._of(seconds) > amount:
            seconds -= self.increment_seconds
        return min(seconds, LONGEST_CALL)

    def _of(self, seconds: int) -> Decimal:
        return (self.per_minute * seconds / 60).quantize(_PLACES, rounding=ROUND_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """The rates of a trunk from an instant on, by prefix: the first digits, with country code."""

    currency: str
    effective_from: datetime
    rates: Mapping[str, Rate]
    longest: int

    @classmethod
    def of(cls, currency: str, effective_from: datetime, rates: Mapping[str, Rate]) -> "RateTable":
        longest = max(map(len, rates), default=0)
        return cls(currency=currency, effective_from=effective_from, rates=rates, longest=longest)

    def rate(self, number: str) -> Rate | None:
        """The rate of the longest prefix of a number in E.164."""
        for length in range(self.longest, 0, -1):
            rate = self.rates.get(number[1 : length + 1])
            if rate is not None:
                return rate
        return None


@dataclass(frozen=True, slots=True)
class Rates:
    """All rate tables, by trunk; those of a trunk from the newest to the oldest."""

    tables: Mapping[int, Sequence[RateTable]]

    def table(self, trunk_id: int, *, at: datetime) -> RateTable | None:
        """The table that holds for the calls of a trunk that begin at an instant."""
        tables = self.tables.get(trunk_id, ())
        return next((table for table in tables if table.effective_from <= at), None)

    def priced(
        self, facts: CallFacts, outcome: Outcome, *, trunk_id: int, number: str, at: datetime
    ) -> CallFacts:
        """The facts with a price by the table, unless the carrier told one.

        None where no rate is known, or the carrier did not tell how long the call was.
        """
        table = self.table(trunk_id, at=at) if facts.price is None else None
        rate = None if table is None else table.rate(number)
        talked = facts.talk_seconds if outcome in ANSWERED else 0.0
        if table is None or rate is None or talked is None:
            return facts
        price = Price(
            amount=rate.amount(talked), currency=table.currency, source=PriceSource.RATE_TABLE
        )
        return replace(facts, price=price)


NO_RATES = Rates({})
