"""Keeps what carriers tell of messages that were handed over."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.dialer.providers.protocol import Answer, Posted
from services.dialer.providers.sms import SmsProvider, SmsReport
from services.dialer.providers.trunks import Trunks, UnusableTrunkError
from shared.db import sms_sending
from shared.db.sms_sending import SmsMove
from shared.db.types import Pool
from shared.domain.calls import CallFacts, storable, storable_text
from shared.domain.sms import SmsReference, SmsState
from shared.runtime.batching import Batcher
from shared.runtime.metrics import SMS_MOVED
from shared.runtime.process import now
from shared.runtime.retries import patiently


@dataclass(slots=True)
class SmsReports:
    pool: Pool
    trunks: Trunks
    _batcher: Batcher[SmsMove] = field(init=False)

    def __post_init__(self) -> None:
        self._batcher = Batcher(self._keep)

    async def receive(self, trunk_id: int, posted: Posted) -> Answer:
        """Answer a post once what it tells is kept. Raises UnusableTrunkError and ValueError."""
        provider = await self.trunks.provider(trunk_id)
        if not isinstance(provider, SmsProvider):
            raise UnusableTrunkError("the provider sends no messages")
        received = provider.receive_sms(posted)
        if received.report is not None:
            await self._batcher.add(_move(received.report, trunk_id))
        if received.opt_out is not None:
            await sms_sending.suppress_reply(
                self.pool,
                trunk_id=trunk_id,
                sender=received.opt_out.sender,
                number=received.opt_out.number,
            )
        return received.answer

    async def _keep(self, moves: list[SmsMove]) -> None:
        await patiently("sms reports", lambda: self._write(list(_first_ends(moves))))

    async def _write(self, moves: list[SmsMove]) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            ended = await sms_sending.reported(conn, moves)
        for event in ended:
            SMS_MOVED.labels(event.data.state).inc()


def _move(report: SmsReport, trunk_id: int) -> SmsMove:
    """A carrier's clock that is ahead is not believed, nor a text that no table can keep."""
    told = storable(CallFacts(cause=report.reason, price=report.price))
    return SmsMove(
        report.reference,
        report.state,
        min(report.at, now()),
        told.cause,
        provider_message_id=storable_text(report.provider_message_id),
        price=None if told.price is None else abs(told.price.amount),
        currency=None if told.price is None else told.price.currency,
        trunk_id=trunk_id,
    )


def _first_ends(moves: Iterable[SmsMove]) -> Iterable[SmsMove]:
    """One move for each message of the batch: its first end, else that it was sent."""
    kept: dict[tuple[SmsReference, int | None], SmsMove] = {}
    for move in moves:
        key = move.reference, move.trunk_id
        if key not in kept or kept[key].state is SmsState.SENT:
            kept[key] = move
    return kept.values()
