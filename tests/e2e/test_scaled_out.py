"""Two schedulers and two dialers share campaigns: they keep the caps and call no contact twice."""

from pathlib import Path

import asyncpg
import pytest

from shared.db import trunks
from shared.domain.capacity.scopes import Caps
from tests.support.owner import a_campaign, numbers
from tests.support.stack import print_figures, running_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

CONCURRENT, PER_SECOND = 20, 80
# The carrier refuses and logs each call above the trunk's caps.
CAPS = ("--max-concurrent", str(CONCURRENT), "--calls-per-second", str(PER_SECOND))


async def test_two_schedulers_and_two_dialers_keep_every_cap(tmp_path: Path) -> None:
    scale = {"scheduler": 2, "dialer": 2}
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
        for index in range(2):
            rows = [(number, "UTC") for number in numbers(200, first=index * 200)]
            definition = a_campaign(f"half {index}", max_concurrent=15, calls_per_second=60)
            running.append(await owner.launch(definition, rows, tmp_path))
        for campaign in running:
            await owner.until_state(campaign, "completed", seconds=120)
        await stack.until_quiet()

        seen = await stack.carrier_stats()
        print_figures(f"carrier: {seen}")
        assert seen["duplicates"] == 0
        assert seen["peak_concurrent"] <= CONCURRENT
        assert seen["peak_per_second"] <= PER_SECOND
        # The calls reached the caps, so the caps limited them and not the speed of the stack.
        assert seen["peak_concurrent"] > CONCURRENT / 2
        await stack.check_counts()
        await stack.judge()
