"""A window that closes while two thousand attempts are queued for the dialer."""

import json
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from tests.oracle.facts import Originate, read_log
from tests.support.owner import Owner, a_campaign, hours, numbers, utc_now
from tests.support.stack import RunningStack, print_figures
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

QUEUED = 2_000
CLOSED = 500
# Shorter than Kafka's session timeout, long enough to claim all contacts.
FROZEN = timedelta(seconds=4.5)
# The dialer stops two seconds before the closing; until then it dials some of the queue.
RESUMED = timedelta(seconds=8)
A_SECOND = 100


async def queued(owner: Owner, campaign: int) -> bool:
    return (await owner.counters(campaign)).attempts["live"] >= QUEUED


async def test_no_contact_is_called_after_the_closing(stack: RunningStack, tmp_path: Path) -> None:
    owner = stack.owner
    closing = (utc_now() + timedelta(seconds=80)).replace(second=0, microsecond=0)
    # The contacts in Tokyo are nine hours ahead: it is not between these hours there.
    rows = [(number, "Atlantic/Reykjavik") for number in numbers(QUEUED, first=30_000)]
    rows += [(number, "Asia/Tokyo") for number in numbers(CLOSED, first=34_000)]
    calendar = {"windows": hours(closing - timedelta(hours=2), closing)}
    campaign = await owner.prepare(a_campaign("closing", calendar=calendar), rows, tmp_path)
    dialer = stack.local.service("dialer").child
    assert dialer is not None

    await until(lambda: utc_now() >= closing - RESUMED - FROZEN, seconds=90, every=0.01)
    dialer.send(signal.SIGSTOP)
    try:
        await owner.start(campaign)
        await until(lambda: queued(owner, campaign), seconds=4, every=0.05)
        # At this rate some of the queue is left when the window closes.
        await stack.ask("UPDATE trunks SET calls_per_second = $1 RETURNING 1", A_SECOND)
        await until(lambda: utc_now() >= closing - RESUMED, seconds=10, every=0.01)
    finally:
        dialer.send(signal.SIGCONT)
    await until(lambda: utc_now() >= closing, seconds=20, every=0.01)
    await stack.until_quiet()

    called = [line for line in read_log(stack.log) if isinstance(line, Originate)]
    ours = [line for line in called if line.to in dict(rows)]
    last = closing.timestamp() - max(line.at for line in ours)
    by_reason = await stack.ask(
        """
        SELECT json_object_agg(reason, count) FROM (
            SELECT coalesce(reason, state) AS reason, count(*) FROM attempts
            WHERE campaign_id = $1 GROUP BY 1
        ) AS ends
        """,
        campaign,
    )
    ends = json.loads(by_reason)
    print_figures(f"{len(ours)} called, the last {last:.2f} s before the closing; attempts: {ends}")
    assert last > 0
    assert {dict(rows)[line.to] for line in ours} == {"Atlantic/Reykjavik"}
    assert 0 < len(ours) < QUEUED / 2
    assert ends.get("window", 0) >= QUEUED / 2, ends
    await stack.ask("UPDATE trunks SET calls_per_second = NULL RETURNING 1")
    await stack.judge()
    await owner.cancel(campaign)
    await owner.until_state(campaign, "cancelled", seconds=10)
