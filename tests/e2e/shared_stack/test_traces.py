"""A request is one trace over all services, down to the header that its webhook receives."""

import json
import secrets
from pathlib import Path

import pytest

from tests.support.otlp import Collector
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack
from tests.support.subscribers import webhook_inbox
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ZONE = "Atlantic/Reykjavik"
ONCE = {"max_total": 1}


def a_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_of(traceparent: str) -> str:
    return traceparent.split("-")[1]


async def test_a_start_is_told_in_its_own_trace_and_linked_by_the_claims(
    stack: RunningStack, collector: Collector, tmp_path: Path
) -> None:
    sent = a_traceparent()
    async with webhook_inbox() as inbox:
        definition = a_campaign("traced", attempts=ONCE, webhook={"url": inbox.url})
        rows = [(number, ZONE) for number in numbers(5, first=38_000)]
        campaign, inbox.secret = await stack.owner.prepare_telling(definition, rows, tmp_path)
        answered = await stack.owner.start_in_trace(campaign, sent)
        await stack.owner.until_state(campaign, "completed")
        await stack.until_quiet()
        named = {"start_campaign", "move campaign", "webhook"}
        await until(lambda: named <= {span.name for span in collector.of(trace_of(sent))})
        await until(lambda: any(trace_of(sent) in span.links for span in collector.spans))

    spans = {span.name: span for span in collector.of(trace_of(sent))}
    assert spans["start_campaign"].parent_id == sent.split("-")[2]
    assert spans["start_campaign"].span_id == answered.split("-")[2]
    assert spans["move campaign"].parent_id == spans["start_campaign"].span_id
    assert {event["traceparent"] for event in inbox.taken.values() if "state" in event["data"]} <= {
        f"00-{span.trace_id}-{span.span_id}-01"
        for span in collector.of(trace_of(sent))
        if span.name == "move campaign"
    }
    # An attempt of a campaign belongs to no request, so its event costs nothing more.
    ended = [event for event in inbox.taken.values() if "outcome" in event["data"]]
    assert len(ended) == 5
    assert not any("traceparent" in event for event in ended)
    [linked] = {span.name for span in collector.spans if trace_of(sent) in span.links}
    assert linked == "publish"


async def test_one_call_is_one_trace_from_its_contact_to_its_webhook(
    stack: RunningStack, collector: Collector, tmp_path: Path
) -> None:
    sent = a_traceparent()
    async with webhook_inbox() as inbox:
        definition = a_campaign("one call", attempts=ONCE, webhook={"url": inbox.url})
        rows = [(number, ZONE) for number in numbers(1, first=38_100)]
        campaign, inbox.secret = await stack.owner.prepare_telling(definition, rows, tmp_path)
        await stack.ask(
            "UPDATE contacts SET traceparent = $1 WHERE campaign_id = $2", sent, campaign
        )
        await stack.owner.start(campaign)
        await stack.owner.until_state(campaign, "completed")
        await stack.until_quiet()
        named = {"claim", "originate", "report", "fold", "webhook"}
        await until(lambda: named <= {span.name for span in collector.of(trace_of(sent))})

    spans = collector.of(trace_of(sent))
    assert {span.service for span in spans if span.name in named} == {
        "outdial-scheduler",
        "outdial-dialer",
        "outdial-events",
    }
    [posted] = [
        inbox.traceparents[id]
        for id, event in inbox.taken.items()  # noqa: A001
        if "outcome" in event["data"]
    ]
    assert posted in {
        f"00-{span.trace_id}-{span.span_id}-01" for span in spans if span.name == "webhook"
    }
    lines = map(json.loads, stack.log.read_text().splitlines())
    traced = [line["traceparent"] for line in lines if "traceparent" in line]
    [called] = [each for each in traced if trace_of(each) == trace_of(sent)]
    assert called.split("-")[2] in {span.span_id for span in spans if span.name == "originate"}
    logged = [log for log in logs(stack) if log.get("trace_id") == trace_of(sent)]
    assert {"attempt claimed", "call originated", "attempt ended"} <= {
        line["event"] for line in logged
    }


def logs(stack: RunningStack) -> list[dict[str, object]]:
    files = [service.child.log for service in stack.local.services if service.child]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
