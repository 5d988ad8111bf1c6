"""Starts calls: asks the provider in a task of its own and reports its answer."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from services.dialer.candidates import Candidate
from services.dialer.permits.permits import PERMIT_SECONDS
from services.dialer.permits.slow_originates import SlowOriginates
from services.dialer.provider_events import EventsAddress
from services.dialer.providers.protocol import (
    CallRefusedError,
    CallUnknownError,
    Fault,
    Originate,
    Provider,
)
from services.dialer.reporter import CallReporter
from services.dialer.trunk_health import TrunkHealth
from shared.domain.attempts import AttemptState
from shared.domain.call_flows import texts
from shared.domain.policy.attempt_policy import is_last_attempt
from shared.domain.reasons import Reason
from shared.runtime import traces
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import CALLS_WITHOUT_REPLY, ORIGINATE_SECONDS
from shared.runtime.process import now
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

# A provider that refuses is asked again for the same contact after this.
REFUSED_DELAY = timedelta(seconds=5)
# Longest wait that a provider may ask for: a wrong answer of it must not stop a campaign for long.
REFUSED_DELAY_MOST = timedelta(minutes=5)
DRAIN_SECONDS = 12


class Originator:
    def __init__(
        self,
        reporter: CallReporter,
        slow: SlowOriginates,
        events: EventsAddress,
        health: TrunkHealth,
    ) -> None:
        self._reporter = reporter
        self._health = health
        self._slow = slow
        self._events = events
        self._originates: set[asyncio.Task[None]] = set()

    def start(
        self, provider: Provider, candidate: Candidate, *, caller_id: str | None, asked_at: float
    ) -> None:
        """Start the call of an attempt that is `dialing`, without waiting for the provider.

        `asked_at` is the monotonic time at which its permit was asked for.
        """
        self._reporter.remember(candidate.reference, candidate.scopes)
        task = asyncio.create_task(
            self._originate(provider, candidate, caller_id=caller_id, asked_at=asked_at)
        )
        self._originates.add(task)
        task.add_done_callback(self._originates.discard)

    async def drain(self) -> None:
        """Wait for the answers to originates under way; the reconciler settles the others."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._originates and time.monotonic() < deadline:
            await asyncio.wait(self._originates, timeout=DRAIN_SECONDS)

    async def _originate(
        self, provider: Provider, candidate: Candidate, *, caller_id: str | None, asked_at: float
    ) -> None:
        reference = candidate.reference
        extra = {"attempt_id": str(reference.attempt_id)}
        try:
            if time.monotonic() - asked_at > PERMIT_SECONDS:
                await self._reporter.dropped(
                    reference, Reason.PERMIT_EXPIRED, AttemptState.DIALING, retry_at=now()
                )
                return
            request = self._request(candidate, caller_id)
            if candidate.due.traceparent is None:
                call_id = await self._ask(provider, candidate, request, asked_at=asked_at)
            else:
                call_id = await self._traced(provider, candidate, request, asked_at=asked_at)
            passing(Failpoint.AFTER_ORIGINATE)
            await self._reporter.placed(reference, call_id)
            await self._health.answered(candidate.run)
        except CallRefusedError as refusal:
            await self._on_refusal(candidate, refusal)
        except CallUnknownError as error:
            # The row stays `dialing`, so the reconciler asks the provider by reference.
            CALLS_WITHOUT_REPLY.inc()
            logger.warning("no reply to an originate", extra=extra | {"reason": str(error)})
            await self._health.failed(candidate.run, str(error), at=now())
        except TRANSIENT as error:
            # The fact could not be written; the reconciler finds it.
            extra |= {"error": type(error).__name__}
            logger.warning("answer to an originate not kept", extra=extra)

    async def _ask(
        self, provider: Provider, candidate: Candidate, request: Originate, *, asked_at: float
    ) -> str:
        began = time.perf_counter()
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

    async def _traced(
        self, provider: Provider, candidate: Candidate, request: Originate, *, asked_at: float
    ) -> str:
        attributes = {"outdial.attempt_id": str(candidate.reference.attempt_id)}
        with traces.step(
            "originate", candidate.due.traceparent, kind="client", attributes=attributes
        ) as step:
            logger.info("call originated", extra={"attempt_id": attributes["outdial.attempt_id"]})
            request = replace(request, traceparent=step.traceparent)
            return await self._ask(provider, candidate, request, asked_at=asked_at)

    def _request(self, candidate: Candidate, caller_id: str | None) -> Originate:
        policy, number = candidate.run.policy, candidate.due.attempt_number
        definition = policy.definition
        is_last = is_last_attempt(policy.attempts, number)
        machine = None if definition.machine is None else definition.machine.policy()
        flow, variables = policy.flow, candidate.known
        if flow is not None:
            variables = texts.values_for(flow, variables)
            flow = texts.rendered(flow, variables)
        elif definition.call_flow is None and policy.agent is None:
            variables = {}  # they are for a text message alone
        return Originate(
            reference=candidate.reference,
            to=candidate.due.number,
            caller_id=caller_id,
            call_flow=definition.call_flow if isinstance(definition.call_flow, str) else None,
            events_url=self._events.of_trunk(candidate.run.trunk_id),
            ring_seconds=candidate.rules.ring_seconds,
            talk_seconds_most=_least(definition.talk_seconds_most, candidate.talk_seconds_most),
            variables=variables,
            attempt_number=number,
            is_last_attempt=is_last,
            flow=flow,
            agent=policy.agent,
            on_machine=None if machine is None else machine.action_on(number, is_last=is_last),
        )

    async def _on_refusal(self, candidate: Candidate, refusal: CallRefusedError) -> None:
        reference = candidate.reference
        if refusal.outcome is not None:
            await self._reporter.ended(reference, refusal.outcome, at=now())
            await self._health.answered(candidate.run)
            return
        delay = min(max(refusal.retry_after or REFUSED_DELAY, REFUSED_DELAY), REFUSED_DELAY_MOST)
        retry_at = now() + delay
        await self._reporter.dropped(
            reference, Reason.REFUSED, AttemptState.DIALING, retry_at=retry_at
        )
        match refusal.fault:
            case Fault.CARRIER:
                await self._health.failed(candidate.run, str(refusal), at=now())
            case Fault.TRUNK:
                await self._health.unusable(candidate.run.trunk_id, str(refusal), at=now())
            case Fault.REQUEST:
                extra = {"campaign_id": candidate.run.id, "reason": str(refusal)}
                logger.warning("call not accepted", extra=extra)
            case _:
                assert_never(refusal.fault)


def _least(one: int | None, other: int | None) -> int | None:
    """The limit that holds where each of two may be none."""
    return min((limit for limit in (one, other) if limit is not None), default=None)
