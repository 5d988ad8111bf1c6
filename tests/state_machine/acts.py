"""The acts of the owner, by the use cases of the API; the world remembers those that succeeded."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from services.api import blackouts, edits, imports, suppressions
from services.api import campaigns as commands
from services.api.imports import Entry
from services.api.refusals import Refused
from shared.definitions.edit import CampaignEdit
from shared.domain.calendar.intervals import NEVER
from shared.domain.campaigns import WANTS, Command
from tests.state_machine.owner import Blackout, Campaign, Plan
from tests.state_machine.people import PEOPLE
from tests.state_machine.world import World


class Stop(StrEnum):
    """The ways in which an owner stops a call that is due."""

    PAUSE = "pause"
    CANCEL = "cancel"
    SUPPRESS = "suppress"
    BLACK_OUT = "black out"
    EDIT = "edit"


@contextlib.contextmanager
def perhaps_refused() -> Iterator[None]:
    """Ignore a refusal: a command that does not fit the state changes nothing."""
    with contextlib.suppress(Refused):
        yield


async def add(world: World, campaign: Campaign, people: Sequence[tuple[str, str | None]]) -> None:
    """Import `people`: pairs of a number and the zone given with it."""
    entries = [Entry(number=number, zone=zone) for number, zone in people]
    with perhaps_refused():
        added = await imports.add(
            world.resources, world.caller, campaign.id, entries, now=world.clock()
        )
        for (number, zone), entry in zip(people, added, strict=True):
            if entry.result != "duplicate":
                campaign.zones[number] = (zone,) if zone else PEOPLE[number].zones


async def command(world: World, campaign: Campaign, asked: Command) -> None:
    with perhaps_refused():
        await commands.give_command(
            world.resources, world.caller, campaign.id, asked, now=world.clock()
        )
        campaign.wanted = str(WANTS[asked])


async def edit(world: World, campaign: Campaign, plan: Plan) -> None:
    wanted = CampaignEdit.model_validate({"calendar": plan.definition()})
    with perhaps_refused():
        await edits.edit(world.resources, world.caller, campaign.id, wanted, now=world.clock())
        campaign.plan = plan


async def suppress(
    world: World, number: str, campaign: Campaign | None, lasts: timedelta | None
) -> None:
    now = world.clock()
    expires_at = None if lasts is None else now + lasts
    await suppressions.suppress(
        world.resources,
        world.caller,
        number,
        campaign_id=None if campaign is None else campaign.id,
        reason="asked",
        expires_at=expires_at,
        now=now,
    )
    world.owner.suppressed[number, campaign.id if campaign else 0] = expires_at or NEVER


async def lift(world: World, number: str, campaign: Campaign | None) -> None:
    id_ = None if campaign is None else campaign.id
    now = world.clock()
    with perhaps_refused():
        await suppressions.lift(world.resources, world.caller, number, campaign_id=id_, now=now)
    world.owner.suppressed.pop((number, id_ or 0), None)


async def black_out(
    world: World, area: str | None, *, begins_in: timedelta, lasts: timedelta | None
) -> None:
    starts_at = world.clock() + begins_in
    ends_at = None if lasts is None else starts_at + lasts
    made = await blackouts.begin(
        world.resources,
        world.caller,
        jurisdiction=area,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="storm",
        now=world.clock(),
    )
    world.owner.blackouts.append(Blackout(made.id, area, starts_at, ends_at or NEVER))


async def end_blackout(world: World, ended: Blackout) -> None:
    await blackouts.end(world.resources, world.caller, ended.id)
    world.owner.end_blackout(ended, world.clock())


async def expire(world: World, campaign: Campaign, number: str, in_: timedelta) -> None:
    """Set the expiry in the row, without the API."""
    if number in campaign.zones:
        expires_at = world.clock() + in_
        await world.rows(
            "UPDATE contacts SET expires_at = $3 WHERE campaign_id = $1 AND number = $2",
            campaign.id,
            number,
            expires_at,
        )
        campaign.expires_at[number] = expires_at


async def stop(world: World, campaign: Campaign, number: str, how: Stop) -> None:
    match how:
        case Stop.PAUSE | Stop.CANCEL:
            await command(world, campaign, Command(str(how)))
        case Stop.SUPPRESS:
            await suppress(world, number, campaign, timedelta(hours=9))
        case Stop.BLACK_OUT:
            await black_out(world, None, begins_in=timedelta(0), lasts=timedelta(hours=1))
        case Stop.EDIT:
            today = world.clock().date()
            days = frozenset(today + timedelta(days=n) for n in (-1, 0, 1))
            await edit(world, campaign, replace(campaign.plan, excluded=days))
