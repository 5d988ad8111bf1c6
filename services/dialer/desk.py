"""Places calls and follows them to their end: each leaves a permit, a row and a message behind."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, assert_never
from uuid import UUID

from faststream.kafka import KafkaBroker

from services.dialer.permits.permits import PERMIT_SECONDS, Permits
from services.dialer.permits.slow_originates import Arrivals
from services.dialer.providers.protocol import (
    CallRefusedError,
    CallReport,
    CallState,
    CallUnknownError,
    Originate,
    Provider,
)
from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, CallReference, UnknownReason
from shared.domain.capacity.scopes import Hierarchy, scopes_of
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.broker import publish
from shared.kafka.messages.calls import (
    AttemptDropped,
    AttemptDroppedData,
    CallEnded,
    CallEndedData,
    CallUnknown,
    CallUnknownData,
)
from shared.runtime.batching import Batcher
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import (
    ATTEMPTS_DROPPED,
    CALLS_ENDED,
    CALLS_PLACED,
    CALLS_WITHOUT_REPLY,
    ORIGINATE_SECONDS,
)
from shared.runtime.process import now
from shared.runtime.retries import TRANSIENT, patiently

logger = logging.getLogger(__name__)

# A provider that refuses is asked again for the same contact after this.
REFUSED_DELAY = timedelta(seconds=5)
DRAIN_SECONDS = 12
SCOPES_KEPT = 50_000

Ending = CallEnded | CallUnknown | AttemptDropped


class _Placed(NamedTuple):
    id: UUID
    call_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Finish:
    """The leases are given back before the end is told: a crash between leaves the attempt
    dialed, and the reconciler finds it; the other way round a lease would leak.
    """

    reference: CallReference
    ending: Ending
    scopes: Hierarchy | None


class CallDesk:
    def __init__(self, pool: Pool, broker: KafkaBroker, permits: Permits) -> None:
        self._pool = pool
        self._broker = broker
        self._permits = permits
        self.arrivals = Arrivals(permits)
        self._placed = Batcher(self._write_placed)
        self._finished = Batcher(self._finish_all)
        self._originates: set[asyncio.Task[None]] = set()
        self._scopes: dict[CallReference, Hierarchy] = {}

    def dial(
        self, provider: Provider, request: Originate, scopes: Hierarchy, *, asked_at: float
    ) -> None:
        """Ask the provider, without waiting for it; `asked_at` is the permit's monotonic birth."""
        if len(self._scopes) >= SCOPES_KEPT:
            # Ended elsewhere, most likely; what is missed is read from PostgreSQL.
            del self._scopes[next(iter(self._scopes))]
        self._scopes[request.reference] = scopes
        task = asyncio.create_task(self._dial(provider, request, scopes, asked_at=asked_at))
        self._originates.add(task)
        task.add_done_callback(self._originates.discard)

    async def on_report(self, report: CallReport) -> None:
        """A provider's word on a call, first-hand or looked up; returns when it is kept."""
        if report.state is not CallState.ENDED:
            return
        outcome = report.outcome
        if outcome is None or outcome is Outcome.UNKNOWN:
            await self.give_up(report.reference, UnknownReason.NO_ENDING)
            return
        data = CallEndedData(
            attempt_id=report.reference.attempt_id,
            outcome=outcome,
            # A carrier's clock that is ahead must not push the next attempt away.
            ended_at=min(report.at, now()),
            provider_call_id=report.provider_call_id,
            ring_seconds=report.ring_seconds,
            talk_seconds=report.talk_seconds,
            callback_at=report.callback_at,
        )
        await self._finish(report.reference, CallEnded.of(data, at=now()))

    async def drop(
        self,
        reference: CallReference,
        reason: Reason,
        from_state: Literal[AttemptState.CLAIMED, AttemptState.DIALING],
        *,
        retry_at: datetime,
        stopped_by: str | None = None,
    ) -> None:
        """Say that the attempt surely was not placed, and by which rule of law, if by one."""
        data = AttemptDroppedData(
            attempt_id=reference.attempt_id,
            from_state=from_state,
            reason=reason,
            dropped_at=now(),
            retry_at=retry_at,
            stopped_by=stopped_by,
        )
        await self._finish(reference, AttemptDropped.of(data, at=now()))

    async def give_up(self, reference: CallReference, reason: UnknownReason) -> None:
        """Say that nobody knows, and that it will not be placed again."""
        data = CallUnknownData(attempt_id=reference.attempt_id, reason=reason, ended_at=now())
        await self._finish(reference, CallUnknown.of(data, at=now()))

    async def note_placed(self, reference: CallReference, call_id: str) -> None:
        await self._placed.add(_Placed(reference.attempt_id, call_id, now()))

    async def drain(self) -> None:
        """Let originates that are under way be answered; the rest is the reconciler's."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._originates and time.monotonic() < deadline:
            await asyncio.wait(self._originates, timeout=DRAIN_SECONDS)

    async def _finish(self, reference: CallReference, ending: Ending) -> None:
        """Give the permit back and tell events; both again when either fails."""
        await self._finished.add(_Finish(reference, ending, self._scopes.get(reference)))
        self._scopes.pop(reference, None)

    async def _dial(
        self, provider: Provider, request: Originate, scopes: Hierarchy, *, asked_at: float
    ) -> None:
        reference = request.reference
        try:
            if time.monotonic() - asked_at > PERMIT_SECONDS:
                await self.drop(
                    reference, Reason.PERMIT_EXPIRED, AttemptState.DIALING, retry_at=now()
                )
                return
            began = time.perf_counter()
            self.arrivals.begin(reference, scopes, asked_at=asked_at)
            try:
                call_id = await provider.originate(request)
            finally:
                self.arrivals.end(reference)
                ORIGINATE_SECONDS.observe(time.perf_counter() - began)
            passing(Failpoint.AFTER_ORIGINATE)
            await self.note_placed(reference, call_id)
        except CallRefusedError as refusal:
            await self._on_refusal(reference, refusal)
        except CallUnknownError as error:
            # The row stays `dialing`, so the reconciler asks the provider by reference.
            CALLS_WITHOUT_REPLY.inc()
            logger.warning(
                "no reply to an originate",
                extra={"attempt_id": str(reference.attempt_id), "reason": str(error)},
            )
        except TRANSIENT as error:
            # What could not be written now is found by the reconciler.
            logger.warning(
                "call not noted",
                extra={"attempt_id": str(reference.attempt_id), "error": type(error).__name__},
            )

    async def _on_refusal(self, reference: CallReference, refusal: CallRefusedError) -> None:
        if refusal.outcome is None:
            await self.drop(
                reference,
                Reason.REFUSED,
                AttemptState.DIALING,
                retry_at=now() + REFUSED_DELAY,
            )
            return
        data = CallEndedData(
            attempt_id=reference.attempt_id, outcome=refusal.outcome, ended_at=now()
        )
        await self._finish(reference, CallEnded.of(data, at=now()))

    async def _write_placed(self, batch: list[_Placed]) -> None:
        ids, call_ids, times = zip(*batch, strict=True)
        CALLS_PLACED.inc(len(batch))
        await patiently("placed", lambda: dialing.placed(self._pool, ids, call_ids, times))

    async def _finish_all(self, batch: list[_Finish]) -> None:
        await patiently("finish", lambda: self._finish_once(batch))
        _count(item.ending for item in batch)

    async def _finish_once(self, batch: list[_Finish]) -> None:
        # An attempt that was only claimed may be another's by now, under the same lease: what
        # a crash has left it with is swept.
        dialed = [item for item in batch if not _was_claimed(item.ending)]
        strangers = [item.reference.attempt_id for item in dialed if item.scopes is None]
        known = {item.reference: item.scopes for item in dialed if item.scopes is not None}
        if strangers:
            for attempt_id, campaign, tenant, trunk in await dialing.leases_of(
                self._pool, strangers
            ):
                known[CallReference(tenant, attempt_id)] = scopes_of(
                    campaign=campaign, tenant=tenant, trunk=trunk
                )
        await self._permits.release(known.items())
        await publish(self._broker, [item.ending for item in batch])


def _count(endings: Iterable[Ending]) -> None:
    """Once per batch: a counter's lock for every call is dear at thousands a second."""
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[Reason] = Counter()
    for ending in endings:
        match ending:
            case CallEnded():
                outcomes[ending.data.outcome] += 1
            case CallUnknown():
                outcomes[Outcome.UNKNOWN] += 1
            case AttemptDropped():
                reasons[ending.data.reason] += 1
            case _:
                assert_never(ending)
    for outcome, count in outcomes.items():
        CALLS_ENDED.labels(outcome).inc(count)
    for reason, count in reasons.items():
        ATTEMPTS_DROPPED.labels(reason).inc(count)


def _was_claimed(ending: Ending) -> bool:
    return isinstance(ending, AttemptDropped) and ending.data.from_state is AttemptState.CLAIMED
