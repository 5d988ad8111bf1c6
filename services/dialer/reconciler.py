"""Asks providers for the state of calls without a report, and ends those that none knows."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.dialer.providers.protocol import (
    ORIGINATE_SECONDS,
    CallReport,
    Provider,
    ProviderUnavailableError,
)
from services.dialer.providers.trunks import Trunks, UnusableTrunkError
from services.dialer.reporter import CallReporter
from shared.db import dialing, tenants
from shared.db.dialing import UnreportedAttempt
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, UnknownReason
from shared.domain.calls import CallState
from shared.runtime.metrics import CALLS_RECONCILED
from shared.runtime.process import now

logger = logging.getLogger(__name__)

RECONCILE_MOST = 200
TENANTS_AT_ONCE = 16
# Longest wait for the answer to a question about a call.
QUESTION_SECONDS = ORIGINATE_SECONDS
# An originate younger than this may still be on its way.
UNDER_WAY = timedelta(seconds=ORIGINATE_SECONDS + 1)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """A call without a record is never dialed again: a request may still be on its way."""

    pool: Pool
    trunks: Trunks
    reporter: CallReporter
    interval: timedelta
    longest: timedelta

    async def run_once(self, at: datetime) -> bool:
        """Return whether there may be more calls to settle at once.

        Tenants are reconciled side by side: the slow carrier of one does not delay the others.
        """
        overdue = await tenants.with_overdue_attempts(self.pool, claimed=False, now=at)
        limit = asyncio.Semaphore(TENANTS_AT_ONCE)

        async def reconcile(tenant_id: int) -> bool:
            async with limit:
                # Tenants that wait for their turn must not be judged by an old time.
                return await self._reconcile(tenant_id, now=now())

        results = await asyncio.gather(*map(reconcile, overdue), return_exceptions=True)
        # Raised when all have ended: the next pass must not meet this one.
        for error in results:
            if isinstance(error, BaseException):
                raise error
        return any(results)

    async def _reconcile(self, tenant_id: int, *, now: datetime) -> bool:
        unreported = await dialing.claim_unreported(
            self.pool,
            tenant_id,
            now=now,
            revisit_at=now + self.interval,
            limit=RECONCILE_MOST,
        )
        answers = await asyncio.gather(
            *(self._settle(attempt, now=now) for attempt in unreported), return_exceptions=True
        )
        for attempt, answer in zip(unreported, answers, strict=True):
            finding = answer
            if isinstance(answer, BaseException):
                # It is asked again later, until it is too old. The others are settled all the same.
                logger.error(
                    "call not reconciled",
                    extra={
                        "attempt_id": str(attempt.reference.attempt_id),
                        "error": type(answer).__name__,
                    },
                )
                finding = "failed"
                if now - attempt.dialing_at > self.longest:
                    await self.reporter.unknown(attempt.reference, UnknownReason.NO_REPLY)
            CALLS_RECONCILED.labels(finding).inc()
        return len(unreported) == RECONCILE_MOST

    async def _settle(self, attempt: UnreportedAttempt, *, now: datetime) -> str:
        """Settle one call; returns the finding: ended, live, early, no_record, no_answer."""
        too_old = now - attempt.dialing_at > self.longest
        try:
            provider = await self.trunks.provider(attempt.trunk_id)
            report = await _look_up(provider, attempt)
        except (ProviderUnavailableError, UnusableTrunkError):
            if too_old:
                await self.reporter.unknown(attempt.reference, UnknownReason.NO_REPLY)
            return "no_answer"
        if report is None and now - attempt.dialing_at < UNDER_WAY:
            return "early"
        if report is None:
            await self.reporter.unknown(attempt.reference, UnknownReason.NO_RECORD)
            return "no_record"
        if report.state is CallState.ENDED:
            await self.reporter.on_report(report)
            return "ended"
        if too_old:
            with contextlib.suppress(ProviderUnavailableError, TimeoutError):
                async with asyncio.timeout(QUESTION_SECONDS):
                    await provider.hang_up(attempt.reference, call_id=attempt.call_id)
            await self.reporter.unknown(attempt.reference, UnknownReason.NO_ENDING)
        elif attempt.state is AttemptState.DIALING:
            await self.reporter.placed(attempt.reference, report.provider_call_id)
        return "live"


async def _look_up(provider: Provider, attempt: UnreportedAttempt) -> CallReport | None:
    try:
        async with asyncio.timeout(QUESTION_SECONDS):
            report = await _ask(provider, attempt)
    except TimeoutError:
        raise ProviderUnavailableError("no answer in time") from None
    if report is not None and report.reference != attempt.reference:
        # The carrier's answer must not end a call that was not asked about.
        raise ProviderUnavailableError("answer about another call")
    return report


async def _ask(provider: Provider, attempt: UnreportedAttempt) -> CallReport | None:
    reference, call_id, number = attempt.reference, attempt.call_id, attempt.number
    if call_id is None and number is not None:
        return await provider.find(reference, number=number, dialed_at=attempt.dialing_at)
    return await provider.lookup(reference, call_id=call_id)
