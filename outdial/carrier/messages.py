"""Text messages at the simulated carrier: each is on disk before it is answered."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import uuid_utils
from pydantic import BaseModel, ConfigDict, Field

from outdial.carrier.behaviour import Behaviour, SmsFate
from outdial.carrier.calls import Instant, Reference
from outdial.carrier.events import EventSender
from outdial.carrier.log import CallLog, Line

LONGEST = 1_600
# The fates that the answer tells; the others are told later.
REFUSALS = {SmsFate.REFUSED: 503, SmsFate.INVALID: 422, SmsFate.OPTED_OUT: 403}


class NewMessage(BaseModel):
    """The body of a message."""

    model_config = ConfigDict(frozen=True)

    reference: Reference
    to: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
    sender: Annotated[str, Field(alias="from", min_length=1, max_length=16)]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    events_url: Annotated[str, Field(pattern=r"^https?://[^\s/]")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnswer:
    """A status with the body of the answer; `is_lost`: the connection dies instead."""

    status: int
    body: Mapping[str, Any]
    is_lost: bool = False

    @classmethod
    def refused(cls, status: int, code: str) -> Self:
        return cls(status=status, body={"code": code})


@dataclass(slots=True)
class Messages:
    log: CallLog
    sender: EventSender
    behaviour: Behaviour
    seed: int
    time_scale: float
    _taken: dict[str, str] = field(default_factory=dict)
    _sent_to: Counter[str] = field(default_factory=Counter)

    def restore(self, line: Line) -> None:
        """Take up a message of an earlier run: its reference was used."""
        self._sent_to[line["to"]] += 1
        if line["message_id"] is not None:
            self._taken[line["reference"]] = line["message_id"]

    async def send(self, wanted: NewMessage, seen: Instant) -> MessageAnswer:
        """A reference that was used is not taken again."""
        if wanted.reference in self._taken:
            return MessageAnswer.refused(409, "duplicate")
        self._sent_to[wanted.to] += 1
        nth = self._sent_to[wanted.to]
        draw = random.Random(f"{self.seed}:{wanted.to}:{nth}:sms")  # noqa: S311
        fate = self._fate(wanted.to, draw)
        message_id = None if fate in REFUSALS else str(uuid_utils.uuid7())
        if message_id is not None:
            self._taken[wanted.reference] = message_id
        await self._write(wanted, message_id, fate, seen)
        if message_id is None:
            return MessageAnswer.refused(REFUSALS[fate], fate)
        if fate is not SmsFate.LOST:
            delay = draw.uniform(*self.behaviour.sms.seconds) * self.time_scale
            report = self._report(wanted, message_id, fate)
            loop = asyncio.get_running_loop()
            loop.call_later(delay, self.sender.send, wanted.reference, wanted.events_url, report)
        body = {"message_id": message_id}
        return MessageAnswer(status=201, body=body, is_lost=fate is SmsFate.LOST)

    def _fate(self, number: str, draw: random.Random) -> SmsFate:
        scripted = self.behaviour.numbers.get(number)
        if scripted is not None and scripted.sms is not None:
            return scripted.sms
        is_delivered = draw.random() < self.behaviour.sms.delivered
        return SmsFate.DELIVERED if is_delivered else SmsFate.UNDELIVERED

    async def _write(
        self, wanted: NewMessage, message_id: str | None, fate: SmsFate, seen: Instant
    ) -> None:
        await self.log.append(
            {
                "kind": "message",
                "at": seen.at,
                "reference": wanted.reference,
                "to": wanted.to,
                "from": wanted.sender,
                "text": wanted.text,
                "message_id": message_id,
                "fate": fate,
            }
        )

    def _report(self, wanted: NewMessage, message_id: str, fate: SmsFate) -> dict[str, Any]:
        report = {
            "reference": wanted.reference,
            "message_id": message_id,
            "kind": fate,
            "at": Instant.now().at,
            "price": {
                "amount": str(self.behaviour.sms.price),
                "currency": self.behaviour.tariff.currency,
            },
        }
        return report if fate is SmsFate.DELIVERED else report | {"reason": "unreachable"}
