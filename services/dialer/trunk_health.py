"""Judges trunks by the answers of their providers: opens and closes breakers, and takes probes.

The state is a row of the trunk in PostgreSQL, which all schedulers and dialers read with their
campaigns; what a dialer has in memory only decides when it opens a breaker.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.dialer.candidates import Candidate
from shared.db import trunk_outages
from shared.db.campaign_runs import RunningCampaign
from shared.db.types import Pool
from shared.domain.capacity.trunk_health import PROBE_MOST, Failures
from shared.runtime.metrics import TRUNK_DOWN_SINCE
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class TrunkHealth:
    """Its answers never fail: a breaker that cannot be written is written by the next answer."""

    pool: Pool
    _failures: dict[int, Failures] = field(default_factory=dict)
    _opened: set[int] = field(default_factory=set)

    async def answered(self, run: RunningCampaign) -> None:
        """The provider took a call, or refused it because of its number; after a probe, the trunk
        is up again for all.

        So it is by the answer to a call that was under way when this dialer opened the breaker:
        the failures were of a moment in which nothing got through.
        """
        self._failures.pop(run.trunk_id, None)
        if run.outage is None and run.trunk_id not in self._opened:
            return
        self._opened.discard(run.trunk_id)
        try:
            ended = await trunk_outages.end(self.pool, run.trunk_id)
        except TRANSIENT as error:
            logger.warning("breaker not closed", extra=_extra(run.trunk_id, error))
            return
        if ended:
            logger.warning("trunk takes calls again", extra={"trunk_id": run.trunk_id})

    async def failed(self, run: RunningCampaign, cause: str, *, at: datetime) -> None:
        """The provider refused a call without a word about its number, or did not answer.

        A failed probe changes nothing: the breaker is open, and its next probe is planned.
        """
        if run.outage is not None:
            return
        failures = Failures.after(self._failures.get(run.trunk_id), at=at)
        self._failures[run.trunk_id] = failures
        if failures.is_outage:
            self._opened.add(run.trunk_id)
            await self._open(run.trunk_id, cause, since=failures.since, at=at)

    async def unusable(self, trunk_id: int, cause: str, *, at: datetime) -> None:
        """The trunk cannot be connected, or is refused itself: it is down until it is mended.

        No other failure has to be waited for.
        """
        await self._open(trunk_id, cause, since=at, at=at)

    async def let_through(
        self, candidates: Sequence[Candidate], *, at: datetime
    ) -> tuple[list[Candidate], list[Candidate]]:
        """The candidates to dial and the others: of a half-open trunk at most one probe is dialed.

        Raises a fault of PostgreSQL.
        """
        half_open = {each.run.trunk_id for each in candidates if each.run.outage is not None}
        if not half_open:
            return list(candidates), []
        left = {trunk_id: await self._probe(trunk_id, at=at) for trunk_id in half_open}
        dialed: list[Candidate] = []
        kept: list[Candidate] = []
        for candidate in candidates:
            trunk_id = candidate.run.trunk_id
            if trunk_id in left:
                left[trunk_id] -= 1
            (kept if left.get(trunk_id, 0) < 0 else dialed).append(candidate)
        return dialed, kept

    async def run_once(self, _now: datetime) -> bool:
        """Show the trunks that are down as a metric, in every dialer."""
        down = await trunk_outages.every(self.pool)
        TRUNK_DOWN_SINCE.clear()
        for outage in down:
            TRUNK_DOWN_SINCE.labels(outage.trunk).set(outage.since.timestamp())
        return False

    async def _probe(self, trunk_id: int, *, at: datetime) -> int:
        taken = await trunk_outages.take_probe(self.pool, trunk_id, now=at)
        return PROBE_MOST if taken else 0

    async def _open(self, trunk_id: int, cause: str, *, since: datetime, at: datetime) -> None:
        # Counted anew: the failures of calls that were begun before would only write again.
        self._failures.pop(trunk_id, None)
        try:
            opened = await trunk_outages.begin(
                self.pool, trunk_id, since=since, cause=cause, now=at
            )
        except TRANSIENT as error:
            logger.warning("breaker not opened", extra=_extra(trunk_id, error))
            return
        if opened:
            logger.error("trunk is down", extra={"trunk_id": trunk_id, "reason": cause})


def _extra(trunk_id: int, error: Exception) -> dict[str, object]:
    return {"trunk_id": trunk_id, "error": type(error).__name__}
