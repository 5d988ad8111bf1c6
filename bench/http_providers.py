"""Attempts per second through providers over HTTP, beside the null provider in the same run.

The carriers are processes that log each originate and report each end over HTTP.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from bench.end_to_end import ROUNDS, Route, attempt_rate, median
from bench.processes import cpu_seconds
from outdial.stack.servers import LocalServers
from shared.db.migrate import migrate
from shared.kafka.topics import create_topics
from tests.support.carrier import running_carrier
from tests.support.twilio_carrier.process import TOKEN, running_twilio

ATTEMPTS = int(os.environ.get("BENCH_ATTEMPTS", "15000"))
# Without such a cap more calls are started at once than a carrier of one process answers in time.
AT_ONCE = 1_000
# Every call is answered, and is over after a few hundredths of a second.
SIMULATED = {"outcomes": {"answered_human": 1}}
TIME_SCALE = ("--time-scale", "0.001")
TWILIO = {"ring_seconds": 0.01, "talk_seconds": 0.01}


async def measure(servers: LocalServers) -> dict[str, float]:
    """Rounds of the providers alternate; the figures are medians."""
    await asyncio.to_thread(migrate, servers.postgres.url)
    await create_topics(servers.kafka.url)
    rates: dict[str, list[float]] = {}
    costs: dict[tuple[str, str], list[float]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outdial-carriers-")))
        simulated = await stack.enter_async_context(
            running_carrier(folder / "simulated.jsonl", *TIME_SCALE, behaviour=SIMULATED)
        )
        twilio = await stack.enter_async_context(
            running_twilio(folder / "twilio.jsonl", TWILIO, fsync=False)
        )
        routes = (
            (Route(max_concurrent=AT_ONCE), None),
            (
                Route(
                    provider="simulated",
                    settings={"url": simulated.url},
                    max_concurrent=AT_ONCE,
                ),
                simulated.process.pid,
            ),
            (
                Route(
                    provider="twilio",
                    settings=twilio.settings,
                    secret=TOKEN,
                    max_concurrent=AT_ONCE,
                ),
                twilio.pid,
            ),
        )
        for _ in range(ROUNDS):
            for route, carrier in routes:
                before = 0.0 if carrier is None else cpu_seconds(carrier)
                rate, cost = await attempt_rate(servers, route=route, attempts=ATTEMPTS)
                if carrier is not None:
                    used = cpu_seconds(carrier) - before
                    cost["carrier"] = used / ATTEMPTS * 1e6
                rates.setdefault(route.provider, []).append(rate)
                for name, each in cost.items():
                    costs.setdefault((route.provider, name), []).append(each)
    return figures(rates, costs)


def figures(
    rates: Mapping[str, list[float]], costs: Mapping[tuple[str, str], list[float]]
) -> dict[str, float]:
    null = rates["null"]
    shown: dict[str, float] = {}
    for provider, each in rates.items():
        ratios = [rate / bound for rate, bound in zip(each, null, strict=True)]
        shown[f"{provider}: attempts/s, due to folded"] = median(each)
        shown[f"{provider}: ratio to null"] = median(ratios)
        for (of, name), values in costs.items():
            if of == provider:
                shown[f"{provider}: CPU of {name}, microseconds per attempt"] = median(values)
    return shown
