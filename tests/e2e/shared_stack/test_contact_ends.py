"""The end of each contact reaches the webhook of its campaign once, whatever ended it."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.owner import RETRIED, a_campaign, numbers
from tests.support.stack import RunningStack
from tests.support.subscribers import Event, WebhookInbox, webhook_inbox
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ZONE = "Atlantic/Reykjavik"
TWICE = {"max_total": 2, "retry": {outcome: {"delay_seconds": 1} for outcome in RETRIED}}


def finished(inbox: WebhookInbox) -> list[Event]:
    events = [event["data"] for event in inbox.taken.values()]
    return [event for event in events if event.get("contact_finished")]


def states(inbox: WebhookInbox) -> list[str]:
    """In the order of their ids, which is that in which they were made."""
    events = [event for event in inbox.taken.values() if "state" in event["data"]]
    return [event["data"]["state"] for event in sorted(events, key=lambda event: event["id"])]


async def test_of_thirty_contacts_with_five_suppressed_thirty_ends_are_told(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner, called = stack.owner, numbers(30, first=39_000)
    async with webhook_inbox() as inbox:
        definition = a_campaign("told", attempts=TWICE, webhook={"url": inbox.url})
        campaign, secret = await owner.prepare_telling(
            definition, [(number, ZONE) for number in called], tmp_path
        )
        inbox.secret = secret
        for number in called[:5]:
            await owner.suppress(number)
        await owner.start(campaign)
        await owner.until_state(campaign, "completed")
        await stack.until_quiet()
        await until(lambda: "completed" in states(inbox))

    told = finished(inbox)
    assert Counter(end["external_id"] for end in told) == {f"C{n}": 1 for n in range(30)}
    suppressed = {end["external_id"] for end in told if end.get("reason") == "suppression"}
    assert suppressed == {f"C{n}" for n in range(5)}
    assert states(inbox) == ["running", "completed"]
    await stack.judge()


async def test_a_cancelled_campaign_tells_the_end_of_each_contact(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner, called = stack.owner, numbers(30, first=39_100)
    async with webhook_inbox() as inbox:
        definition = a_campaign(
            "cancelled", attempts=TWICE, webhook={"url": inbox.url}, calls_per_second=5
        )
        campaign, secret = await owner.prepare_telling(
            definition, [(number, ZONE) for number in called], tmp_path
        )
        inbox.secret = secret
        await owner.start(campaign)
        await owner.until_attempts(campaign, 3)
        await owner.pause(campaign)
        await owner.until_state(campaign, "paused")
        await owner.resume(campaign)
        await owner.until_state(campaign, "running")
        await owner.cancel(campaign)
        await owner.until_state(campaign, "cancelled")
        await stack.until_quiet()
        counters = await owner.counters(campaign)

    told = finished(inbox)
    assert Counter(end["external_id"] for end in told) == {f"C{n}": 1 for n in range(30)}
    cancelled = [end for end in told if end.get("reason") == "cancelled"]
    assert counters.contacts == {"total": 30, "pending": 0, "active": 0, "finished": 30}
    assert counters.finished["cancelled"] == len(cancelled) > 0
    assert states(inbox) == ["running", "paused", "running", "cancelled"]
    await stack.judge()
