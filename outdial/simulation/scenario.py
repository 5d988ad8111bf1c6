"""Runs a campaign from two files on a virtual clock."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from outdial.errors import OutdialError
from outdial.simulation.call_outcomes import CallOutcomes
from outdial.simulation.engine import Call, Contact, GroupQueue, Simulation
from outdial.simulation.inputs import People
from outdial.simulation.result import Result, Tally, result
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.words import unreachable_text
from shared.domain.decision.reachability import Unreachable, unreachable
from shared.domain.policy.calling_rules import TenantRules, calling_rules
from shared.rulepacks.loader import RulePacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The inputs of one simulation: the contacts, the rules, the outcomes and the time span."""

    definition: CampaignDefinition
    people: People
    packs: RulePacks
    outcomes: CallOutcomes
    start: datetime
    days: int


def run_scenario(scenario: Scenario, *, watch: Callable[[Call], None] | None = None) -> Result:
    """`watch` is called with each call when it is placed."""
    queues, contacts = _queued(scenario)
    _refuse_nobody(queues, contacts, now=scenario.start)
    until = scenario.start + timedelta(days=scenario.days)
    simulation = Simulation(
        policy=scenario.definition.attempts.policy(),
        caps=scenario.definition.caps.caps(),
        outcomes=scenario.outcomes,
        now=scenario.start,
        until=until,
    )
    tally = Tally()
    for call in simulation.calls(queues, contacts):
        tally.add(call)
        if watch is not None:
            watch(call)
    return result(tally, queues, contacts, start=scenario.start, until=until, peak=simulation.peak)


def _queued(scenario: Scenario) -> tuple[list[GroupQueue], list[Contact]]:
    rules = scenario.definition.rules()
    queues = [
        GroupQueue(index, calling_rules(rules, TenantRules(), scenario.packs.rules, group))
        for index, group in enumerate(scenario.people.groups)
    ]
    return queues, [Contact(number, queues[index]) for number, index in scenario.people.numbers]


def _refuse_nobody(queues: list[GroupQueue], contacts: list[Contact], *, now: datetime) -> None:
    """Refuse a campaign none of whose contacts can ever be called."""
    shut: Counter[Unreachable] = Counter()
    sizes = Counter(contact.queue.index for contact in contacts)
    for queue in queues:
        why = unreachable(queue.rules, now=now)
        if why is None and sizes[queue.index]:
            return
        if why is not None:
            shut[why] += sizes[queue.index]
    reasons = "\n".join(
        f"  {count} contacts: {unreachable_text(why)}" for why, count in shut.most_common()
    )
    raise OutdialError(f"nobody can ever be called:\n{reasons}")
