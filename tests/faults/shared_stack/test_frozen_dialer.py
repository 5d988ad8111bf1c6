"""A dialer that is frozen for longer than its permits and its Kafka session live does no harm."""

import signal
import time
from pathlib import Path

import pytest

from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, print_figures
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

CONTACTS = 1_400
# Above the claim's lease (2 s), the permit's life (0.15 s) and Kafka's session (6 s).
FROZEN_SECONDS = 9.0


async def test_the_other_one_takes_over(stack: RunningStack, tmp_path: Path) -> None:
    owner = stack.owner
    definition = a_campaign("frozen", max_concurrent=150, calls_per_second=120)
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(CONTACTS)]
    campaign = await owner.launch(definition, rows, tmp_path)
    await owner.until_attempts(campaign, 100)
    frozen = stack.local.service("dialer-1").child
    assert frozen is not None
    stack.note("dialer frozen")
    began = time.monotonic()
    before = (await owner.counters(campaign)).attempts["ended"]
    frozen.send(signal.SIGSTOP)
    await until(lambda: time.monotonic() - began > FROZEN_SECONDS)
    # The other dialer has all partitions now.
    await owner.until_attempts(campaign, before + 200)
    meanwhile = (await owner.counters(campaign)).attempts["ended"] - before
    assert (await owner.campaign(campaign))["state"] == "running"
    frozen.send(signal.SIGCONT)
    stack.note("dialer awake")
    await owner.until_state(campaign, "completed")
    await stack.until_quiet()
    counters = await owner.counters(campaign)
    print_figures(
        f"{meanwhile} attempts ended meanwhile, {counters.outcomes.get('unknown', 0)} unknown"
    )
    assert counters.contacts["finished"] == CONTACTS
    assert (await stack.carrier_stats())["duplicates"] == 0
    await stack.judge()
