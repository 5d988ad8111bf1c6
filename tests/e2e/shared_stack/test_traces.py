"""A request is one trace over all services, down to the header that its webhook receives."""

import json
import secrets
from pathlib import Path

import pytest

from tests.support.otlp import Collector, Span
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack
from tests.support.subscribers import webhook_inbox
from tests.support.waiting import until
from tests.support.webhook_receiver import SECRET

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ZONE = "Atlantic/Reykjavik"
ONCE = {"max_total": 1}
# With a limit of its own, so that it has a campaign of its own.
ONE_CALL = {"kind": "informational", "automated": False, "talk_seconds_most": 41, "wait": True}


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
        answered = await stack.owner.post_in_trace(f"/v1/campaigns/{campaign}/start", sent)
        await stack.owner.until_state(campaign, "completed")
        await stack.until_quiet()
    named = {"start_campaign", "move campaign", "webhook"}
    moves = {event["traceparent"] for event in inbox.taken.values() if "state" in event["data"]}
    # Each service sends its spans a moment later.
    await until(lambda: named <= {span.name for span in collector.of(trace_of(sent))})
    await until(lambda: moves <= set(map(traceparent, collector.of(trace_of(sent)))))
    await until(lambda: any(trace_of(sent) in span.links for span in collector.spans))

    spans = {span.name: span for span in collector.of(trace_of(sent))}
    assert spans["start_campaign"].parent_id == sent.split("-")[2]
    assert spans["start_campaign"].span_id == answered.split("-")[2]
    assert spans["move campaign"].parent_id == spans["start_campaign"].span_id
    assert len(moves) == 2
    assert moves == {
        traceparent(span) for span in collector.of(trace_of(sent)) if span.name == "move campaign"
    }
    # An attempt of a campaign belongs to no request, so its event costs nothing more.
    ended = [event for event in inbox.taken.values() if "outcome" in event["data"]]
    assert len(ended) == 5
    assert not any("traceparent" in event for event in ended)
    [linked] = {span.name for span in collector.spans if trace_of(sent) in span.links}
    assert linked == "publish"


async def test_one_call_is_one_trace_from_its_request_to_its_webhook(
    stack: RunningStack, collector: Collector
) -> None:
    sent, (before, number) = a_traceparent(), numbers(2, first=38_100)
    async with webhook_inbox() as inbox:
        inbox.secret = SECRET
        made = await stack.owner.add("/v1/calls", ONE_CALL | {"number": before})
        await until_finished(stack, made["campaign_id"], 1)
        await stack.ask(
            "INSERT INTO webhook_endpoints (tenant_id, campaign_id, event_types, url, secret)"
            " VALUES ($1, $2, $3, $4, $5)",
            stack.tenant_id,
            made["campaign_id"],
            ["outdial.attempt.ended.v1"],
            inbox.url,
            SECRET,
        )
        answered = await stack.owner.post_in_trace("/v1/calls", sent, ONE_CALL | {"number": number})
        await until_finished(stack, made["campaign_id"], 2)
        await stack.until_quiet()
    posted = set(inbox.traceparents.values())
    named = {"place_call", "claim", "originate", "report", "fold", "webhook"}
    await until(lambda: named <= {span.name for span in collector.of(trace_of(sent))})
    await until(lambda: posted <= set(map(traceparent, collector.of(trace_of(sent)))))

    spans = collector.of(trace_of(sent))
    assert {span.service for span in spans} == {
        f"outdial-{name}" for name in ("api", "scheduler", "dialer", "events")
    }
    # All are children of the request, but for what the carrier has sent back.
    parents = {span.name: span.parent_id for span in spans}
    originates = {span.span_id for span in spans if span.name == "originate"}
    assert parents.pop("report") in originates
    assert parents.pop("place_call") == sent.split("-")[2]
    assert set(parents.values()) == {answered.split("-")[2]}
    assert {event["traceparent"] for event in inbox.taken.values()} == {answered}
    assert posted <= {traceparent(span) for span in spans if span.name == "webhook"}
    lines = map(json.loads, stack.log.read_text().splitlines())
    called = [line for line in lines if trace_of(sent) in line.get("traceparent", "")]
    assert {line["to"] for line in called} == {number}
    assert {line["traceparent"].split("-")[2] for line in called} == originates
    logged = [line for line in logs(stack) if line.get("trace_id") == trace_of(sent)]
    assert {"attempt claimed", "call originated", "attempt ended"} <= {
        line["event"] for line in logged
    }


async def until_finished(stack: RunningStack, campaign: int, count: int) -> None:
    async def are_finished() -> bool:
        return (await stack.owner.counters(campaign)).contacts["finished"] == count

    await until(are_finished, every=0.1)


def traceparent(span: Span) -> str:
    return f"00-{span.trace_id}-{span.span_id}-01"


def logs(stack: RunningStack) -> list[dict[str, object]]:
    files = [service.child.log for service in stack.local.services if service.child]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
