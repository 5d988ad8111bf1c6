"""Acts of owners, steps of processes, ends of calls and faults in any order.

They run on real PostgreSQL and Redis. The invariants are judged after each step: by the carrier,
which keeps every call, and by a recount of all rows.
"""

import os
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from outdial.stack.servers import LocalServers
from shared.domain.campaigns import Command
from shared.domain.outcomes import Outcome
from tests.state_machine import acts, draws, work
from tests.state_machine.acts import Stop
from tests.state_machine.carrier import Mood
from tests.state_machine.owner import PLANS, Campaign
from tests.state_machine.people import KINDS, NUMBERS
from tests.state_machine.work import By
from tests.state_machine.world import Run, World, a_running_world

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXAMPLES = int(os.environ.get("OUTDIAL_TEST_EXAMPLES") or 120)
# All examples together must reach each of these; otherwise they test too little.
MUST_BE_SEEN = {
    *("no_answer", "busy", "answered_human", "opt_out", "callback_requested", "unknown"),
    *("campaign", "suppression", "blackout", "window", "passed over during another call"),
    *("waits for retry", "waits for day", "waits for window", "waits for suppression"),
    *("waits for silence", "waits for frequency_cap", "waits for capacity"),
}


class Machine(RuleBasedStateMachine):
    def __init__(self, world: World, run: Run) -> None:
        super().__init__()
        self.world, self._run = world, run
        self.campaigns: dict[str, Campaign] = {}

    def run(self, step: Coroutine[Any, Any, None]) -> None:
        self.world.is_broken = True
        self._run(step)
        self.world.is_broken = False

    @initialize(day=draws.DAYS, hour=st.integers(0, 23))
    def begin(self, day: datetime, hour: int) -> None:
        self.run(self._begin(day + timedelta(hours=hour)))

    async def _begin(self, at: datetime) -> None:
        await self.world.begin(at)
        for kind in KINDS:
            await self._another(kind)

    @rule(kind=draws.KIND, people=draws.PEOPLE)
    def import_contacts(self, kind: str, people: list[tuple[str, str | None]]) -> None:
        self.run(acts.add(self.world, self.campaigns[kind], people))

    @rule(kind=draws.KIND, asked=draws.COMMAND, is_seen=st.booleans())
    def command(self, kind: str, asked: Command, is_seen: bool) -> None:
        self.run(acts.command(self.world, self.campaigns[kind], asked))
        if is_seen:
            self.run(work.sweep(self.world))

    @rule(kind=draws.KIND)
    def another_campaign(self, kind: str) -> None:
        """Start a new campaign; the earlier one goes on without further commands."""
        self.run(self._another(kind))

    async def _another(self, kind: str) -> None:
        self.campaigns[kind] = campaign = await self.world.campaign(kind)
        await acts.add(self.world, campaign, [(number, None) for number in NUMBERS])
        await acts.command(self.world, campaign, Command.START)

    @rule(
        kind=draws.KIND,
        plan=draws.PLAN,
        excluded=st.none() | st.integers(0, 1),
        ends_in=st.sampled_from([*[None] * 8, 0, 2]),
    )
    def edit_windows(self, kind: str, plan: str, excluded: int | None, ends_in: int | None) -> None:
        today = self.world.clock().date()
        wanted = replace(
            PLANS[plan],
            excluded=frozenset(today + timedelta(days=n) for n in [excluded] if n is not None),
            end_date=None if ends_in is None else today + timedelta(days=ends_in),
        )
        self.run(acts.edit(self.world, self.campaigns[kind], wanted))

    @rule(number=draws.NUMBER, kind=draws.LIST, lasts=draws.LENGTHS)
    def suppress(self, number: str, kind: str | None, lasts: timedelta | None) -> None:
        self.run(acts.suppress(self.world, number, self._of(kind), lasts))

    @rule(number=draws.NUMBER, kind=draws.LIST)
    def lift(self, number: str, kind: str | None) -> None:
        self.run(acts.lift(self.world, number, self._of(kind)))

    @rule(area=draws.AREA, begins_in=draws.SOON, lasts=draws.LENGTHS)
    def black_out(self, area: str | None, begins_in: timedelta, lasts: timedelta | None) -> None:
        self.run(acts.black_out(self.world, area, begins_in=begins_in, lasts=lasts))

    @rule(which=draws.WHICH)
    def end_blackout(self, which: int) -> None:
        known = self.world.owner.blackouts
        if known:
            self.run(acts.end_blackout(self.world, known[which % len(known)]))

    @rule(kind=draws.KIND, number=draws.NUMBER, in_=draws.SOON)
    def expire(self, kind: str, number: str, in_: timedelta) -> None:
        self.run(acts.expire(self.world, self.campaigns[kind], number, in_))

    @rule(span=draws.SPANS)
    def tick(self, span: timedelta) -> None:
        self.run(self.world.clock.tick(span))

    @rule(before=st.sampled_from([timedelta(seconds=n) for n in (0, 1, 3)]))
    def tick_to_half_hour(self, before: timedelta) -> None:
        """Move to the next half hour, where windows open and close, or to just before it."""
        ahead = draws.HALF_HOUR - (self.world.clock() - EPOCH + before) % draws.HALF_HOUR
        self.run(self.world.clock.tick(ahead))

    @rule()
    def sweep(self) -> None:
        self.run(work.sweep(self.world))

    @rule(both=st.booleans(), is_lost=draws.SELDOM)
    def claim(self, both: bool, is_lost: bool) -> None:
        self.run(work.claim(self.world, both=both, is_lost=is_lost))

    @rule()
    def rescue(self) -> None:
        self.run(work.rescue(self.world))

    @rule(only=draws.ONLY, by=draws.BY, mood=draws.MOOD, again=draws.SELDOM, is_lost=draws.SELDOM)
    def dial(self, only: int | None, by: By, mood: Mood, again: bool, is_lost: bool) -> None:
        if not self.world.mail.due:
            self.run(work.claim(self.world))
        due = self.world.mail.take_due(only)
        self.run(work.dial(self.world, due, by=by, mood=mood, is_lost=is_lost))
        if again:
            self.run(work.dial(self.world, due))

    @rule(which=draws.WHICH, stop=draws.STOP)
    def stop_a_call(self, which: int, stop: Stop) -> None:
        self.run(work.stop_a_call(self.world, which, stop, is_late=False))

    @rule(which=draws.WHICH, stop=draws.STOP)
    def stop_a_call_late(self, which: int, stop: Stop) -> None:
        """The stop comes after the dialer's look and before its commit."""
        self.run(work.stop_a_call(self.world, which, stop, is_late=True))

    @rule(
        which=draws.WHICH,
        outcome=draws.OUTCOME,
        callback_in=st.none() | draws.SPANS,
        reported=st.sampled_from(["now", "twice", "never", "in vain"]),
    )
    def end_call(
        self, which: int, outcome: Outcome, callback_in: timedelta | None, reported: str
    ) -> None:
        if not (up := self.world.carrier.up()):
            return
        call, callback_at = up[which % len(up)], None
        if outcome is Outcome.CALLBACK_REQUESTED and callback_in is not None:
            callback_at = self.world.clock() + callback_in
        self.world.carrier.end(call, outcome, callback_at)
        for _ in range({"never": 0, "twice": 2}.get(reported, 1)):
            self.run(work.report(self.world, call, is_lost=reported == "in vain"))

    @rule(which=draws.WHICH)
    def report_again(self, which: int) -> None:
        """Report an old call again, or a call that is still up."""
        calls = self.world.carrier.calls
        if calls:
            self.run(work.report(self.world, calls[-1 - which % len(calls)]))

    @rule(only=draws.ONLY, backwards=st.booleans(), times=st.integers(1, 2))
    def fold(self, only: int | None, backwards: bool, times: int) -> None:
        """`times` 2: the process died after its commit, before it committed the offset to Kafka."""
        events = self.world.mail.take_events(only)
        self.run(work.fold(self.world, events[::-1] if backwards else events, times=times))

    @rule(outcome=draws.OUTCOME, by=draws.BY, rounds=st.integers(1, 4), span=draws.PAUSES)
    def go_round(self, outcome: Outcome, by: By, rounds: int, span: timedelta) -> None:
        """Run some rounds of work without a fault."""
        for _ in range(rounds):
            self.run(work.go_round(self.world, outcome, by=by))
            self.run(self.world.clock.tick(span))

    @rule(outcome=draws.OUTCOME, first=draws.KIND, lasts=draws.TALKS)
    def call_in_turn(self, outcome: Outcome, first: str, lasts: timedelta) -> None:
        """Claim for all campaigns; dial for one, and for the others after its calls have ended."""
        self.run(work.call_in_turn(self.world, self.campaigns[first].id, outcome, lasts))

    @rule()
    def reconcile(self) -> None:
        self.run(work.reconcile(self.world))

    @rule()
    def flush_redis(self) -> None:
        self.run(work.flush_redis(self.world))

    @invariant()
    def holds(self) -> None:
        self.run(self._judge())

    @override
    def teardown(self) -> None:
        """Skipped after a failed step, so that the report shows the first fault only."""
        if self.campaigns and not self.world.is_broken:
            self.run(work.come_to_rest(self.world))
            self.run(self._judge())
            self.run(self.world.note())

    async def _judge(self) -> None:
        faults = await self.world.faults()
        assert not faults, "\n".join(faults)

    def _of(self, kind: str | None) -> Campaign | None:
        return self.campaigns[kind] if kind else None


@pytest.mark.timeout(900)
def test_whatever_happens_in_any_order_the_invariants_hold(dsn: str, servers: LocalServers) -> None:
    with a_running_world(dsn, servers.redis.url) as (world, run):
        run_state_machine_as_test(
            cast(type[Machine], partial(Machine, world, run)),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=50,
                deadline=None,
                # The same examples each time; remove this line to search for others.
                derandomize=True,
                database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )

        assert world.seen.keys() >= MUST_BE_SEEN
