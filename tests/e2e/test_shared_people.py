"""Two campaigns of a tenant share all their people: no person is in two calls at once."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from tests.oracle.facts import CallEnd, Originate, read_log
from tests.support.owner import a_campaign, numbers
from tests.support.stack import print_figures, running_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

PEOPLE, PER_SECOND = 600, 500


def calls_at_once(log: Path) -> int:
    """The most calls that were up to one number, by the order of the carrier's lines."""
    most, up = 0, Counter[str]()
    number_of: dict[UUID, str] = {}
    for line in read_log(log):
        if isinstance(line, CallEnd):
            up[number_of[line.reference]] -= 1
        elif line.verdict == "accepted":
            number_of[line.reference] = line.to
            up[line.to] += 1
            most = max(most, up[line.to])
    return most


async def test_no_person_is_called_by_two_campaigns_at_once(tmp_path: Path) -> None:
    # Calls last from half a second to some seconds, so that the campaigns meet on most numbers.
    async with running_stack(
        tmp_path / "stack", scale={"scheduler": 2, "dialer": 2}, time_scale=0.05
    ) as stack:
        owner, rows = stack.owner, [(number, "Atlantic/Reykjavik") for number in numbers(PEOPLE)]
        rounds = [
            await owner.prepare(
                a_campaign(f"round {index}", calls_per_second=PER_SECOND), rows, tmp_path
            )
            for index in range(2)
        ]
        await asyncio.gather(*map(owner.start, rounds))
        for campaign in rounds:
            await owner.until_state(campaign, "completed", seconds=300)
        await stack.until_quiet()

        calls = [line for line in read_log(stack.log) if isinstance(line, Originate)]
        called = Counter(line.to for line in calls if line.verdict == "accepted")
        seen = await stack.carrier_stats()
        met = await stack.ask("SELECT count(*) FROM attempts WHERE reason = 'call_up'")
        rows_made = await stack.ask("SELECT count(*) FROM attempts")
        print_figures(f"carrier: {seen}; {rows_made} attempts, {met} dropped for another call")
        assert len(called) == PEOPLE
        assert min(called.values()) >= 2
        assert calls_at_once(stack.log) == 1
        assert met == 0
        await stack.check_counts()
        await stack.judge()
