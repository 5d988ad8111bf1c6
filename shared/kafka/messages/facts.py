"""The facts of a call as messages carry them."""

from decimal import Decimal
from typing import Literal, Self

from shared.domain.calls import AnsweredBy, CallFacts, Price, PriceSource
from shared.kafka.messages.envelope import Data


class PriceData(Data):
    """`amount` is a decimal number in the unit of `currency`, an ISO 4217 code.

    `source` is `rate_table` for an estimate; without it the carrier told the price.
    """

    amount: Decimal
    currency: str
    source: Literal[PriceSource.RATE_TABLE] | None = None

    @classmethod
    def of(cls, price: Price) -> Self:
        source = None if price.source is PriceSource.PROVIDER else price.source
        return cls(amount=price.amount, currency=price.currency, source=source)

    def price(self) -> Price:
        return Price(
            amount=self.amount, currency=self.currency, source=self.source or PriceSource.PROVIDER
        )


class FactsData(Data):
    """What the carrier told of a call; a field that is not there was not told."""

    answered_by: AnsweredBy | None = None
    detection_seconds: float | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    sip_code: int | None = None
    cause: str | None = None
    price: PriceData | None = None
    digits: str | None = None
    stages: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    recording_url: str | None = None
    transferred_to: str | None = None

    @classmethod
    def of(cls, facts: CallFacts) -> Self | None:
        """None for no facts, so that they take no room in a message."""
        if not facts:
            return None
        price = facts.price
        return cls(
            answered_by=facts.answered_by,
            detection_seconds=facts.detection_seconds,
            ring_seconds=facts.ring_seconds,
            talk_seconds=facts.talk_seconds,
            sip_code=facts.sip_code,
            cause=facts.cause,
            price=None if price is None else PriceData.of(price),
            digits=facts.digits,
            stages=facts.stages or None,
            tags=tuple(sorted(facts.tags)) or None,
            recording_url=facts.recording_url,
            transferred_to=facts.transferred_to,
        )

    def call_facts(self) -> CallFacts:
        price = self.price
        return CallFacts(
            answered_by=self.answered_by,
            detection_seconds=self.detection_seconds,
            ring_seconds=self.ring_seconds,
            talk_seconds=self.talk_seconds,
            sip_code=self.sip_code,
            cause=self.cause,
            price=None if price is None else price.price(),
            digits=self.digits,
            stages=self.stages or (),
            tags=frozenset(self.tags or ()),
            recording_url=self.recording_url,
            transferred_to=self.transferred_to,
        )
