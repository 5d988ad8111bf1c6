"""The carrier's own peaks equal those that the checker computes from the log alone."""

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.oracle.facts import Caps, Facts, read_log
from tests.oracle.limits import over_caps
from tests.support.carrier import running_carrier
from tests.support.waiting import until

FASTER = ("--time-scale", "0.05", "--max-concurrent", "40", "--calls-per-second", "150")


async def test_the_peaks_of_the_carrier_equal_those_of_its_log(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log", *FASTER) as carrier:

        async def call_often() -> None:
            for n in range(30):
                await carrier.originate(f"+1415555{n:04}")

        await asyncio.gather(*[call_often() for _ in range(20)])

        async def none_live() -> bool:
            return bool((await carrier.stats())["live"] == 0)

        await until(none_live)
        stats = await carrier.stats()

    facts = Facts(
        log=list(read_log(carrier.log)),
        campaigns={},
        contacts={},
        attempts={},
        tenant_caps={},
        trunk_caps={},
        changes={},
        suppressions={},
        counters={},
    )
    per_second = stats["peak_per_second"]
    assert stats["peak_concurrent"] == 40
    assert list(over_caps(facts, Caps(calls_per_second=per_second))) == []
    assert list(over_caps(facts, Caps(calls_per_second=per_second - 1)))
    # A refused call counts as one more beside the calls that were up.
    assert list(over_caps(facts, Caps(max_concurrent=41))) == []
    assert list(over_caps(facts, Caps(max_concurrent=40)))
    taken = [line for line in facts.log if getattr(line, "verdict", "accepted") == "accepted"]
    facts = replace(facts, log=taken)
    assert list(over_caps(facts, Caps(max_concurrent=40, calls_per_second=150))) == []
