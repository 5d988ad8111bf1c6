"""The work of the processes in one step of the machine, and the checks after it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial

from shared.domain.calendar.intervals import NEVER
from shared.domain.campaigns import Command
from shared.domain.outcomes import Outcome
from shared.kafka.messages.attempts import AttemptDue
from shared.kafka.messages.calls import CallEvent
from tests.state_machine import acts
from tests.state_machine.carrier import Call, Mood
from tests.state_machine.people import POLICIES
from tests.state_machine.processes import Act
from tests.state_machine.world import World

CRASHES = {Mood.IS_NOT_REACHED, Mood.IS_NOT_HEARD}
DUE = """
    SELECT m.definition->>'call_flow' AS flow, c.number, EXISTS (
        SELECT FROM attempts a JOIN contacts o ON o.id = a.contact_id
        WHERE a.ended_at IS NULL AND o.number = c.number
    ) AS is_called
    FROM contacts c JOIN campaigns m ON m.id = c.campaign_id
    WHERE c.state = 'pending' AND m.state = 'running' AND c.not_before <= $1
        AND (c.expires_at IS NULL OR c.expires_at > $1)
"""
LEFT = """
    SELECT id::text || ' is ' || state FROM attempts WHERE ended_at IS NULL
    UNION ALL
    SELECT 'contact ' || id || ' is active' FROM contacts WHERE state = 'active'
"""
ROUNDS_MOST = 40
# A contact need not be claimed so shortly before its window closes.
MOMENT = timedelta(seconds=2)


class By(StrEnum):
    """The dialers at work: one; both on the same attempts; or both, each on its own campaigns."""

    ONE = "one"
    BOTH = "both"
    CAMPAIGN = "campaign"


async def claim(world: World, *, both: bool = False, is_lost: bool = False) -> None:
    claimers = world.processes.claimers if both else world.processes.claimers[:1]
    world.mail.is_lost = is_lost
    await asyncio.gather(*(claimer.run_once(world.clock()) for claimer in claimers))
    world.mail.is_lost = False
    await _judge_claims(world)


async def _judge_claims(world: World) -> None:
    """Note a fault for each due contact that was not claimed although nothing stops it.

    A gate, a cap or another live attempt at its number may stop it.
    """
    now, owner = world.clock(), world.owner
    soon = now + MOMENT
    by_flow = {campaign.flow: campaign for campaign in owner.campaigns}
    for flow, number, is_called in await world.rows(DUE, now):
        if is_called:
            world.seen["passed over during another call"] += 1
            continue
        campaign = by_flow[flow]
        why_not = [*owner.forbids(campaign, number, now), *owner.forbids(campaign, number, soon)]
        if POLICIES[campaign.kind].max_concurrent is None and not why_not:
            world.carrier.faults.append(f"I5 {number} of {flow} is due and was not claimed")


async def rescue(world: World) -> None:
    await world.processes.rescuer.run_once(world.clock())


async def sweep(world: World) -> None:
    """Run the periodic work: commands of owners, ends of contacts, deletion of old rows."""
    await world.processes.lifecycle.run_once(world.clock())
    await world.processes.lifecycle.expire(world.clock())
    await world.processes.lifecycle.clear(world.clock())
    await world.processes.replanner.run_once(world.clock())
    await world.processes.teller.run_once(world.clock())
    pruner, now = world.processes.pruner, world.clock()
    await pruner.make_days(now)
    await pruner.delete_rows(now)
    await pruner.drop_days(now)


async def dial(
    world: World,
    due: list[AttemptDue],
    *,
    by: By = By.ONE,
    mood: Mood = Mood.TAKES,
    meanwhile: Act | None = None,
    is_lost: bool = False,
) -> None:
    first, second = world.processes.dialers
    world.carrier.mood, world.mail.is_lost = mood, is_lost
    first.permits.meanwhile = meanwhile
    match by:
        case By.ONE:
            await first.dial(due)
        case By.BOTH:
            await asyncio.gather(first.dial(due), second.dial(due[::-1]))
        case By.CAMPAIGN:
            odd = [attempt for attempt in due if attempt.data.campaign_id % 2]
            even = [attempt for attempt in due if attempt not in odd]
            await asyncio.gather(first.dial(odd), second.dial(even))
    first.permits.meanwhile = None
    world.carrier.mood, world.mail.is_lost = Mood.TAKES, False
    if mood in CRASHES or is_lost:
        world.processes.restart_dialers()


async def stop_a_call(world: World, which: int, stop: acts.Stop, *, is_late: bool) -> None:
    """The owner stops a call that is due, before the dialer's look or (`is_late`) after it."""
    await claim(world)
    if not world.mail.due:
        await _end_calls(world, Outcome.BUSY)
        await world.clock.tick(timedelta(hours=1))
        await claim(world)
    due = world.mail.take_due(None)
    if not due:
        return
    chosen = due[which % len(due)].data
    (campaign,) = (
        campaign for campaign in world.owner.campaigns if campaign.id == chosen.campaign_id
    )
    ((number,),) = await world.rows("SELECT number FROM contacts WHERE id = $1", chosen.contact_id)
    act = partial(acts.stop, world, campaign, number, stop)
    if not is_late:
        await act()
    await dial(world, due, meanwhile=act if is_late else None)


async def report(world: World, call: Call, *, is_lost: bool = False) -> None:
    """The carrier reports the present state of the call to a dialer."""
    world.mail.is_lost = is_lost
    await world.processes.dialers[0].reporter.on_report(call.report())
    world.mail.is_lost = False


async def fold(world: World, events: Sequence[CallEvent], *, times: int = 1) -> None:
    for _ in range(times):
        await world.processes.folder.on_call_reports(list(events))
    await _note_opt_outs(world)


async def _note_opt_outs(world: World) -> None:
    """Note a suppression for each opt-out that has been folded."""
    said = [
        call
        for call in world.carrier.calls
        if call.outcome is Outcome.OPT_OUT and not call.is_suppressed
    ]
    if not said:
        return
    rows = await world.rows("SELECT id FROM attempts WHERE outcome = 'opt_out'")
    ended = {row["id"] for row in rows}
    for call in said:
        if call.reference.attempt_id in ended:
            call.is_suppressed = True
            world.owner.suppressed[call.number, 0] = NEVER


async def reconcile(world: World) -> None:
    dialer = world.processes.dialers[0]
    await dialer.reconciler.run_once(world.clock())
    await dialer.permits.sweep(world.clock())


async def flush_redis(world: World) -> None:
    await world.redis.flushdb()


async def go_round(world: World, outcome: Outcome, *, by: By) -> None:
    """Sweep, claim, dial and fold once; every call ends at once with this outcome."""
    await sweep(world)
    await claim(world, both=by is not By.ONE)
    await dial(world, world.mail.take_due(None), by=by)
    await _end_calls(world, outcome)


async def call_in_turn(world: World, first: int, outcome: Outcome, lasts: timedelta) -> None:
    """Dial the first campaign's attempts and end their calls, then claim again for the others."""
    await claim(world)
    due = world.mail.take_due(None)
    await dial(world, [attempt for attempt in due if attempt.data.campaign_id == first])
    await world.clock.tick(lasts)
    await _end_calls(world, outcome)
    await claim(world)
    due += world.mail.take_due(None)
    await dial(world, [attempt for attempt in due if attempt.data.campaign_id != first])


async def _end_calls(world: World, outcome: Outcome) -> None:
    for call in world.carrier.up():
        world.carrier.end(call, outcome)
        await report(world, call)
    await fold(world, world.mail.take_events(None))


async def come_to_rest(world: World) -> None:
    """Resume what is stopped and work until no attempt is live; one that stays live is a fault."""
    for blackout in list(world.owner.blackouts):
        if blackout.ends_at > world.clock():
            await acts.end_blackout(world, blackout)
    for campaign in world.owner.campaigns:
        if campaign.wanted == "paused":
            await acts.command(world, campaign, Command.RESUME)
    await sweep(world)
    await claim(world)
    for _ in range(ROUNDS_MOST):
        if not await world.rows("SELECT FROM attempts WHERE ended_at IS NULL"):
            break
        await _settle(world)
    else:
        world.carrier.faults += [f"I5 {row[0]}" for row in await world.rows(LEFT)]


async def _settle(world: World) -> None:
    await dial(world, world.mail.take_due(None))
    await _end_calls(world, Outcome.NO_ANSWER)
    await world.clock.tick(timedelta(seconds=31))
    await rescue(world)
    await reconcile(world)
