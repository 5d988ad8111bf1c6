"""Reports the facts of calls: one method per fact, with its message, row, lease and metric."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from faststream.kafka import KafkaBroker

from services.dialer.permits.permits import Permits
from services.dialer.providers.protocol import CallReport
from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, CallReference, UnknownReason
from shared.domain.calls import NO_FACTS, CallFacts, CallState, storable, storable_text
from shared.domain.capacity.scopes import Hierarchy
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from shared.kafka.broker import publish
from shared.kafka.messages.calls import (
    AttemptDropped,
    AttemptDroppedData,
    CallEnded,
    CallEndedData,
    CallProgressed,
    CallProgressedData,
    CallUnknown,
    CallUnknownData,
)
from shared.kafka.messages.facts import FactsData
from shared.runtime.batching import Batcher
from shared.runtime.metrics import ATTEMPTS_DROPPED, CALLS_ENDED, CALLS_PLACED
from shared.runtime.process import now
from shared.runtime.retries import patiently

SCOPES_KEPT = 50_000

End = CallEnded | CallUnknown | AttemptDropped


class _Placed(NamedTuple):
    reference: CallReference
    call_id: str
    at: datetime


class _End(NamedTuple):
    """The end of an attempt and its scopes; None when this process did not start the call."""

    reference: CallReference
    message: End
    scopes: Hierarchy | None


class CallReporter:
    """Each method returns when the fact is kept, and may be called again for the same fact."""

    def __init__(self, pool: Pool, broker: KafkaBroker, permits: Permits) -> None:
        self._pool = pool
        self._broker = broker
        self._permits = permits
        self._placed = Batcher(self._write_placed)
        self._ends = Batcher(self._end_all)
        self._progress = Batcher(self._publish_progress)
        self._scopes: dict[CallReference, Hierarchy] = {}

    def remember(self, reference: CallReference, scopes: Hierarchy) -> None:
        """Keep the scopes of a call's leases, so that its end need not read them."""
        if len(self._scopes) >= SCOPES_KEPT:
            # The oldest has most likely ended in another process; else its scopes are read.
            del self._scopes[next(iter(self._scopes))]
        self._scopes[reference] = scopes

    async def on_report(self, report: CallReport) -> None:
        """Take a provider's report, whether it was posted or asked for.

        One that moves no state is published only if it carries facts.
        """
        facts = storable(report.facts) if report.facts else NO_FACTS
        # A carrier's clock that is ahead must not push the next attempt away.
        at = min(report.at, now())
        outcome = None if report.outcome is Outcome.UNKNOWN else report.outcome
        if report.state is CallState.ENDED and outcome is not None:
            await self.ended(
                report.reference,
                outcome,
                at=at,
                provider_call_id=report.provider_call_id,
                callback_at=report.callback_at,
                facts=facts,
            )
            return
        told = FactsData.of(facts)
        if told is not None:
            await self._progress.add(_progressed(report, told, at=at))
        if report.state is CallState.ENDED:
            await self.unknown(report.reference, UnknownReason.NO_ENDING)

    async def placed(self, reference: CallReference, call_id: str) -> None:
        """The provider has taken the call, whatever it calls it."""
        await self._placed.add(_Placed(reference, storable_text(call_id) or "", now()))

    async def ended(
        self,
        reference: CallReference,
        outcome: Outcome,
        *,
        at: datetime,
        provider_call_id: str | None = None,
        callback_at: datetime | None = None,
        facts: CallFacts = NO_FACTS,
    ) -> None:
        """The call is over, by a report or by the answer to the originate."""
        data = CallEndedData(
            tenant_id=reference.tenant_id,
            attempt_id=reference.attempt_id,
            outcome=outcome,
            ended_at=at,
            provider_call_id=storable_text(provider_call_id),
            ring_seconds=facts.ring_seconds,
            talk_seconds=facts.talk_seconds,
            callback_at=callback_at,
            facts=FactsData.of(_without_seconds(facts)) if facts else None,
        )
        await self._end(reference, CallEnded.of(data, at=now()))

    async def dropped(
        self,
        reference: CallReference,
        reason: Reason,
        from_state: Literal[AttemptState.CLAIMED, AttemptState.DIALING],
        *,
        retry_at: datetime,
        stopped_by: str | None = None,
    ) -> None:
        """The attempt surely was not placed; `stopped_by` names the rule that forbade it."""
        data = AttemptDroppedData(
            tenant_id=reference.tenant_id,
            attempt_id=reference.attempt_id,
            from_state=from_state,
            reason=reason,
            dropped_at=now(),
            retry_at=retry_at,
            stopped_by=stopped_by,
        )
        await self._end(reference, AttemptDropped.of(data, at=now()))

    async def unknown(self, reference: CallReference, reason: UnknownReason) -> None:
        """It cannot be known whether the attempt was placed; it is never placed again."""
        data = CallUnknownData(
            tenant_id=reference.tenant_id,
            attempt_id=reference.attempt_id,
            reason=reason,
            ended_at=now(),
        )
        await self._end(reference, CallUnknown.of(data, at=now()))

    async def _end(self, reference: CallReference, message: End) -> None:
        await self._ends.add(_End(reference, message, self._scopes.get(reference)))
        self._scopes.pop(reference, None)

    async def _publish_progress(self, batch: list[CallProgressed]) -> None:
        await patiently("progress", lambda: publish(self._broker, batch))

    async def _write_placed(self, batch: list[_Placed]) -> None:
        references, call_ids, times = zip(*batch, strict=True)
        CALLS_PLACED.inc(len(batch))
        await patiently("placed", lambda: dialing.placed(self._pool, references, call_ids, times))

    async def _end_all(self, batch: list[_End]) -> None:
        await patiently("end", lambda: self._end_once(batch))
        _count(end.message for end in batch)

    async def _end_once(self, batch: list[_End]) -> None:
        """Release the leases, then publish the ends; both again when either fails.

        In this order, because a crash between them leaves the attempt dialed, and the reconciler
        finds it. In the other order the lease would leak.
        """
        # The lease of an attempt that was only claimed may by now belong to a second message of
        # the same attempt, which dials it. If it does not, the lease sweep releases it.
        dialed = [end for end in batch if not _was_claimed(end.message)]
        known = {end.reference: end.scopes for end in dialed if end.scopes is not None}
        others = [end.reference for end in dialed if end.scopes is None]
        if others:
            known |= await dialing.leases_of(self._pool, others)
        await self._permits.release(known.items())
        await publish(self._broker, [end.message for end in batch])


def _progressed(report: CallReport, facts: FactsData, *, at: datetime) -> CallProgressed:
    data = CallProgressedData(
        tenant_id=report.reference.tenant_id,
        attempt_id=report.reference.attempt_id,
        state=report.state,
        reported_at=at,
        facts=facts,
    )
    return CallProgressed.of(data, at=now())


def _without_seconds(facts: CallFacts) -> CallFacts:
    """The facts that an ended call carries beside its seconds."""
    return replace(facts, ring_seconds=None, talk_seconds=None)


def _was_claimed(message: End) -> bool:
    return isinstance(message, AttemptDropped) and message.data.from_state is AttemptState.CLAIMED


def _count(messages: Iterable[End]) -> None:
    """Count once per batch: at thousands of calls a second a counter's lock for each is slow."""
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[Reason] = Counter()
    for message in messages:
        match message:
            case CallEnded():
                outcomes[message.data.outcome] += 1
            case CallUnknown():
                outcomes[Outcome.UNKNOWN] += 1
            case AttemptDropped():
                reasons[message.data.reason] += 1
            case _:
                assert_never(message)
    for outcome, count in outcomes.items():
        CALLS_ENDED.labels(outcome).inc(count)
    for reason, count in reasons.items():
        ATTEMPTS_DROPPED.labels(reason).inc(count)
