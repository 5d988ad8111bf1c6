"""The switch of the simulated carrier: decides on each originate, logs it, plays the call."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

import uuid_utils

from outdial.carrier import behaviour, caps
from outdial.carrier.behaviour import ANSWERED, RINGING, Behaviour, CallPlan, Fault, Outcome
from outdial.carrier.calls import Answer, Call, CallState, Instant, Originate, Verdict
from outdial.carrier.events import EventSender
from outdial.carrier.facts import facts
from outdial.carrier.flow_player import Callee, Played, play
from outdial.carrier.log import CallLog, Line

INVALID_NUMBER = "invalid_number"
UNAVAILABLE = "unavailable"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# The plan of a call of an earlier run, which is only looked up: no event of it is sent.
_PAST = CallPlan(
    outcome=Outcome.NETWORK_ERROR,
    ring_seconds=0,
    talk_seconds=0,
    reply_seconds=0,
    event_seconds=0,
    faults=frozenset({Fault.LOST_EVENTS}),
)


class Switch:
    def __init__(
        self,
        log: CallLog,
        sender: EventSender,
        *,
        behaviour: Behaviour,
        seed: int,
        caps: caps.Caps,
        time_scale: float,
    ) -> None:
        self._log = log
        self._sender = sender
        self._behaviour = behaviour
        self._seed = seed
        self._caps = caps
        self._time_scale = time_scale
        self._calls: dict[str, Call] = {}
        self._live: set[str] = set()
        self._calls_to: Counter[str] = Counter()
        self._verdicts: Counter[Verdict] = Counter()
        self._ended: Counter[Outcome] = Counter()

    def restore(self, lines: Iterable[Line]) -> None:
        """Take up the log of an earlier run; a call that had not ended died with that process."""
        on_disk = asyncio.get_running_loop().create_future()
        on_disk.set_result(None)
        for line in lines:
            if line["kind"] == "originate":
                self._restore_originate(line, on_disk)
            else:
                call = self._calls[line["reference"]]
                self._note_end(call, Outcome(line["outcome"]), line["at"])
                call.facts = line.get("facts", {})
        self.drop_live()

    async def originate(self, wanted: Originate, seen: Instant) -> Answer:
        self._caps.see(seen.monotonic)
        first = self._calls.get(wanted.reference)
        if first is not None:
            answer = Answer(verdict=Verdict.DUPLICATE, call_id=first.call_id)
            return await self._answer_logged(wanted, answer, seen)
        code = self._refusal(wanted.to, seen)
        if code is not None:
            return await self._answer_logged(
                wanted, Answer(verdict=Verdict.REFUSED, code=code), seen
            )
        return await self._place(wanted, *self._next_plan(wanted), seen)

    async def lookup(self, reference: str) -> dict[str, Any] | None:
        call = self._calls.get(reference)
        if call is None:
            return None
        await call.logged
        return call.report()

    async def hang_up(self, reference: str) -> bool:
        call = self._calls.get(reference)
        if call is None or call.state is CallState.ENDED:
            return False
        answered = call.state is CallState.ANSWERED
        self._end(call, call.plan.outcome if answered else Outcome.NO_ANSWER)
        await call.logged
        return True

    def drop_live(self) -> None:
        """End every call that is up, because the carrier goes down."""
        for reference in tuple(self._live):
            self._end(self._calls[reference], Outcome.NETWORK_ERROR)

    def stats(self) -> dict[str, Any]:
        return {
            "originates": self._verdicts.total(),
            "accepted": self._verdicts[Verdict.ACCEPTED],
            "refused": self._verdicts[Verdict.REFUSED],
            "duplicates": self._verdicts[Verdict.DUPLICATE],
            "live": self._caps.live,
            "peak_concurrent": self._caps.peak_concurrent,
            "peak_per_second": self._caps.peak_per_second,
            "ended": {outcome.value: count for outcome, count in self._ended.items()},
        }

    def _restore_originate(self, line: Line, on_disk: asyncio.Future[None]) -> None:
        self._verdicts[Verdict(line["verdict"])] += 1
        if line["verdict"] == Verdict.ACCEPTED:
            call = Call(
                reference=line["reference"],
                call_id=line["call_id"],
                events_url="",
                plan=_PAST,
                logged=on_disk,
            )
            self._calls[call.reference] = call
            self._live.add(call.reference)
            self._caps.live += 1
        if line["verdict"] == Verdict.ACCEPTED or line["code"] == UNAVAILABLE:
            self._calls_to[line["to"]] += 1

    def _refusal(self, number: str, seen: Instant) -> str | None:
        if not _E164.fullmatch(number):
            return INVALID_NUMBER
        return self._caps.refusal(seen.monotonic)

    async def _answer_logged(self, wanted: Originate, answer: Answer, seen: Instant) -> Answer:
        await self._write(wanted, answer, seen)
        return answer

    def _next_plan(self, wanted: Originate) -> tuple[CallPlan, Played | None]:
        """The plan of the next call to a number, and what a flow or a limit makes of it."""
        self._calls_to[wanted.to] += 1
        nth = self._calls_to[wanted.to]
        plan = behaviour.plan(self._behaviour, seed=self._seed, number=wanted.to, nth=nth)
        plan = behaviour.ringing_at_least(plan, wanted.ring_seconds or 0)
        if plan.outcome not in ANSWERED or not wanted.changes_answered_calls:
            return plan, None
        # A random source of its own, so that a flow changes no other call.
        draw = random.Random(f"{self._seed}:{wanted.to}:{nth}:keys")  # noqa: S311
        played = play(
            None if wanted.flow is None else wanted.flow.call_flow(),
            plan,
            Callee.of(self._behaviour, plan, draw, number=wanted.to),
            on_machine=wanted.on_machine,
            seconds_most=wanted.talk_seconds_most,
        )
        return replace(plan, outcome=played.outcome, talk_seconds=played.seconds), played

    async def _place(
        self, wanted: Originate, plan: CallPlan, played: Played | None, seen: Instant
    ) -> Answer:
        if Fault.REFUSE in plan.faults:
            answer = Answer(verdict=Verdict.REFUSED, code=UNAVAILABLE)
            return await self._answer_logged(wanted, answer, seen)
        call_id = str(uuid_utils.uuid7())
        answer = Answer(verdict=Verdict.ACCEPTED, call_id=call_id, plan=plan)
        self._caps.accept(seen.monotonic)
        self._live.add(wanted.reference)
        call = Call(
            reference=wanted.reference,
            call_id=call_id,
            events_url=wanted.events_url,
            plan=plan,
            played=played,
            progress=wanted.progress or Fault.OUT_OF_ORDER in plan.faults,
            traceparent=wanted.traceparent,
            logged=self._write(wanted, answer, seen),
        )
        self._calls[wanted.reference] = call
        await call.logged
        self._ring(call)
        return answer

    def _write(self, wanted: Originate, answer: Answer, seen: Instant) -> asyncio.Future[None]:
        self._verdicts[answer.verdict] += 1
        line = {
            "kind": "originate",
            "at": seen.at,
            "monotonic": seen.monotonic,
            "reference": wanted.reference,
            "to": wanted.to,
            "from": wanted.caller_id,
            "ring_seconds": wanted.ring_seconds,
            "verdict": answer.verdict,
            "code": answer.code,
            "call_id": answer.call_id,
            "live": self._caps.live,
        }
        if wanted.variables or wanted.call_flow is not None:
            line |= {"call_flow": wanted.call_flow, "variables": wanted.variables}
        if wanted.agent is not None:
            line["agent"] = asdict(wanted.agent)
        if wanted.traceparent is not None:
            line["traceparent"] = wanted.traceparent
        return self._log.append(line)

    def _ring(self, call: Call) -> None:
        if call.state is CallState.ENDED:
            return
        if call.progress and call.plan.outcome in RINGING:
            self._send(call, CallState.RINGING)
        step = self._answer if call.plan.outcome in ANSWERED else self._end_as_planned
        self._later(call, call.plan.ring_seconds, step)

    def _answer(self, call: Call) -> None:
        call.state = CallState.ANSWERED
        if call.progress:
            self._send(call, CallState.ANSWERED)
        self._later(call, call.plan.talk_seconds, self._end_as_planned)

    def _end_as_planned(self, call: Call) -> None:
        self._end(call, call.plan.outcome)

    def _end(self, call: Call, outcome: Outcome) -> None:
        if call.timer is not None:
            call.timer.cancel()
        ended = Instant.now()
        self._note_end(call, outcome, ended.at)
        known = facts(call.plan, outcome, self._behaviour.tariff)
        call.facts = dict(known)
        if call.plan.price_seconds is not None:
            call.later = {"price": call.facts.pop("price")}
        line = {
            "kind": "ended",
            "at": ended.at,
            "monotonic": ended.monotonic,
            "reference": call.reference,
            "outcome": outcome,
            "is_machine": call.plan.is_machine,
            "facts": known,
        }
        if call.played is not None:
            line["played"] = asdict(call.played)
        call.logged = self._log.append(line)
        call.logged.add_done_callback(lambda logged: self._send_end(call, logged))

    def _note_end(self, call: Call, outcome: Outcome, at: float) -> None:
        call.state, call.outcome, call.ended_at = CallState.ENDED, outcome, at
        self._live.discard(call.reference)
        self._caps.release()
        self._ended[outcome] += 1

    def _send_end(self, call: Call, logged: asyncio.Future[None]) -> None:
        faults = call.plan.faults
        failure = logged.exception()  # noqa: LOG004
        if failure is not None or Fault.LOST_EVENTS in faults:
            return
        if Fault.LATE_EVENT in faults:
            self._later(call, call.plan.event_seconds, self._send_end_now)
        else:
            self._send_end_now(call)

    def _send_end_now(self, call: Call) -> None:
        self._send(call, CallState.ENDED)
        if call.later:
            self._later(call, call.plan.price_seconds or 0, self._send_price)

    def _send_price(self, call: Call) -> None:
        self._send(call, CallState.SETTLED)

    def _send(self, call: Call, kind: CallState) -> None:
        event = call.event(kind)
        if Fault.OUT_OF_ORDER in call.plan.faults and call.state is not CallState.ENDED:
            call.held.append(event)
            return
        held, call.held = call.held, []
        copies = 2 if Fault.DUPLICATE_EVENT in call.plan.faults else 1
        for item in (event, *held):
            for _ in range(copies):
                self._sender.send(
                    call.reference, call.events_url, item, traceparent=call.traceparent
                )

    def _later(self, call: Call, seconds: float, step: Callable[[Call], None]) -> None:
        loop = asyncio.get_running_loop()
        call.timer = loop.call_later(seconds * self._time_scale, step, call)
