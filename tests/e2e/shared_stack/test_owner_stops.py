"""Pause, resume, cancel and suppression in the middle of a fast run."""

import time
from pathlib import Path

import pytest

from tests.oracle.facts import Originate, read_log
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, print_figures

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PAUSES = 5
CALLS_PER_SECOND = 200
FAST_CAPS = {"max_concurrent": 150, "calls_per_second": CALLS_PER_SECOND}


def originates(stack: RunningStack) -> list[Originate]:
    return [line for line in read_log(stack.log) if isinstance(line, Originate)]


async def test_a_pause_stops_calls_and_a_resume_finishes_them(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner = stack.owner
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(900)]
    campaign = await owner.launch(a_campaign("paused often", **FAST_CAPS), rows, tmp_path)
    pauses = []
    for turn in range(1, PAUSES + 1):
        await owner.until_attempts(campaign, turn * 130)
        await owner.pause(campaign)
        paused_at = time.time()
        await owner.until_state(campaign, "paused")
        await stack.until_quiet()
        pauses.append((paused_at, time.time()))
        await owner.resume(campaign)
    await owner.until_state(campaign, "completed")
    await stack.until_quiet()

    lines = originates(stack)
    lags = [
        max([0.0, *(line.at - paused_at for line in lines if paused_at < line.at < resumed_at)])
        for paused_at, resumed_at in pauses
    ]
    print_figures(f"last originate after a pause was answered: {[f'{lag:.3f} s' for lag in lags]}")
    # A pause must stop calls within 1 s in 99 of 100 cases; this run has few, so in each of them.
    # The checker judges the limit of 2 s, which each case must keep.
    assert max(lags) <= 1.0
    assert len(pauses) == PAUSES
    assert (await owner.counters(campaign)).contacts["finished"] == 900
    await stack.judge()


async def test_a_cancelled_campaign_ends_with_its_last_call(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner = stack.owner
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(1_000, first=10_000)]
    campaign = await owner.launch(a_campaign("cancelled", **FAST_CAPS), rows, tmp_path)
    await owner.until_attempts(campaign, 200)
    await owner.cancel(campaign)
    await owner.until_state(campaign, "cancelled")
    await stack.until_quiet()

    counters = await owner.counters(campaign)
    assert counters.contacts == {"total": 1_000, "pending": 0, "active": 0, "finished": 1_000}
    assert 0 < counters.finished["cancelled"] < 1_000
    await stack.judge()


async def test_a_number_suppressed_while_it_is_queued_is_not_called(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner = stack.owner
    listed = numbers(250, first=20_000)
    caps = {"max_concurrent": 20, "calls_per_second": 40}
    campaign = await owner.launch(
        a_campaign("suppressed", **caps),
        [(number, "Atlantic/Reykjavik") for number in listed],
        tmp_path,
    )
    await owner.until_attempts(campaign, 20)
    claimed = await stack.ask(
        """
        SELECT array_agg(c.number) FROM attempts a JOIN contacts c ON c.id = a.contact_id
        WHERE a.state = 'claimed' AND a.campaign_id = $1
        """,
        campaign,
    )
    unwanted = [*(claimed or [])[-5:], *listed[-5:]]
    suppressed_at = {}
    for number in unwanted:
        await owner.suppress(number)
        suppressed_at[number] = time.time()
    await owner.until_state(campaign, "completed")
    await stack.until_quiet()

    late = [
        line.at - suppressed_at[line.to]
        for line in originates(stack)
        if line.to in suppressed_at and line.at > suppressed_at[line.to]
    ]
    assert max([0.0, *late]) <= 1.0
    assert not {line.to for line in originates(stack)} & set(listed[-5:])
    excluded = (await owner.counters(campaign)).finished["excluded"]
    assert 5 <= excluded <= len(unwanted)
    await stack.judge()
