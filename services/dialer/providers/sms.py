"""The protocol of a provider that also sends text messages: a `Provider` that is an `SmsProvider`.

It is another one than that of calls, because a message has no state to look up and no end to wait
for: it is handed over once, and reports on it may or may not come.
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from services.dialer.providers.protocol import Answer, Posted
from shared.domain.calls import Price
from shared.domain.sms import SmsReference, SmsState


class SmsRefusedError(Exception):
    """Surely not sent. If it `is_final`, no later try would be taken either.

    `retry_after` is the wait that the carrier asks for; the dialer bounds it. `has_opted_out`: the
    carrier knows that the person wants no messages.
    """

    def __init__(
        self,
        reason: str,
        *,
        is_final: bool = False,
        retry_after: timedelta | None = None,
        has_opted_out: bool = False,
    ) -> None:
        super().__init__(reason)
        self.is_final = is_final or has_opted_out
        self.retry_after = retry_after
        self.has_opted_out = has_opted_out


class SmsUnknownError(Exception):
    """May have been sent: it is never sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsRequest:
    """The message to send. The carrier reports to `events_url` with the text form of `reference`.

    A carrier that queues messages must not send it after `valid_until`, because its hours end then.
    """

    reference: SmsReference
    to: str
    sender: str
    text: str
    events_url: str
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReport:
    """A message is `sent`, `delivered`, `undelivered` or, after all, `failed`.

    It may come doubled, late and out of order. `reason` is the carrier's word for an end.
    """

    reference: SmsReference
    provider_message_id: str
    state: SmsState
    at: datetime
    reason: str | None = None
    price: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsOptOut:
    """The person at `number` replied to `sender` that they want no more messages."""

    sender: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSms:
    """The answer to a post about messages, and what it tells, which is kept before."""

    answer: Answer
    report: SmsReport | None = None
    opt_out: SmsOptOut | None = None


@runtime_checkable
class SmsProvider(Protocol):
    """One connected trunk that sends messages."""

    @abstractmethod
    async def send_sms(self, request: SmsRequest) -> str:
        """Send a message, return the provider's id of it.

        Raises SmsRefusedError or SmsUnknownError; any other exception counts as the latter.
        """

    @abstractmethod
    def receive_sms(self, posted: Posted) -> ReceivedSms:
        """Verify a posted event and read it. A ValueError is answered with 400."""
