"""Takes due attempts from Kafka and dials, hands back or drops each of them."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from services.dialer.candidates import Candidate, CandidateReader
from services.dialer.compare_and_set import mark_dialing
from services.dialer.originator import Originator
from services.dialer.permits.permits import PERMIT_SECONDS, Permits, Refusal
from services.dialer.providers.protocol import Provider
from services.dialer.providers.trunks import ConnectedTrunk, Trunks, UnusableTrunkError
from services.dialer.recheck import Blocked, recheck_all
from services.dialer.reporter import CallReporter
from services.dialer.trunk_health import TrunkHealth
from shared.db import dialing
from shared.db.types import Pool
from shared.domain.attempts import AttemptState
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.capacity.scopes import INSTALLATION, Caps
from shared.domain.reasons import Reason
from shared.kafka.messages.attempts import AttemptDue
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import ATTEMPTS_DIALING, ATTEMPTS_HANDED_BACK, ATTEMPTS_RECEIVED
from shared.runtime.process import now
from shared.runtime.retries import TRANSIENT

logger = logging.getLogger(__name__)

# A compare-and-set that took longer may be older than a pause; its attempts are not dialed.
COMMIT_SECONDS = 0.5
# The attempts of an unusable trunk are tried again after this.
NO_TRUNK_DELAY = timedelta(seconds=60)
# So few that their compare-and-set is committed well within a permit's life.
AT_ONCE = 250

Providers = Mapping[int, Provider]


@dataclass(frozen=True, slots=True)
class AttemptDialer:
    pool: Pool
    candidates: CandidateReader
    permits: Permits
    trunks: Trunks
    originator: Originator
    reporter: CallReporter
    health: TrunkHealth
    installation: Caps
    reconcile: timedelta

    async def on_attempts_due(self, messages: list[AttemptDue]) -> None:
        """Read, recheck, then dial in slices: each step for the whole batch."""
        ATTEMPTS_RECEIVED.inc(len(messages))
        wanted = await self._recheck(await self.candidates.read(messages))
        # Side by side, because each slice is a chain of round trips.
        slices = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
        results = await asyncio.gather(*map(self._dial, slices), return_exceptions=True)
        # Raised when all have ended: the batch comes again, and a slice must not meet itself.
        for error in results:
            if error is not None:
                raise error

    async def _dial(self, wanted: list[Candidate]) -> None:
        """Permit, recheck, compare and set, originate: in this order, which is the safety."""
        wanted, providers = await self._connect(await self._let_through(wanted))
        asked_at = time.monotonic()
        granted = await self._permit(wanted, providers)
        if not granted:
            return
        if time.monotonic() - asked_at > PERMIT_SECONDS:
            await self._hand_back(granted)
            return
        open_now = [each for each, block in recheck_all(granted, at=now()) if block is None]
        marking_at = time.monotonic()
        marked = await mark_dialing(self.pool, open_now, reconcile=self.reconcile)
        passing(Failpoint.AFTER_DIALING)
        ATTEMPTS_DIALING.inc(len(marked.dialed))
        await self._drop(marked.blocked)
        won = [candidate for candidate in granted if candidate.reference in marked.dialed]
        settled = marked.dialed.keys() | {candidate.reference for candidate, _ in marked.blocked}
        lost = [candidate for candidate in granted if candidate.reference not in settled]
        if time.monotonic() - asked_at > PERMIT_SECONDS / 2:
            asked_at = time.monotonic()
            won = await self._permit_again(won, providers, marking_at=marking_at)
        for candidate in won:
            self.originator.start(
                providers[candidate.run.trunk_id],
                candidate,
                caller_id=marked.dialed[candidate.reference],
                asked_at=asked_at,
            )
        if lost:
            # Paused, suppressed, closed or taken by another a moment ago: rechecked at once.
            await self._hand_back(lost)

    async def _recheck(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Drop the candidates that may not be dialed now, return the others."""
        wanted, blocked = [], []
        for candidate, block in recheck_all(candidates, at=now()):
            if block is None:
                wanted.append(candidate)
            else:
                blocked.append((candidate, block))
        await self._drop(blocked)
        return wanted

    async def _let_through(self, wanted: list[Candidate]) -> list[Candidate]:
        """Drop the candidates of half-open trunks but for one probe, return the others."""
        at = now()
        dialed, kept = await self.health.let_through(wanted, at=at)
        blocked = Blocked(Reason.TRUNK_DOWN, at + WINDOW_MARGIN)
        await self._drop([(candidate, blocked) for candidate in kept])
        return dialed

    async def _connect(self, wanted: list[Candidate]) -> tuple[list[Candidate], Providers]:
        """The candidates with a usable trunk, and the providers by trunk.

        The other candidates are dropped, to free the caps of their trunk. A trunk is unusable also
        for a tenant whose grant has ended.
        """
        connected: dict[int, ConnectedTrunk] = {}
        for trunk_id in {candidate.run.trunk_id for candidate in wanted}:
            try:
                connected[trunk_id] = await self.trunks.connected(trunk_id)
            except UnusableTrunkError as error:
                extra = {"trunk_id": trunk_id, "reason": str(error)}
                logger.error("trunk not usable", extra=extra)
                await self.health.unusable(trunk_id, str(error), at=now())
        usable: list[Candidate] = []
        unusable: list[Candidate] = []
        for candidate in wanted:
            known = connected.get(candidate.run.trunk_id)
            is_usable = known is not None and known.trunk.serves(candidate.run.tenant_id)
            (usable if is_usable else unusable).append(candidate)
        for tenant_id, trunk_id in {(one.run.tenant_id, one.run.trunk_id) for one in unusable}:
            if trunk_id in connected:
                extra = {"trunk_id": trunk_id, "tenant_id": tenant_id, "reason": "not granted"}
                logger.error("trunk not usable", extra=extra)
        blocked = Blocked(Reason.REFUSED, now() + NO_TRUNK_DELAY)
        await self._drop([(candidate, blocked) for candidate in unusable])
        return usable, {trunk_id: known.provider for trunk_id, known in connected.items()}

    async def _permit(self, wanted: list[Candidate], providers: Providers) -> list[Candidate]:
        """The candidates with a permit; the others are handed back with the time to ask again."""
        granted, refused, times = [], [], []
        for candidate, refusal in await self._ask_permits(wanted, providers):
            if refusal is None:
                granted.append(candidate)
                continue
            ATTEMPTS_HANDED_BACK.labels(refusal.scope).inc()
            refused.append(candidate.reference)
            times.append(now() + timedelta(seconds=refusal.seconds))
        if refused:
            await dialing.hand_back(self.pool, refused, times)
        return granted

    async def _permit_again(
        self, won: list[Candidate], providers: Providers, *, marking_at: float
    ) -> list[Candidate]:
        """A slow compare-and-set has used up the permits: attempts without a new one are dropped.

        If it was too slow, all of them are, because they may be older than a pause.
        """
        is_late = time.monotonic() - marking_at > COMMIT_SECONDS
        answers: list[tuple[Candidate, Refusal | None]]
        try:
            answers = await self._ask_permits(won, providers)
        except TRANSIENT:
            answers = [(candidate, Refusal(0, "lost")) for candidate in won]
        await asyncio.gather(
            *(
                self.reporter.dropped(
                    candidate.reference, Reason.PERMIT_EXPIRED, AttemptState.DIALING, retry_at=now()
                )
                for candidate, refusal in answers
                if refusal or is_late
            )
        )
        return [candidate for candidate, refusal in answers if not (refusal or is_late)]

    async def _ask_permits(
        self, candidates: list[Candidate], providers: Providers
    ) -> list[tuple[Candidate, Refusal | None]]:
        caps = {INSTALLATION: self.installation}
        runs = {
            (candidate.run.id, candidate.run.trunk_id): candidate.run for candidate in candidates
        }
        for run in runs.values():
            caps |= run.caps
            trunk, provider = run.trunk, providers[run.trunk_id]
            # The provider judges the trunk's rate by its own span; all other caps keep ours.
            caps[trunk] = replace(caps[trunk], rate_span=provider.capabilities.rate_span)
        wanted = [(candidate.reference, candidate.scopes) for candidate in candidates]
        answers = await self.permits.acquire(wanted, caps)
        return list(zip(candidates, answers, strict=True))

    async def _drop(self, blocked: Sequence[tuple[Candidate, Blocked]]) -> None:
        await asyncio.gather(
            *(
                self.reporter.dropped(
                    candidate.reference,
                    block.reason,
                    AttemptState.CLAIMED,
                    retry_at=block.retry_at,
                    stopped_by=block.rule,
                )
                for candidate, block in blocked
            )
        )

    async def _hand_back(self, candidates: Sequence[Candidate]) -> None:
        """Publish attempts that were not dialed again at once, if they are still claimed.

        Each keeps its lease: a dialer that dials it meanwhile holds the same one, and the sweep
        releases the lease of an attempt that is dropped instead.
        """
        references = [candidate.reference for candidate in candidates]
        await dialing.hand_back(self.pool, references, [now()] * len(references))
