"""One of two trunks is down in the middle of a run: who has only that one waits, all others go on.

The trunk is down until its first probe has failed, or for OUTDIAL_TEST_TRUNK_DOWN seconds if these
are more: 120 take five minutes.
"""

import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from outdial.client import Json
from shared.db import trunks
from shared.domain.capacity.trunk_health import PROBE_MOST, probe_delay
from tests.oracle.checker import check
from tests.oracle.facts import Originate, read_log
from tests.support.carrier import RunningCarrier, running_carrier
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, print_figures, running_stack
from tests.support.waiting import PATIENCE, until

DOWN_SECONDS = int(os.environ.get("OUTDIAL_TEST_TRUNK_DOWN") or 0)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300 + 5 * DOWN_SECONDS)]

RATE = 20
CAPS: dict[str, Any] = {"max_concurrent": 20, "calls_per_second": RATE}
ONE_CALL: dict[str, Any] = {"attempts": {"max_total": 1}}
ALONE = 200
# Enough for the campaign with both trunks to outlast the outage and the wait for the next probe.
BOTH = RATE * (30 + DOWN_SECONDS + min(DOWN_SECONDS, 60))
SCALE = 0.02


@dataclass(slots=True, kw_only=True)
class Run:
    """Two campaigns: `alone` has the trunk `south` only, `both` prefers it to the stack's own."""

    stack: RunningStack
    alone: int
    both: int

    async def attempts(self, campaign: int) -> int:
        query = "SELECT count(*) FROM attempts WHERE campaign_id = $1"
        return int(await self.stack.ask(query, campaign))

    async def calls(self, trunk: str) -> int:
        """The calls of `both` by one of its trunks that have ended."""
        return int(
            await self.stack.ask(
                """
                SELECT count(*) FROM call_records AS call
                JOIN trunks AS trunk ON trunk.id = call.trunk_id
                WHERE call.campaign_id = $1 AND trunk.name = $2 AND call.ended_at IS NOT NULL
                """,
                self.both,
                trunk,
            )
        )

    async def until_calls(self, trunk: str, more: int) -> None:
        wanted = await self.calls(trunk) + more

        async def enough() -> bool:
            return await self.calls(trunk) >= wanted

        await until(enough, every=0.1)

    async def until_outage(self, holds: Callable[[asyncpg.Record | None], bool]) -> None:
        conn = await asyncpg.connect(self.stack.postgres)
        try:

            async def is_so() -> bool:
                return holds(await conn.fetchrow("SELECT * FROM trunk_outages"))

            await until(is_so, seconds=PATIENCE + DOWN_SECONDS, every=0.1)
        finally:
            await conn.close()


@asynccontextmanager
async def a_run(folder: Path, carrier: RunningCarrier) -> AsyncIterator[Run]:
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(ALONE + BOTH)]
    async with running_stack(
        folder / "stack", scale={"scheduler": 2, "dialer": 2}, behaviour={}, time_scale=SCALE
    ) as stack:
        conn = await asyncpg.connect(stack.postgres)
        try:
            settings = {"url": carrier.url}
            await trunks.upsert(conn, name="south", provider="simulated", settings=settings)
        finally:
            await conn.close()
        alone = a_campaign("alone", trunk="south", **CAPS, **ONE_CALL)
        both = a_campaign("both", trunk=["south", "default"], **CAPS, **ONE_CALL)
        yield Run(
            stack=stack,
            alone=await stack.owner.launch(alone, rows[:ALONE], folder),
            both=await stack.owner.launch(both, rows[ALONE:], folder),
        )


def cut_off(log: Path, *, at: float) -> list[Json]:
    """The ends of the calls that were up when their carrier was killed: it could not log them."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    up = {line["reference"] for line in lines if line.get("verdict") == "accepted"}
    up -= {line["reference"] for line in lines if line["kind"] == "ended"}
    return [
        {"kind": "ended", "at": at, "reference": reference, "outcome": "unknown"}
        for reference in sorted(up)
    ]


def whole_log(folder: Path, *logs: Path, ends: list[Json]) -> Path:
    """The lines of several carriers in one file, in order of time, with further ends."""
    lines = [json.loads(line) for log in logs for line in log.read_text().splitlines()] + ends
    lines.sort(key=itemgetter("at"))
    log = folder / "whole.jsonl"
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return log


def calls_in(*logs: Path) -> set[str]:
    """The attempts whose calls these carriers took."""
    lines = [line for log in logs for line in read_log(log) if isinstance(line, Originate)]
    return {str(line.reference) for line in lines if line.verdict == "accepted"}


async def check_trunks(run: Run, south: set[str], default: set[str]) -> None:
    """Each call is recorded with the trunk whose carrier has it in its log.

    A carrier that is killed may have taken calls that it did not log; they end as unknown.
    """
    rows = json.loads(
        await run.stack.ask(
            """
            SELECT json_agg(call.attempt_id) FROM call_records AS call
            JOIN trunks AS trunk ON trunk.id = call.trunk_id WHERE trunk.name = 'south'
            """
        )
    )
    assert south <= set(rows)
    assert not default & set(rows)


async def test_a_trunk_that_is_down_stops_those_who_have_no_other(tmp_path: Path) -> None:
    logs = [tmp_path / "before.jsonl", tmp_path / "after.jsonl"]
    scale = ("--time-scale", str(SCALE))
    async with (
        running_carrier(logs[0], *scale) as carrier,
        a_run(tmp_path, carrier) as run,
        AsyncExitStack() as later,
    ):
        owner = run.stack.owner
        await owner.until_attempts(run.alone, 40)
        assert await run.calls("default") == 0

        before, went_at = await run.attempts(run.alone), time.time()
        run.stack.note("a carrier is killed")
        await carrier.stop(signal.SIGKILL)
        ends = cut_off(logs[0], at=time.time())
        await run.until_outage(lambda outage: outage is not None)
        opening = await run.attempts(run.alone) - before
        await run.until_calls("default", 2 * RATE)
        why, other = [await owner.campaign_why(campaign) for campaign in (run.alone, run.both)]
        await run.until_outage(lambda outage: outage is not None and outage["probes"] >= 1)
        while time.time() - went_at < DOWN_SECONDS:
            await run.until_calls("default", RATE)
        probes = await run.stack.ask("SELECT probes FROM trunk_outages")
        probing = await run.attempts(run.alone) - before - opening

        port = str(urlsplit(carrier.url).port)
        back_at = time.time()
        await later.enter_async_context(running_carrier(logs[1], *scale, "--port", port))
        await run.until_outage(lambda outage: outage is None)
        up_at = time.time()
        await run.until_calls("south", RATE)
        for campaign in (run.alone, run.both):
            await owner.until_state(campaign, "completed", seconds=120 + 2 * DOWN_SECONDS)
        await run.stack.until_quiet()

        conn = await asyncpg.connect(run.stack.postgres)
        try:
            log = whole_log(tmp_path, run.stack.log, *logs, ends=ends)
            violations = await check(conn, log, faults=run.stack.faults)
        finally:
            await conn.close()
        south, default = calls_in(*logs), calls_in(run.stack.log)
        counters = [await owner.counters(campaign) for campaign in (run.alone, run.both)]
        print_figures(
            f"down for {back_at - went_at:.0f} s, up {up_at - back_at:.1f} s after the carrier; "
            f"rows of who waits: {opening} until the breaker was open, {probing} in {probes} "
            f"probes; calls by the other trunk: {len(default)}; unknown: "
            f"{[each.outcomes.get('unknown', 0) for each in counters]}; "
            f"why: {why['trunks_down']}"
        )
        assert {entry["reason"] for entry in why["waiting"]} == {"trunk_down"}
        assert [down["trunk"] for down in why["trunks_down"]] == ["south"]
        assert [down["trunk"] for down in other["trunks_down"]] == ["south"]
        assert "trunk_down" not in {entry["reason"] for entry in other["waiting"]}
        assert opening <= 4 * (CAPS["calls_per_second"] + CAPS["max_concurrent"])
        # Two schedulers may claim for one probe at the same moment.
        assert probing <= 2 * (PROBE_MOST + 1) * probes
        assert up_at - back_at < probe_delay(probes).total_seconds() + 15
        for each, people in zip(counters, (ALONE, BOTH), strict=True):
            assert each.contacts["finished"] == people
        await check_trunks(run, south, default)
        assert [str(violation) for violation in violations[:20]] == []
