"""The states of a call and the facts that a carrier tells about it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Self

# Longer texts of a carrier are cut, and of longer lists the first are kept.
TEXT_MOST = 1_000
TEXTS_MOST = 100
_PRICE_MOST = Decimal(1_000_000_000)
_CURRENCY = re.compile(r"[A-Z]{3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class CallState(StrEnum):
    """What a report is about; each state outranks the ones before it.

    A call is over with `ended`. `settled` is only reported, of what becomes known later, such as
    its price; a look-up never answers it.
    """

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    SETTLED = "settled"


class AnsweredBy(StrEnum):
    """Who took the call, as the carrier's detection heard it; `unknown` if it could not tell."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNKNOWN = "unknown"


class PriceSource(StrEnum):
    """Where a price is from: the carrier told it, or it is estimated by the trunk's rate table."""

    PROVIDER = "provider"
    RATE_TABLE = "rate_table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What the carrier charges for a call, in the currency's unit (ISO 4217, such as USD)."""

    amount: Decimal
    currency: str
    source: PriceSource = PriceSource.PROVIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What is known of a call; None or nothing for what was not told.

    `detection_seconds` is the time from the answer until the carrier knew who had answered. `cause`
    is the carrier's own word for the end. `digits` are all that were pressed so far, and `stages`
    the steps of the flow that were reached so far, in their order: a later report repeats them.
    """

    answered_by: AnsweredBy | None = None
    detection_seconds: float | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    sip_code: int | None = None
    cause: str | None = None
    price: Price | None = None
    digits: str | None = None
    stages: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    recording_url: str | None = None
    transferred_to: str | None = None

    def __bool__(self) -> bool:
        # Nearly every call without facts has the same ones: no field has to be compared.
        return self is not NO_FACTS and self != NO_FACTS

    @property
    def told(self) -> Self:
        """The facts without a price that nobody told."""
        if self.price is None or self.price.source is PriceSource.PROVIDER:
            return self
        return replace(self, price=None)

    @classmethod
    def merged(cls, stands: Self, other: Self) -> Self:
        """All that both say; where they differ, the first stands.

        Of digits and stages the longer stand, because they grow during a call; tags add up.
        """
        values = {}
        for field in fields(cls):
            mine, others = getattr(stands, field.name), getattr(other, field.name)
            values[field.name] = others if mine is None else mine
        values["digits"] = max(stands.digits or "", other.digits or "", key=len) or None
        values["stages"] = max(stands.stages, other.stages, key=len)
        values["tags"] = stands.tags | other.tags
        return cls(**values)


NO_FACTS = CallFacts()


def storable(facts: CallFacts) -> CallFacts:
    """The same facts as a table can keep them, whatever the carrier sent.

    Without control characters, numbers that are not finite or below zero, and codes that SIP does
    not have.
    """
    price, code = facts.price, facts.sip_code
    return replace(
        facts,
        detection_seconds=_seconds(facts.detection_seconds),
        ring_seconds=_seconds(facts.ring_seconds),
        talk_seconds=_seconds(facts.talk_seconds),
        sip_code=code if code is not None and 100 <= code <= 699 else None,
        cause=storable_text(facts.cause),
        price=None if price is None else _price(price),
        digits=storable_text(facts.digits),
        stages=tuple(_texts(facts.stages)),
        tags=frozenset(_texts(sorted(facts.tags))),
        recording_url=storable_text(facts.recording_url),
        transferred_to=storable_text(facts.transferred_to),
    )


def _seconds(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def storable_text(value: str | None) -> str | None:
    """A carrier's word without control characters and not too long; None if nothing is left."""
    if value and len(value) <= TEXT_MOST and value.isprintable():
        return value  # as nearly every word is
    return None if value is None else _CONTROL.sub("", value)[:TEXT_MOST] or None


def _texts(values: Sequence[str]) -> list[str]:
    return [text for text in map(storable_text, values[:TEXTS_MOST]) if text is not None]


def _price(price: Price) -> Price | None:
    currency = price.currency.upper()
    is_price = price.amount.is_finite() and abs(price.amount) < _PRICE_MOST
    if not is_price or not _CURRENCY.fullmatch(currency):
        return None
    return Price(amount=price.amount, currency=currency)
