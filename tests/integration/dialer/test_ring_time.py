"""The ring time of unanswered calls: from the campaign and the law to the carrier."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from services.dialer.providers.protocol import CallReport, Originate
from services.dialer.providers.simulated import SimulatedProvider
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from tests.support.carrier import Listener, RunningCarrier, listening, running_carrier
from tests.support.dialing import Bench

NOBODY = {"outcomes": {"no_answer": 1}, "seconds": {"no_answer": [20, 20]}}
HUNDREDFOLD = ("--time-scale", "0.01")
LAW = {
    "name": "us.ring",
    "jurisdiction": "US",
    "says": "Calls ring for 40 seconds.",
    "source": "A test",
    "grade": "D",
    "kinds": ["informational"],
    "ring_seconds": 40,
}


@pytest.mark.parametrize(
    ("own", "law", "expected"),
    [
        (None, [], None),
        (25, [], 25),
        (25, [LAW], 40),
        (60, [LAW], 60),
        (None, [LAW], 40),
    ],
)
async def test_the_longest_of_the_campaigns_and_the_laws_is_asked_for(
    bench: Bench, own: int | None, law: list[dict[str, object]], expected: int | None
) -> None:
    messages = await bench.claimed(ring_seconds=own)
    await bench.pool.execute("UPDATE tenants SET rules = $1", json.dumps({"added": law}))

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed")

    assert [request.ring_seconds for request in bench.provider.asked] == [expected]


async def ignore(report: CallReport) -> None:
    return None


async def call(
    carrier: RunningCarrier, listener: Listener, *, ring_seconds: int | None
) -> tuple[CallReference, float]:
    """Place a call; return its reference and its scaled seconds until the end."""
    reference = CallReference(17, uuid4())
    trunk = Trunk(id=1, provider="simulated", settings={"url": carrier.url})
    provider = SimulatedProvider.connect(trunk, ignore)
    try:
        await provider.originate(
            Originate(
                reference=reference,
                to="+14155550101",
                caller_id=None,
                call_flow=None,
                events_url=listener.url,
                ring_seconds=ring_seconds,
            )
        )
        await listener.until_ended(reference)
    finally:
        await provider.close()
    [asked, ended] = [
        line
        for kind in ("originate", "ended")
        for line in carrier.lines(kind)
        if line["reference"] == str(reference)
    ]
    assert asked["ring_seconds"] == ring_seconds
    return reference, (ended["monotonic"] - asked["monotonic"]) * 100


@pytest.mark.parametrize(("asked", "rang"), [(60, 60), (5, 20), (None, 20)])
async def test_an_unanswered_call_rings_at_least_so_long(
    tmp_path: Path, asked: int | None, rang: int
) -> None:
    async with (
        running_carrier(tmp_path / "log", *HUNDREDFOLD, behaviour=NOBODY) as carrier,
        listening() as listener,
    ):
        reference, seconds = await call(carrier, listener, ring_seconds=asked)

    [ended] = [event for event in listener.events if event["kind"] == "ended"]
    assert (ended["reference"], ended["ring_seconds"]) == (str(reference), rang)
    assert seconds >= rang


async def test_an_answered_call_stops_ringing(tmp_path: Path) -> None:
    prompt = {"outcomes": {"answered_human": 1}, "seconds": {"ring": [3, 3], "talk": [1, 1]}}
    async with (
        running_carrier(tmp_path / "log", *HUNDREDFOLD, behaviour=prompt) as carrier,
        listening() as listener,
    ):
        await call(carrier, listener, ring_seconds=60)

    assert [(event["kind"], event["ring_seconds"]) for event in listener.events] == [("ended", 3)]
