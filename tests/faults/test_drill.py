"""The drill: kills each service twice at each of its failpoints, in the middle of one run.

The services are killed side by side, so that some are away while another one comes back.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import asyncpg
import pytest

from outdial import carrier_log
from tests.oracle.facts import Originate, read_log
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, print_figures, running_stack
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.drill, pytest.mark.timeout(600)]

# Enough for the last kill to come in the middle of the run, also where a start takes long.
CONTACTS = int(os.environ.get("OUTDIAL_TEST_DRILL") or 3_500)
CAPS = {"max_concurrent": 80, "calls_per_second": 150}
# "point:n" kills the service when it passes the point for the nth time, after about 2 s.
CHAINS = {
    "dialer": ("after_dialing:30", "after_originate:200") * 2,
    "scheduler": ("after_claim:20", "after_publish:20") * 2,
    "events": ("after_fold:30",) * 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    service: str
    point: str
    at: float
    up_seconds: float
    """Until the service said again that it is ready."""


async def test_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    async with running_stack(tmp_path / "stack") as stack:
        began = time.monotonic()
        rows = [(number, "Atlantic/Reykjavik") for number in numbers(CONTACTS)]
        campaign = await stack.owner.launch(a_campaign("drill", **CAPS), rows, tmp_path)
        await stack.owner.until_attempts(campaign, 200)
        kills = [await kill_api(stack)]
        for chain in await asyncio.gather(
            *(kill_at_points(stack, service, points) for service, points in CHAINS.items())
        ):
            kills += chain
        assert (await stack.owner.campaign(campaign))["state"] == "running"
        await stack.owner.until_state(campaign, "completed", seconds=180)
        await stack.until_quiet()
        seconds = time.monotonic() - began

        counters = await stack.owner.counters(campaign)
        print_figures(f"{await table(stack, kills)}\n{counters.attempts}, {seconds:.0f} s")
        assert counters.attempts["total"] >= CONTACTS
        assert counters.contacts["finished"] == CONTACTS
        seen = carrier_log.count(stack.log)
        known = {name: n for name, n in counters.outcomes.items() if name != "unknown"}
        assert known == seen.outcomes
        assert seen.duplicates == 0
        await stack.judge()


async def kill_api(stack: RunningStack) -> Kill:
    api = stack.local.service("api")
    stack.note("api killed")
    at = time.time()
    await api.restart(kill=True)
    return Kill(service="api", point="any moment", at=at, up_seconds=time.time() - at)


async def kill_at_points(stack: RunningStack, name: str, points: tuple[str, ...]) -> list[Kill]:
    """Kill the service at each point in turn, and restart it; after the last it keeps running."""
    service, kills = stack.local.service(name), []
    service.environment = {"OUTDIAL_FAILPOINT": points[0]}
    await service.restart()
    for point, following in zip(points, (*points[1:], ""), strict=True):
        await until(lambda: not service.is_running)
        at = time.time()
        stack.note(f"{name} killed {point}")
        assert service.child is not None
        assert service.child.exit_code == -9
        service.environment = {"OUTDIAL_FAILPOINT": following} if following else {}
        await service.start()
        kills.append(Kill(service=name, point=point, at=at, up_seconds=time.time() - at))
    return kills


async def table(stack: RunningStack, kills: list[Kill]) -> str:
    """For each kill: seconds until ready, seconds without enough calls, unknown attempts."""
    calls = [line.at for line in read_log(stack.log) if isinstance(line, Originate)]
    usual = median(calls_in_second(calls, at) for at in range(int(calls[0]) + 1, int(calls[-1])))
    conn = await asyncpg.connect(stack.postgres)
    unknown = [
        row["at"]
        for row in await conn.fetch(
            "SELECT extract(epoch FROM dialing_at)::float8 AS at FROM attempts"
            " WHERE state = 'unknown'"
        )
    ]
    await conn.close()
    lines = [f"{'killed':10} {'point':20} {'up s':>6} {'rate back s':>12} {'unknown':>8}"]
    for kill in kills:
        back = rate_back(calls, kill.at, enough=usual / 2)
        mine = sum(min(kills, key=lambda k: abs(k.at - at)) is kill for at in unknown)
        lines.append(
            f"{kill.service:10} {kill.point:20} {kill.up_seconds:6.1f} {back:>12} {mine:8}"
        )
    lines.append(f"usual rate {usual:.0f}/s, {len(calls)} originates, {len(unknown)} unknown")
    return "\n".join(lines)


def rate_back(calls: list[float], at: float, *, enough: float) -> str:
    """Seconds from the kill until the first second with enough calls again."""
    later = [call for call in calls if call >= at]
    first = next((call for call in later if calls_in_second(later, call) >= enough), None)
    return "not again" if first is None else f"{first - at:.1f}"


def calls_in_second(calls: list[float], at: float) -> int:
    return sum(at <= call < at + 1 for call in calls)
