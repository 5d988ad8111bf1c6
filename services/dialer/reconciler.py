"""Asks providers what became of calls that nobody reported on, and gives up what none knows."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.dialer.desk import CallDesk
from services.dialer.providers.protocol import (
    ORIGINATE_SECONDS,
    CallState,
    ProviderUnavailableError,
)
from services.dialer.providers.trunks import Trunks, UnusableTrunkError
from shared.db import dialing
from shared.db.dialing import UnreportedAttempt
from shared.db.types import Pool
from shared.domain.attempts import AttemptState, CallReference, UnknownReason
from shared.runtime.metrics import CALLS_RECONCILED

logger = logging.getLogger(__name__)

RECONCILE_MOST = 200
# An originate younger than this may still be on its way.
UNDER_WAY = timedelta(seconds=ORIGINATE_SECONDS + 1)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What is not found is not dialed again: a request may still be on its way to the carrier."""

    pool: Pool
    trunks: Trunks
    desk: CallDesk
    interval: timedelta
    longest: timedelta

    async def run_once(self, now: datetime) -> bool:
        unreported = await dialing.claim_unreported(
            self.pool, now=now, revisit_at=now + self.interval, limit=RECONCILE_MOST
        )
        answers = await asyncio.gather(
            *(self._settle(attempt, now=now) for attempt in unreported), return_exceptions=True
        )
        for attempt, answer in zip(unreported, answers, strict=True):
            found = answer
            if isinstance(answer, BaseException):
                # Asked again later, until it is too old; its neighbours are settled all the same.
                logger.error(
                    "call not reconciled",
                    extra={"attempt_id": str(attempt.id), "error": type(answer).__name__},
                )
                found = "failed"
                if now - attempt.dialing_at > self.longest:
                    await self.desk.give_up(_reference(attempt), UnknownReason.NO_REPLY)
            CALLS_RECONCILED.labels(found).inc()
        return len(unreported) == RECONCILE_MOST

    async def _settle(self, attempt: UnreportedAttempt, *, now: datetime) -> str:
        """What was found: ended, live, early, no_record, no_answer."""
        too_old = now - attempt.dialing_at > self.longest
        try:
            provider = await self.trunks.provider(attempt.trunk_id)
            report = await provider.lookup(_reference(attempt))
        except (ProviderUnavailableError, UnusableTrunkError):
            if too_old:
                await self.desk.give_up(_reference(attempt), UnknownReason.NO_REPLY)
            return "no_answer"
        if report is None and now - attempt.dialing_at < UNDER_WAY:
            return "early"
        if report is None:
            await self.desk.give_up(_reference(attempt), UnknownReason.NO_RECORD)
            return "no_record"
        if report.state is CallState.ENDED:
            await self.desk.on_report(report)
            return "ended"
        if too_old:
            with contextlib.suppress(ProviderUnavailableError):
                await provider.hang_up(_reference(attempt))
            await self.desk.give_up(_reference(attempt), UnknownReason.NO_ENDING)
        elif attempt.state is AttemptState.DIALING:
            await self.desk.note_placed(_reference(attempt), report.provider_call_id)
        return "live"


def _reference(attempt: UnreportedAttempt) -> CallReference:
    return CallReference(attempt.tenant_id, attempt.id)
