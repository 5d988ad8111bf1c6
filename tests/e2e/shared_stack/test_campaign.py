"""Runs a campaign from the REST API to its last webhook, with a carrier that makes faults."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.oracle.facts import Originate, read_log
from tests.support.owner import a_campaign, hours_around, numbers, utc_now
from tests.support.stack import RunningStack
from tests.support.subscribers import subscribed, webhook_inbox
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


async def test_every_end_is_counted_and_reported(stack: RunningStack, tmp_path: Path) -> None:
    owner = stack.owner
    async with webhook_inbox() as inbox, subscribed(stack.local.servers.kafka.url) as subscriber:
        definition = a_campaign(
            "events", max_concurrent=30, calls_per_second=60, webhook={"url": inbox.url}
        )
        rows = [(number, "Atlantic/Reykjavik") for number in numbers(300)]
        campaign, created = await owner.launch_telling(definition, rows, tmp_path)
        inbox.secret = created["webhook"]["secret"]
        await owner.until_state(campaign, "completed")
        await stack.until_quiet()
        counters = await owner.counters(campaign)
        ended = counters.attempts["ended"]
        await until(lambda: len(subscriber.attempts(campaign)) == ended)
        await until(lambda: "completed" in subscriber.states(campaign))

    assert counters.contacts == {"total": 300, "pending": 0, "active": 0, "finished": 300}
    assert ended > 300
    assert sum(counters.finished.values()) == 300
    events = subscriber.attempts(campaign)
    assert Counter(event["outcome"] for event in events) == counters.outcomes
    assert len({event["attempt_id"] for event in events}) == ended
    assert sum(event["contact_finished"] for event in events) == 300
    assert subscriber.states(campaign) == ["running", "completed"]
    assert inbox.wrong == 0
    assert inbox.refused <= inbox.taken.keys()
    posted = [event["data"] for event in inbox.taken.values()]
    assert {event["attempt_id"] for event in posted if "attempt_id" in event} == {
        event["attempt_id"] for event in events
    }
    assert sorted(event["state"] for event in posted if "state" in event) == [
        "completed",
        "running",
    ]
    assert all(event["facts"]["cause"] for event in events)
    await stack.check_counts()
    await stack.check_records()
    await stack.judge()


async def test_closed_zones_are_not_called(stack: RunningStack, tmp_path: Path) -> None:
    owner, now = stack.owner, utc_now()
    # Half of the contacts are in Tokyo, nine hours ahead: it is never between these hours there.
    rows = [
        (number, ("Atlantic/Reykjavik", "Asia/Tokyo")[index % 2])
        for index, number in enumerate(numbers(60, first=38_000))
    ]
    definition = a_campaign("zones", calendar={"windows": hours_around(now)})
    campaign = await owner.launch(definition, rows, tmp_path)

    async def open_ones_are_done() -> bool:
        return (await owner.counters(campaign)).contacts["finished"] == 30

    await until(open_ones_are_done, every=0.1)
    await stack.until_quiet()
    called = {line.to for line in read_log(stack.log) if isinstance(line, Originate)}
    (waiting,) = await owner.waiting(campaign)

    assert {number for number, zone in rows if zone == "Asia/Tokyo"} & called == set()
    assert (waiting.zones, waiting.contacts) == (("Asia/Tokyo",), 30)
    assert waiting.opens_at is not None
    assert now < waiting.opens_at <= now + timedelta(days=1)
    assert (await owner.campaign(campaign))["state"] == "running"
    await stack.judge()
    await owner.cancel(campaign)
    await owner.until_state(campaign, "cancelled")
