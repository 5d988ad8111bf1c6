"""Sends due text messages: judge, compare and set, hand over to the provider, keep its answer.

The order is the safety, as with calls: a message is `sending` in a committed row before a provider
is asked, and only a sure refusal leads back from there. Hours, suppressions and black-outs are
asked at that moment.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.dialer.candidates import check_clock
from services.dialer.handlers import COMMIT_SECONDS, NO_TRUNK_DELAY
from services.dialer.originator import REFUSED_DELAY, REFUSED_DELAY_MOST
from services.dialer.provider_events import EventsAddress
from services.dialer.providers.protocol import ORIGINATE_SECONDS
from services.dialer.providers.sms import (
    SmsProvider,
    SmsRefusedError,
    SmsRequest,
    SmsUnknownError,
)
from services.dialer.providers.trunks import Trunks, UnusableTrunkError
from services.dialer.sms.decision import judge
from shared.db import blackouts, sms_sending, tenants
from shared.db.policies import Policies
from shared.db.sms_sending import DueSms, SmsMove
from shared.db.types import Pool, Session
from shared.domain.calls import storable_text
from shared.domain.sms import SmsState
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.batching import Batcher
from shared.runtime.metrics import SMS_MOVED
from shared.runtime.process import now
from shared.runtime.retries import TRANSIENT, patiently

logger = logging.getLogger(__name__)

# Each holds a connection; most of a dialer's are left to its calls.
TENANTS_AT_ONCE = 3
# So often a pass takes other messages of a tenant, where those it took must wait.
TAKES_MOST = 8
# Another dialer takes the messages of one that died before it marked them.
LEASE = timedelta(seconds=10)
# Well above the wait for an answer. A message whose dialer has died is unknown after this.
GIVE_UP = timedelta(seconds=60)
# So long after its mark a message may be handed over; a dialer that was frozen for longer does not.
MARK_SECONDS = 1.5
SECONDS_TO_FINISH = ORIGINATE_SECONDS + 1
NO_REPLY = "no_reply"
LATE = "late"
OPTED_OUT = "opt_out"


class SmsSender:
    """Has up to `per_tenant` requests under way for a tenant: a slow carrier delays no other."""

    def __init__(
        self,
        pool: Pool,
        rulebook: RuleBook,
        trunks: Trunks,
        events: EventsAddress,
        *,
        per_tenant: int = 32,
    ) -> None:
        self._pool = pool
        self._rulebook = rulebook
        self._trunks = trunks
        self._events = events
        self._per_tenant = per_tenant
        self._policies = Policies()
        self._answers = Batcher(self._keep)
        self._tenant_of: dict[asyncio.Task[None], int] = {}
        self._marking: asyncio.Task[None] | None = None

    async def run_once(self, at: datetime) -> bool:
        """Start what is due and wait until a request ends; returns whether any was under way."""
        self._forget_finished()
        due = await tenants.with_due_sms(self._pool, now=at)
        if due:
            # A stop must not come between the marks and the requests: `aclose` waits for this.
            self._marking = asyncio.create_task(self._send_all(due))
            await asyncio.shield(self._marking)
        if not self._tenant_of:
            return False
        await asyncio.wait(self._tenant_of, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
        return True

    async def aclose(self) -> None:
        """Wait for the answers; a message without one is given up by another dialer."""
        if self._marking is not None:
            await asyncio.wait([self._marking], timeout=SECONDS_TO_FINISH)
        if self._tenant_of:
            await asyncio.wait(self._tenant_of, timeout=SECONDS_TO_FINISH)

    def _forget_finished(self) -> None:
        for task in [task for task in self._tenant_of if task.done()]:
            del self._tenant_of[task]
            task.result()

    async def _send_all(self, due: Iterable[int]) -> None:
        limit = asyncio.Semaphore(TENANTS_AT_ONCE)

        async def send(tenant_id: int) -> None:
            async with limit:
                await self._send_due(tenant_id)

        results = await asyncio.gather(*map(send, due), return_exceptions=True)
        # Raised when all have ended: a fault of one tenant's messages must not stop the others.
        for error in results:
            if error is not None:
                raise error

    async def _send_due(self, tenant_id: int) -> None:
        room = self._per_tenant - list(self._tenant_of.values()).count(tenant_id)
        if room <= 0:
            return
        async with self._pool.acquire() as conn:
            wanted, lease = await self._wanted(conn, tenant_id, room)
            if not wanted:
                return
            marking_at = time.monotonic()
            at = now()
            won = await sms_sending.mark_sending(
                conn, list(wanted), now=at, leased_until=lease, given_up_at=at + GIVE_UP
            )
        marked = [sms for sms in wanted if sms.reference in won]
        if time.monotonic() - marking_at > COMMIT_SECONDS:
            # The marks may be older than a pause.
            await self._keep([_answer(sms, _again(sms, LATE, delay=timedelta())) for sms in marked])
            return
        for sms in marked:
            task = asyncio.create_task(self._send(sms, wanted[sms], marked_at=marking_at))
            self._tenant_of[task] = tenant_id

    async def _wanted(
        self, conn: Session, tenant_id: int, room: int
    ) -> tuple[dict[DueSms, datetime], datetime]:
        """Due messages that may be sent now, each with the end of its hours; and of their lease.

        The others wait or fail, by the reason that hinders them.
        """
        at = now()
        lease = at + LEASE
        async with conn.transaction():
            ended = await sms_sending.give_up(conn, tenant_id, now=at, reason=NO_REPLY)
        _count(event.data.state for event in ended)
        wanted: dict[DueSms, datetime] = {}
        for _ in range(TAKES_MOST):
            left = room - len(wanted)
            allowed, taken = await self._take(conn, tenant_id, limit=left, lease=lease)
            wanted |= allowed
            if taken < left or len(allowed) == left:
                break
        return wanted, lease

    async def _take(
        self, conn: Session, tenant_id: int, *, limit: int, lease: datetime
    ) -> tuple[dict[DueSms, datetime], int]:
        """Those of the messages taken that may be sent now; and how many were taken."""
        at = now()
        due, database_now = await sms_sending.take_due(
            conn, self._policies, tenant_id, now=at, leased_until=lease, limit=limit
        )
        check_clock(at - database_now)
        # After the take: a black-out that begins later changes the revision that was taken.
        in_force = await blackouts.in_force(conn, tenant_ids=[tenant_id]) if due else []
        allowed: dict[DueSms, datetime] = {}
        waits = []
        for sms in due:
            judged = judge(sms, self._rulebook.rules(sms.policy, sms.group), in_force, at=at)
            if judged.reason is None and judged.until is not None:
                allowed[sms] = judged.until
                continue
            state = SmsState.FAILED if judged.until is None else SmsState.QUEUED
            waits.append(SmsMove(sms.reference, state, at, judged.reason, judged.until))
        if waits:
            async with conn.transaction():
                ended = await sms_sending.put_off(conn, waits, leased_until=lease)
            _count(event.data.state for event in ended)
        return allowed, len(due)

    async def _send(self, sms: DueSms, valid_until: datetime, *, marked_at: float) -> None:
        extra = {"message_id": str(sms.reference.message_id)}
        try:
            move = await self._ask(sms, valid_until, marked_at=marked_at)
        except SmsRefusedError as refusal:
            move = _refused(sms, refusal)
            logger.warning("message refused", extra=extra | {"reason": str(refusal)})
        except SmsUnknownError as error:
            move = SmsMove(sms.reference, SmsState.UNKNOWN, now(), NO_REPLY)
            logger.warning("no reply to a message", extra=extra | {"reason": str(error)})
        await self._answers.add(_answer(sms, move))

    async def _ask(self, sms: DueSms, valid_until: datetime, *, marked_at: float) -> SmsMove:
        provider = await self._provider(sms)
        if time.monotonic() - marked_at > MARK_SECONDS or now() >= valid_until:
            raise SmsRefusedError(LATE)
        request = SmsRequest(
            reference=sms.reference,
            to=sms.number,
            sender=sms.sender,
            text=sms.text,
            events_url=self._events.of_messages(sms.trunk_id or 0),
            valid_until=valid_until,
        )
        try:
            message_id = await provider.send_sms(request)
        except (SmsRefusedError, SmsUnknownError):
            raise
        except Exception as error:  # foreign code: whatever it raises, the message may be sent
            raise SmsUnknownError(type(error).__name__) from error
        return SmsMove(sms.reference, SmsState.SENT, now(), provider_message_id=message_id)

    async def _provider(self, sms: DueSms) -> SmsProvider:
        """Raises SmsRefusedError."""
        tenant_id, trunk_id = sms.reference.tenant_id, sms.trunk_id or 0
        try:
            known = await self._trunks.connected(trunk_id)
        except UnusableTrunkError as error:
            logger.error("trunk not usable", extra={"trunk_id": trunk_id, "reason": str(error)})
            raise SmsRefusedError("trunk", retry_after=NO_TRUNK_DELAY) from error
        except TRANSIENT as error:
            raise SmsRefusedError(type(error).__name__) from error
        if not known.trunk.serves(tenant_id):
            extra = {"trunk_id": trunk_id, "tenant_id": tenant_id, "reason": "not granted"}
            logger.error("trunk not usable", extra=extra)
            raise SmsRefusedError("trunk", retry_after=NO_TRUNK_DELAY)
        if not isinstance(known.provider, SmsProvider):
            raise SmsRefusedError("trunk_sends_no_messages", is_final=True)
        return known.provider

    async def _keep(self, moves: Sequence[SmsMove]) -> None:
        await patiently("sms", lambda: self._write(moves))
        _count(move.state for move in moves)

    async def _write(self, moves: Sequence[SmsMove]) -> None:
        refused = {move.reference for move in moves if move.reason == OPTED_OUT}
        async with self._pool.acquire() as conn, conn.transaction():
            if refused:
                await sms_sending.suppress(conn, refused)
            await sms_sending.answered(conn, moves)


def _refused(sms: DueSms, refusal: SmsRefusedError) -> SmsMove:
    """A message that is refused for now is tried again, at growing intervals, until it expires."""
    if refusal.is_final:
        reason = OPTED_OUT if refusal.has_opted_out else str(refusal)
        return SmsMove(sms.reference, SmsState.FAILED, now(), reason)
    growing = REFUSED_DELAY * 2 ** min(sms.tries, 10)
    delay = min(max(refusal.retry_after or growing, REFUSED_DELAY), REFUSED_DELAY_MOST)
    return _again(sms, str(refusal), delay=delay)


def _answer(sms: DueSms, move: SmsMove) -> SmsMove:
    """The move by the answer to this try, with the carrier's words as a table can keep them."""
    return move._replace(
        this_try=sms.this_try,
        reason=storable_text(move.reason),
        provider_message_id=storable_text(move.provider_message_id),
    )


def _again(sms: DueSms, reason: str, *, delay: timedelta) -> SmsMove:
    at = now()
    if at + delay >= sms.expires_at:
        return SmsMove(sms.reference, SmsState.FAILED, at, reason)
    return SmsMove(sms.reference, SmsState.QUEUED, at, reason, at + delay)


def _count(states: Iterable[SmsState]) -> None:
    for state, count in Counter(states).items():
        SMS_MOVED.labels(state).inc(count)
