"""A campaign from two files, played through."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from outdial.errors import OutdialError
from outdial.simulation.engine import Call, Contact, Room, Simulation
from outdial.simulation.fates import Fates
from outdial.simulation.inputs import People
from outdial.simulation.result import Result, Tally, result
from shared.definitions.campaign import CampaignDefinition
from shared.domain.decision.reachability import Unreachable, unreachable
from shared.domain.policy.calling_rules import TenantRules, calling_rules
from shared.rulepacks.loader import RulePacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is played: who is called by which rules, from when on, for how long."""

    definition: CampaignDefinition
    people: People
    packs: RulePacks
    fates: Fates
    start: datetime
    days: int


def play(setting: Setting, *, watch: Callable[[Call], None] | None = None) -> Result:
    """`watch` is told of every call when it is placed."""
    rooms, contacts = _seated(setting)
    _refuse_nobody(rooms, contacts, now=setting.start)
    until = setting.start + timedelta(days=setting.days)
    simulation = Simulation(
        policy=setting.definition.attempts.policy(),
        caps=setting.definition.caps.caps(),
        fates=setting.fates,
        now=setting.start,
        until=until,
    )
    tally = Tally()
    for call in simulation.calls(rooms, contacts):
        tally.add(call)
        if watch is not None:
            watch(call)
    return result(tally, rooms, contacts, start=setting.start, until=until, peak=simulation.peak)


def _seated(setting: Setting) -> tuple[list[Room], list[Contact]]:
    rules = setting.definition.rules()
    rooms = [
        Room(place, calling_rules(rules, TenantRules(), setting.packs.rules, group))
        for place, group in enumerate(setting.people.groups)
    ]
    return rooms, [Contact(number, rooms[place]) for number, place in setting.people.numbers]


def _refuse_nobody(rooms: list[Room], contacts: list[Contact], *, now: datetime) -> None:
    """A campaign that can call nobody is a mistake and not a result."""
    shut: Counter[Unreachable] = Counter()
    sizes = Counter(contact.room.place for contact in contacts)
    for room in rooms:
        why = unreachable(room.rules, now=now)
        if why is None and sizes[room.place]:
            return
        if why is not None:
            shut[why] += sizes[room.place]
    told = "\n".join(f"  {count} contacts: {why.detail}" for why, count in shut.most_common())
    raise OutdialError(f"nobody can ever be called:\n{told}")
