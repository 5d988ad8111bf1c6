"""Two schedulers and two dialers share campaigns: they keep the caps and call no contact twice.

They keep the caps of numbers too, and the rotation of their pools.
"""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from outdial.carrier import log
from shared.db import trunks
from shared.domain.calendar.zones import local_date
from shared.domain.capacity.scopes import Caps
from shared.domain.places.number_areas import area_of
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, print_figures, running_stack
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

CONCURRENT, PER_SECOND = 20, 80
# The caller IDs of each pool are its own: the turn and the caps of a number count over all pools.
TURNS, SAME, LOCAL = (
    [
        f"{area}555{first}{ending:02}"
        for ending, area in enumerate(("+1202", "+1212", "+1303", "+1415"))
    ]
    for first in (80, 81, 82)
)
CALLS_MOST = 9
POOLS: dict[str, dict[str, Any]] = {
    "turns": {"numbers": TURNS},
    "same": {"numbers": SAME, "rotation": "sticky"},
    "near": {"numbers": LOCAL, "rotation": "local_presence", "max_calls_per_day": CALLS_MOST},
}
NEAR = [f"{area}55509{ending:02}" for area in ("+1202", "+1212", "+1718") for ending in range(20)]
# The carrier refuses and logs each call above the trunk's caps.
CAPS = ("--max-concurrent", str(CONCURRENT), "--calls-per-second", str(PER_SECOND))


async def keeps_its_ceiling(stack: RunningStack, directory: Path) -> None:
    """A campaign stops at its ceiling, by the prices of the carrier's log, until it is raised."""
    owner, call_most, most = stack.owner, Decimal("0.012"), Decimal("0.3")
    ceiling = {"currency": "USD", "call_most": str(call_most), "total": str(most)}
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(150, first=900)]
    # A minute costs 0.012, so no call costs more.
    definition = a_campaign("ceiling", spend_ceiling=ceiling, talk_seconds_most=58)
    campaign = await owner.launch(definition, rows, directory)

    async def is_reached() -> bool:
        why = await owner.campaign_why(campaign)
        reached = why["spend_ceiling"]
        return bool(reached) and Decimal(reached["reserved"]) == 0

    await until(is_reached, seconds=60, every=0.2)
    paid = await prices(stack, campaign)
    print_figures(f"the carrier charged {paid} of a ceiling of {most} USD")
    assert most * Decimal("0.9") < paid <= most
    raised = {"spend_ceiling": ceiling | {"total": "1000"}}
    await owner.edit_campaign(campaign, raised)
    await owner.until_state(campaign, "completed", seconds=60)
    await stack.until_quiet()
    assert await prices(stack, campaign) > most


async def prices(stack: RunningStack, campaign: int) -> Decimal:
    """What the carrier's log says that the calls of a campaign cost."""
    own = set(
        await stack.ask(
            "SELECT array_agg(tenant_id || '.' || id) FROM attempts WHERE campaign_id = $1",
            campaign,
        )
    )
    lines = (line for line in log.read(stack.log) if line["kind"] == "ended")
    amounts = [line["facts"]["price"]["amount"] for line in lines if line["reference"] in own]
    return sum(map(Decimal, amounts), Decimal(0))


async def test_two_schedulers_and_two_dialers_keep_every_cap(tmp_path: Path) -> None:
    scale, began_at = {"scheduler": 2, "dialer": 2}, datetime.now(UTC)
    async with running_stack(tmp_path / "stack", scale=scale, carrier_options=CAPS) as stack:
        conn = await asyncpg.connect(stack.postgres)
        await trunks.upsert(
            conn,
            name="default",
            provider="simulated",
            settings={"url": stack.local.carrier.url},
            caps=Caps(CONCURRENT, PER_SECOND),
        )
        await conn.close()
        owner, running = stack.owner, []
        for number in TURNS + SAME + LOCAL:
            await owner.add("/v1/caller-ids", {"number": number})
        for name, parts in POOLS.items():
            await owner.add("/v1/number-pools", {"name": name, **parts})
        for index, pool in enumerate(("turns", "same")):
            rows = [(number, "Atlantic/Reykjavik") for number in numbers(200, first=index * 200)]
            definition = a_campaign(
                f"half {index}", max_concurrent=15, calls_per_second=60, number_pool=pool
            )
            running.append(await owner.launch(definition, rows, tmp_path))
        rows = [(number, "Atlantic/Reykjavik") for number in NEAR]
        capped = await owner.launch(a_campaign("near", number_pool="near"), rows, tmp_path)
        await keeps_its_ceiling(stack, tmp_path)
        for campaign in running:
            await owner.until_state(campaign, "completed")
        await stack.until_quiet()

        seen = await stack.carrier_stats()
        print_figures(f"carrier: {seen}")
        assert seen["duplicates"] == 0
        assert seen["peak_concurrent"] <= CONCURRENT
        assert seen["peak_per_second"] <= PER_SECOND
        # The calls reached the caps, so the caps limited them and not the speed of the stack.
        assert seen["peak_concurrent"] > CONCURRENT / 2
        await check_pools(stack, began_at=began_at)
        waiting = (await owner.campaign_why(capped))["waiting"]
        assert "caller_id" in {entry["reason"] for entry in waiting}
        await stack.check_counts()
        await stack.judge()


async def check_pools(stack: RunningStack, *, began_at: datetime) -> None:
    """The carrier saw the numbers that the attempts have: in turn, the same, and within the cap."""
    rows = json.loads(
        await stack.ask(
            """
            SELECT json_agg(json_build_array(
                attempt.tenant_id || '.' || attempt.id, campaign.name, attempt.caller_id
            ))
            FROM attempts AS attempt JOIN campaigns AS campaign
                ON campaign.tenant_id = attempt.tenant_id AND campaign.id = attempt.campaign_id
            """
        )
    )
    chosen = {reference: (name, caller_id) for reference, name, caller_id in rows}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, caller_id in chosen.values():
        if caller_id is not None:
            counts[name][caller_id] += 1
    by_person: dict[str, set[str]] = defaultdict(set)
    near: list[bool] = []
    for line in map(json.loads, stack.log.read_text().splitlines()):
        if line["kind"] == "originate":
            name, caller_id = chosen[line["reference"]]
            assert line["from"] == caller_id
            if name == "half 1":
                by_person[line["to"]].add(line["from"])
            if name == "near":
                near.append(line["to"][:5] == line["from"][:5])
    print_figures(f"numbers shown: {dict(counts)}; from the own area: {sum(near)} of {len(near)}")
    turns = counts["half 0"]
    assert set(turns) == set(TURNS)
    assert max(turns.values()) - min(turns.values()) <= 2
    assert {len(numbers) for numbers in by_person.values()} == {1}
    for number in LOCAL:
        # The day of a number begins at midnight in its own zone, perhaps while this test runs.
        zone, now = area_of(number).zone, datetime.now(UTC)
        days = (local_date(zone, now) - local_date(zone, began_at)).days + 1
        assert CALLS_MOST <= counts["near"][number] <= CALLS_MOST * days
    # While a person's own area has a number left, it is shown.
    assert sum(near) >= CALLS_MOST
