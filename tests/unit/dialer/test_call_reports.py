"""Reads events of the simulated carrier, with and without the fields that were added later."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from services.dialer.providers.protocol import CallReport, Posted
from services.dialer.providers.simulated import SimulatedProvider
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.calls import NO_FACTS, CallFacts, Price
from shared.domain.outcomes import Outcome
from shared.kafka.messages.calls import CallEnded, CallEndedData
from tests.support.provider_contract import plays_none

ATTEMPT = UUID("0198f5c2-7d3e-7a10-8c41-5b1f0a6d2e01")
REFERENCE = CallReference(17, ATTEMPT)
AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
STORED = Path(__file__).parents[2] / "messages" / "outdial.call.ended.v1.json"


def an_event(**changes: object) -> bytes:
    event = {"reference": str(REFERENCE), "call_id": "c-1", "kind": "ended", "at": AT.isoformat()}
    return json.dumps(event | {"outcome": "callback_requested"} | changes).encode()


async def read(body: bytes) -> tuple[Outcome | None, datetime | None]:
    report = await report_of(body)
    return report.outcome, report.callback_at


async def facts_of(body: bytes) -> CallFacts:
    return (await report_of(body)).facts


async def report_of(body: bytes) -> CallReport:
    reports: list[CallReport] = []

    async def keep(report: CallReport) -> None:
        reports.append(report)

    trunk = Trunk(id=1, provider="simulated", settings={"url": "http://127.0.0.1"})
    provider = SimulatedProvider.connect(trunk, keep)
    try:
        posted = Posted(method="POST", address="", headers={}, body=body)
        await provider.receive(posted, plays_none)
    finally:
        await provider.close()
    [report] = reports
    return report


async def test_an_event_may_say_when_the_person_asked_to_be_called() -> None:
    said = await read(an_event(callback_at="2026-11-19T09:30:00+01:00"))

    assert said == (Outcome.CALLBACK_REQUESTED, datetime(2026, 11, 19, 8, 30, tzinfo=UTC))


async def test_an_event_without_a_time_is_read_as_before() -> None:
    assert await read(an_event()) == (Outcome.CALLBACK_REQUESTED, None)


async def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="callback_at"):
        await read(an_event(callback_at="2026-11-19T09:30:00"))


def test_an_ended_call_of_before_names_no_callback_and_a_later_one_keeps_its_own() -> None:
    old = CallEnded.model_validate_json(STORED.read_bytes())
    data = CallEndedData(
        tenant_id=17,
        attempt_id=ATTEMPT,
        outcome=Outcome.CALLBACK_REQUESTED,
        ended_at=AT,
        callback_at=AT,
    )
    new = CallEnded.of(data, at=AT)

    assert old.data.callback_at is None
    assert b"callback_at" not in old.encoded()
    assert CallEnded.model_validate_json(new.encoded()) == new


async def test_an_event_carries_what_the_carrier_knows() -> None:
    facts = {"cause": "USER_BUSY", "sip_code": 486, "price": {"amount": "0.01", "currency": "USD"}}

    assert await facts_of(an_event(facts=facts)) == CallFacts(
        cause="USER_BUSY", sip_code=486, price=Price(amount=Decimal("0.01"), currency="USD")
    )
    assert await facts_of(an_event(ring_seconds=2, talk_seconds=0)) == CallFacts(
        ring_seconds=2, talk_seconds=0
    )
    assert await facts_of(an_event(kind="ringing", ring_seconds=2)) == NO_FACTS
