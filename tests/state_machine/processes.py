"""The scheduler, two dialers and events, as in production except for Kafka and the clock."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from redis.asyncio import Redis
from typing_extensions import override

from services.dialer.candidates import CandidateReader
from services.dialer.handlers import AttemptDialer
from services.dialer.originator import Originator
from services.dialer.permits.permits import Permits, PermitsLostError, Refusal
from services.dialer.permits.slow_originates import SlowOriginates
from services.dialer.reconciler import Reconciler
from services.dialer.reporter import CallReporter
from services.dialer.trunk_health import TrunkHealth
from services.events.fold import CallFolder
from services.events.pruner import Pruner, Retention
from services.scheduler.campaign_claim import Claims
from services.scheduler.claimer import Claimer
from services.scheduler.end_teller import EndTeller
from services.scheduler.lifecycle import Lifecycle
from services.scheduler.replanner import Replanner
from services.scheduler.rescuer import Rescuer
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.capacity.scopes import NO_CAPS, Caps, Hierarchy, Scope
from shared.kafka.messages.attempts import AttemptDue
from shared.rulepacks.rulebook import RuleBook
from tests.state_machine.carrier import Carrier
from tests.state_machine.mail import Mail
from tests.support.dialing import EVENTS, OneTrunk

LEASE = timedelta(seconds=30)
INTERVAL = timedelta(seconds=10)
LONGEST_CALL = timedelta(hours=4)
# A dialer that finds the leases lost asks again, as its consumer does.
ASKED_MOST = 10

Act = Callable[[], Awaitable[None]]


async def at_once(_seconds: float) -> None:
    """Replaces the pause before leases are rebuilt: the machine has no originate under way then."""


class HeldUpPermits(Permits):
    """Runs `meanwhile` after the dialer's look and the permit, before its compare-and-set."""

    meanwhile: Act | None = None

    @override
    async def acquire(
        self, wanted: Sequence[tuple[CallReference, Hierarchy]], caps: dict[Scope, Caps]
    ) -> list[Refusal | None]:
        answers = await Permits.acquire(self, wanted, caps)
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await act()
        return answers


class Dialer:
    """One process of the dialer; a new object has an empty memory, like a restarted process."""

    def __init__(self, pool: Pool, redis: Redis, mail: Mail, carrier: Carrier, book: RuleBook):
        self.permits = HeldUpPermits(redis, pool, 60, _pause=at_once)
        self.reporter = CallReporter(pool, mail.broker, self.permits)
        trunks = OneTrunk(pool, self.reporter.on_report)
        health = TrunkHealth(pool)
        slow = SlowOriginates(self.permits)
        self.originator = Originator(self.reporter, slow, EVENTS, health)
        trunks.provider_ = carrier
        self._handler = AttemptDialer(
            pool,
            CandidateReader(pool, book),
            self.permits,
            trunks,
            self.originator,
            self.reporter,
            health,
            NO_CAPS,
            INTERVAL,
        )
        self.reconciler = Reconciler(pool, trunks, self.reporter, INTERVAL, LONGEST_CALL)

    async def dial(self, due: list[AttemptDue]) -> None:
        for _ in range(ASKED_MOST):
            try:
                await self._handler.on_attempts_due(due)
                break
            except PermitsLostError:
                await asyncio.sleep(0)
        else:
            raise AssertionError("the leases stay lost")
        await self.originator.drain()


# Long enough that nothing is deleted: the recounts read every row.
EVER = timedelta(days=40 * 365)
KEEP = Retention(
    operations=EVER,
    events=EVER,
    deliveries=EVER,
    attempts=EVER,
    calls=EVER,
    person_calls=EVER,
    inbox=EVER,
    audit_log=EVER,
)


class Processes:
    def __init__(self, pool: Pool, redis: Redis, mail: Mail, carrier: Carrier, book: RuleBook):
        self._parts = pool, redis, mail, carrier, book
        claims = Claims(pool, book, LEASE)
        self.rescuer = Rescuer(pool, mail.broker, LEASE)
        self.claimers = [Claimer(pool, mail.broker, claims, self.rescuer) for _ in range(2)]
        self.lifecycle = Lifecycle(pool, book)
        self.teller = EndTeller(pool)
        self.replanner = Replanner(pool)
        self.folder = CallFolder(pool)
        self.pruner = Pruner(pool, KEEP)
        self.restart_dialers()

    def restart_dialers(self) -> None:
        """Replace both dialers, as after a crash of both."""
        self.dialers = [Dialer(*self._parts) for _ in range(2)]
