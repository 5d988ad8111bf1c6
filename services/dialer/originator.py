"""Starts calls: asks the provider in a task of its own and reports its answer."""

import asyncio
import logging
import time
from datetime import timedelta

from services.dialer.candidates import Candidate
from services.dialer.permits.permits import PERMIT_SECONDS
from services.dialer.permits.slow_originates import SlowOriginates
from services.dialer.provider_events import EventsAddress
from services.dialer.providers.protocol import (
    CallRefusedError,
    CallUnknownError,
    Originate,
    Provider,
)
from services.dialer.reporter import CallReporter
from shared.domain.attempts import AttemptState, CallReference
from shared.domain.reasons import Reason
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import CALLS_WITHOUT_REPLY, ORIGINATE_SECONDS
from shared.runtime.process import now
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

# A provider that refuses is asked again for the same contact after this.
REFUSED_DELAY = timedelta(seconds=5)
DRAIN_SECONDS = 12


class Originator:
    def __init__(self, reporter: CallReporter, slow: SlowOriginates, events: EventsAddress) -> None:
        self._reporter = reporter
        self._slow = slow
        self._events = events
        self._originates: set[asyncio.Task[None]] = set()

    def start(self, provider: Provider, candidate: Candidate, *, asked_at: float) -> None:
        """Start the call of an attempt that is `dialing`, without waiting for the provider.

        `asked_at` is the monotonic time at which its permit was asked for.
        """
        self._reporter.remember(candidate.reference, candidate.scopes)
        task = asyncio.create_task(self._originate(provider, candidate, asked_at=asked_at))
        self._originates.add(task)
        task.add_done_callback(self._originates.discard)

    async def drain(self) -> None:
        """Wait for the answers to originates under way; the reconciler settles the others."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._originates and time.monotonic() < deadline:
            await asyncio.wait(self._originates, timeout=DRAIN_SECONDS)

    async def _originate(
        self, provider: Provider, candidate: Candidate, *, asked_at: float
    ) -> None:
        reference = candidate.reference
        extra = {"attempt_id": str(reference.attempt_id)}
        try:
            if time.monotonic() - asked_at > PERMIT_SECONDS:
                await self._reporter.dropped(
                    reference, Reason.PERMIT_EXPIRED, AttemptState.DIALING, retry_at=now()
                )
                return
            call_id = await self._ask(provider, candidate, asked_at=asked_at)
            passing(Failpoint.AFTER_ORIGINATE)
            await self._reporter.placed(reference, call_id)
        except CallRefusedError as refusal:
            await self._on_refusal(reference, refusal)
        except CallUnknownError as error:
            # The row stays `dialing`, so the reconciler asks the provider by reference.
            CALLS_WITHOUT_REPLY.inc()
            logger.warning("no reply to an originate", extra=extra | {"reason": str(error)})
        except TRANSIENT as error:
            # The fact could not be written; the reconciler finds it.
            extra |= {"error": type(error).__name__}
            logger.warning("answer to an originate not kept", extra=extra)

    async def _ask(self, provider: Provider, candidate: Candidate, *, asked_at: float) -> str:
        request, began = self._request(candidate), time.perf_counter()
        self._slow.begin(candidate.reference, candidate.scopes, asked_at=asked_at)
        try:
            return await provider.originate(request)
        except (CallRefusedError, CallUnknownError):
            raise
        except Exception as error:  # foreign code: whatever it raises, the call may be up
            raise CallUnknownError(type(error).__name__) from error
        finally:
            self._slow.end(candidate.reference)
            ORIGINATE_SECONDS.observe(time.perf_counter() - began)

    def _request(self, candidate: Candidate) -> Originate:
        definition = candidate.run.policy.definition
        return Originate(
            reference=candidate.reference,
            to=candidate.due.number,
            caller_id=definition.caller_id,
            call_flow=definition.call_flow,
            events_url=self._events.of_trunk(candidate.run.trunk_id),
            ring_seconds=candidate.rules.ring_seconds,
        )

    async def _on_refusal(self, reference: CallReference, refusal: CallRefusedError) -> None:
        if refusal.outcome is not None:
            await self._reporter.ended(reference, refusal.outcome, at=now())
            return
        retry_at = now() + REFUSED_DELAY
        await self._reporter.dropped(
            reference, Reason.REFUSED, AttemptState.DIALING, retry_at=retry_at
        )
