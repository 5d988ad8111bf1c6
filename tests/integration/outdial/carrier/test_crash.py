"""The carrier is killed under load: its log has every answered call, and a new one reads them."""

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp

from tests.support.carrier import RunningCarrier, running_carrier
from tests.support.waiting import PATIENCE, until

FAST = ("--time-scale", "0.001")


async def originate_until_killed(carrier: RunningCarrier, answered: dict[UUID, str]) -> None:
    while True:
        reference = uuid4()
        try:
            status, body = await carrier.originate(reference=reference)
        except aiohttp.ClientError:
            return
        assert status == 201
        answered[reference] = body["call_id"]


async def test_kill_9_loses_no_answered_call(tmp_path: Path) -> None:
    answered: dict[UUID, str] = {}
    async with running_carrier(tmp_path / "log", *FAST) as carrier:
        callers = [originate_until_killed(carrier, answered) for _ in range(16)]
        load = asyncio.gather(*callers)
        await until(lambda: len(answered) > 300)
        await carrier.stop(signal.SIGKILL)
        await load

    whole = [line for line in (tmp_path / "log").read_text().splitlines(True) if line[-1] == "\n"]
    logged = Counter(
        line["reference"] for line in map(json.loads, whole) if line["kind"] == "originate"
    )
    assert set(map(str, answered)) <= set(logged)
    assert set(logged.values()) == {1}


async def test_a_log_opened_again_remembers_its_calls(tmp_path: Path) -> None:
    ended, up = uuid4(), uuid4()
    script = {"numbers": {"+14155550100": {"outcomes": ["busy", "no_answer"]}}}
    async with running_carrier(tmp_path / "log", behaviour=script) as first:
        _, body = await first.originate("+14155550100", reference=ended)
        await first.hang_up(ended)
        await first.originate("+14155550199", reference=up)
        await first.stop(signal.SIGKILL)

    async with running_carrier(tmp_path / "log", *FAST, behaviour=script) as second:
        status, again = await second.originate("+14155550100", reference=ended)
        report = await second.lookup(up)
        third = uuid4()
        await second.originate("+14155550100", reference=third)

        async def third_ended() -> bool:
            record = await second.lookup(third)
            return record is not None and record["outcome"] == "no_answer"

        await until(third_ended)
        stats = await second.stats()
        lines = second.lines("ended")

    assert (status, again["call_id"]) == (409, body["call_id"])
    assert report is not None
    assert (report["state"], report["outcome"]) == ("ended", "network_error")
    assert (stats["accepted"], stats["duplicates"], stats["live"]) == (3, 1, 0)
    assert sum(stats["ended"].values()) == len(lines) == 3


async def test_a_second_carrier_on_the_same_log_does_not_start(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log") as carrier:
        command = ("-m", "outdial.carrier", "--log", str(carrier.log))
        other = await asyncio.create_subprocess_exec(
            sys.executable, *command, stderr=asyncio.subprocess.PIPE
        )
        _, said = await asyncio.wait_for(other.communicate(), PATIENCE)

    assert other.returncode == 1
    assert b"in use" in said
