"""From a due attempt to its end: the dialer and the fold on real PostgreSQL, Redis and Kafka."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from services.dialer.candidates import ClockSkewError
from services.dialer.compare_and_set import mark_dialing
from services.dialer.permits.permits import Permits, Refusal
from services.dialer.providers.protocol import CallRefusedError, Originate
from services.dialer.providers.trunks import Trunks
from shared.domain.attempts import AttemptState, CallReference, UnknownReason
from shared.domain.calls import CallFacts, CallState
from shared.domain.capacity.scopes import Caps, Hierarchy, Scope
from shared.domain.outcomes import Outcome
from shared.domain.reasons import Reason
from tests.support.dialing import Bench
from tests.support.pipeline import an_ending


class PausingPermits(Permits):
    """Permits for a campaign that its owner pauses just after they were granted."""

    @override
    async def acquire(
        self, wanted: Sequence[tuple[CallReference, Hierarchy]], caps: dict[Scope, Caps]
    ) -> list[Refusal | None]:
        answers = await super().acquire(wanted, caps)
        await self.pool.execute("UPDATE campaigns SET wanted_state = 'paused'")
        return answers


async def test_a_message_that_comes_twice_dials_once(bench: Bench) -> None:
    messages = await bench.claimed(3)

    await asyncio.gather(
        bench.dialer.on_attempts_due(messages + messages),
        bench.dialer.on_attempts_due(messages),
    )
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed", "placed", "placed")

    asked = [request.reference for request in bench.provider.asked]
    assert sorted(asked) == sorted(map(bench.reference, messages))
    assert await bench.leases() == 3


async def test_the_row_says_dialing_before_the_provider_is_asked(bench: Bench) -> None:
    seen = []

    async def look(request: Originate) -> str:
        seen.append(await bench.states())
        return "call"

    bench.provider.answer = look

    await bench.dialer.on_attempts_due(await bench.claimed())
    await bench.becomes("placed")

    assert seen == [["dialing"]]
    assert await bench.column("provider_call_id") == "call"


async def test_a_report_before_the_end_is_kept_if_it_carries_facts(bench: Bench) -> None:
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    end = an_ending(bench.reference(message))
    ringing = replace(end, state=CallState.RINGING, outcome=None)
    pressed = replace(ringing, state=CallState.ANSWERED, facts=CallFacts(digits="4\x002"))

    for report in (ringing, pressed, end):
        await bench.reporter.on_report(report)
    await bench.becomes("ended")

    kept = json.loads(await bench.pool.fetchval("SELECT reports FROM call_records"))
    assert [report["state"] for report in kept] == ["ended", "answered"]
    assert kept[1]["facts"] == {"digits": "42"}


async def test_an_id_that_no_table_keeps_loses_no_call(bench: Bench) -> None:
    """One statement keeps the ids of a batch, so one that it refuses would lose them all."""

    async def answer(_request: Originate) -> str:
        return "call\x00-1"

    bench.provider.answer = answer
    [message] = messages = await bench.claimed()

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed")
    end = replace(an_ending(bench.reference(message)), provider_call_id="\x00")
    await bench.reporter.on_report(end)
    await bench.becomes("ended")

    assert await bench.column("provider_call_id") == "call-1"


async def test_an_ending_is_counted_once_however_often_it_is_reported(bench: Bench) -> None:
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    report = an_ending(bench.reference(message))

    await asyncio.gather(*(bench.reporter.on_report(report) for _ in range(3)))
    await bench.becomes("ended")
    await bench.reporter.on_report(an_ending(bench.reference(message), Outcome.BUSY))

    assert await bench.contact() == ("finished", 1, "answered_human")
    assert await bench.leases() == 0
    counters = await bench.pool.fetch("SELECT name, value FROM campaign_counters ORDER BY name")
    assert [tuple(row) for row in counters] == [
        ("contacts", 1),
        ("finished.answered_human", 1),
        ("outcome.answered_human", 1),
    ]
    assert await bench.pool.fetchval("SELECT count(*) FROM public_events") == 1


async def test_an_ending_before_the_reply_is_kept(bench: Bench) -> None:
    async def end_first(request: Originate) -> str:
        await bench.reporter.on_report(an_ending(request.reference))
        await bench.becomes("ended")
        return f"call-{request.reference}"

    bench.provider.answer = end_first

    await bench.dialer.on_attempts_due(await bench.claimed())
    await bench.originator.drain()

    assert await bench.states() == ["ended"]
    assert await bench.column("placed_at") is not None


@pytest.mark.parametrize("wanted", ["paused", "cancelled"])
async def test_a_call_that_the_owner_stopped_is_dropped_and_costs_nothing(
    bench: Bench, wanted: str
) -> None:
    messages = await bench.claimed()
    await bench.pool.execute("UPDATE campaigns SET wanted_state = $1", wanted)

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped")

    assert bench.provider.asked == []
    assert await bench.contact() == ("pending", 0, None)


async def test_a_pause_after_the_permit_still_stops_the_call(bench: Bench) -> None:
    messages = await bench.claimed()
    dialer = replace(bench.dialer, permits=PausingPermits(bench.redis, bench.pool, 60))

    await dialer.on_attempts_due(messages)

    assert await bench.states() == ["claimed"]
    assert bench.provider.asked == []


async def test_a_suppressed_number_is_excluded(bench: Bench) -> None:
    messages = await bench.claimed()
    await bench.pool.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT m.tenant_id, c.number, 'asked' FROM contacts c JOIN campaigns m ON true
        """
    )

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped")

    assert bench.provider.asked == []
    assert await bench.contact() == ("finished", 0, "excluded")


async def test_nothing_is_dialed_in_the_last_moments_of_a_window(bench: Bench) -> None:
    messages = await bench.claimed()
    await bench.pool.execute(
        "UPDATE attempts SET window_closes_at = $1", datetime.now(UTC) + timedelta(seconds=1)
    )

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped")

    assert bench.provider.asked == []
    assert await bench.column("reason") == "window"


async def test_an_edited_calendar_closes_what_was_claimed_under_the_old_one(bench: Bench) -> None:
    messages = await bench.claimed()
    await bench.pool.execute(
        """
        UPDATE campaigns
        SET definition = jsonb_set(definition, '{calendar,end_date}', '"2020-01-01"')
        """
    )

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped")

    assert bench.provider.asked == []


async def test_without_a_permit_the_attempt_is_handed_back_with_a_time(bench: Bench) -> None:
    messages = await bench.claimed(3, caps={"max_concurrent": 1})

    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()

    assert len(bench.provider.asked) == 1
    assert sorted(await bench.states()) == ["claimed", "claimed", "placed"]
    soonest = await bench.pool.fetchval(
        "SELECT max(revisit_at) FROM attempts WHERE state = 'claimed'"
    )
    assert soonest < datetime.now(UTC) + timedelta(seconds=2)


async def refuse(request: Originate) -> str:
    raise CallRefusedError("status_503")


async def test_a_refusal_drops_the_attempt_and_keeps_the_budget(bench: Bench) -> None:
    bench.provider.answer = refuse

    await bench.dialer.on_attempts_due(await bench.claimed())
    await bench.becomes("dropped")

    assert await bench.contact() == ("pending", 0, None)
    not_before = await bench.pool.fetchval("SELECT not_before FROM contacts")
    assert not_before > datetime.now(UTC)
    assert await bench.leases() == 0


@pytest.mark.parametrize(
    ("asked", "waited"), [(timedelta(0), 5), (timedelta(seconds=40), 40), (timedelta(days=1), 300)]
)
async def test_the_wait_that_a_provider_asks_for_is_bounded(
    bench: Bench, asked: timedelta, waited: int
) -> None:
    async def refuse_for_a_while(request: Originate) -> str:
        raise CallRefusedError("status_429", retry_after=asked)

    bench.provider.answer = refuse_for_a_while
    at = datetime.now(UTC)

    await bench.dialer.on_attempts_due(await bench.claimed())
    await bench.becomes("dropped")

    not_before = await bench.pool.fetchval("SELECT not_before FROM contacts")
    delay = (not_before - at).total_seconds()
    assert waited <= delay < waited + 60


async def test_a_number_that_the_provider_calls_invalid_is_finished(bench: Bench) -> None:
    async def invalid(request: Originate) -> str:
        raise CallRefusedError("invalid_number", outcome=Outcome.INVALID_NUMBER)

    bench.provider.answer = invalid

    await bench.dialer.on_attempts_due(await bench.claimed())
    await bench.becomes("ended")

    assert await bench.contact() == ("finished", 1, "invalid_number")


async def test_a_drop_that_comes_too_late_does_not_end_a_dialed_attempt(bench: Bench) -> None:
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed")

    await bench.reporter.dropped(
        bench.reference(message),
        Reason.CAMPAIGN,
        AttemptState.CLAIMED,
        retry_at=datetime.now(UTC),
    )
    await bench.reporter.on_report(an_ending(bench.reference(message)))
    await bench.becomes("ended")


async def test_a_busy_contact_is_called_again_after_its_delay(bench: Bench) -> None:
    retry = {"max_total": 2, "retry": {"busy": {"delay_seconds": 60}}}
    [message] = messages = await bench.claimed(attempts=retry)
    await bench.dialer.on_attempts_due(messages)
    at = datetime.now(UTC)

    await bench.reporter.on_report(an_ending(bench.reference(message), Outcome.BUSY, at=at))
    await bench.becomes("ended")

    assert await bench.contact() == ("pending", 1, None)
    not_before = await bench.pool.fetchval("SELECT not_before FROM contacts")
    assert not_before == at + timedelta(seconds=60)


async def test_a_clock_that_is_off_stops_dialing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = await bench.claimed()
    monkeypatch.setattr(
        "services.dialer.candidates.now", lambda: datetime.now(UTC) + timedelta(seconds=3)
    )

    with pytest.raises(ClockSkewError):
        await bench.dialer.on_attempts_due(messages)

    assert bench.provider.asked == []
    assert await bench.states() == ["claimed"]


async def test_an_ending_without_a_known_outcome_is_unknown(bench: Bench) -> None:
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed")

    await bench.reporter.on_report(an_ending(bench.reference(message), Outcome.UNKNOWN))
    await bench.becomes("unknown")

    assert await bench.contact() == ("finished", 1, "unknown")


@pytest.mark.parametrize("year", [2020, 9999])
async def test_a_carrier_with_a_wrong_clock_moves_no_retry(bench: Bench, year: int) -> None:
    retry = {"max_total": 2, "retry": {"busy": {"delay_seconds": 60}}}
    [message] = messages = await bench.claimed(attempts=retry)
    began = datetime.now(UTC)
    await bench.dialer.on_attempts_due(messages)
    at = datetime(year, 12, 31, tzinfo=UTC)

    await bench.reporter.on_report(an_ending(bench.reference(message), Outcome.BUSY, at=at))
    await bench.becomes("ended")

    not_before = await bench.pool.fetchval("SELECT not_before FROM contacts")
    assert began < not_before - timedelta(seconds=60) < datetime.now(UTC)


async def test_a_trunk_that_leads_nowhere_drops_its_attempts(bench: Bench) -> None:
    messages = await bench.claimed()
    await bench.pool.execute("UPDATE trunks SET provider = 'nobody'")
    dialer = replace(bench.dialer, trunks=Trunks(bench.pool, bench.reporter.on_report))

    await dialer.on_attempts_due(messages)
    await bench.becomes("dropped")

    assert await bench.contact() == ("pending", 0, None)
    assert await bench.leases() == 0


async def test_an_attempt_that_does_not_hold_its_number_is_not_dialed(bench: Bench) -> None:
    messages = await bench.claimed()
    await bench.pool.execute("UPDATE attempts SET phone = NULL")

    await bench.dialer.on_attempts_due(messages + messages)
    await bench.becomes("dropped")

    assert await bench.column("reason") == Reason.CALL_UP
    assert await bench.contact() == ("pending", 0, None)
    assert bench.provider.asked == []
    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert await bench.pool.fetchval("SELECT not_before FROM contacts") < soon


async def test_the_compare_and_set_loses_without_the_number(bench: Bench) -> None:
    """The number is lost between the look of the dialer and its commit."""
    messages = await bench.claimed()
    [candidate] = await bench.dialer.candidates.read(messages)
    await bench.pool.execute("UPDATE attempts SET phone = '+12025559999'")

    marked = await mark_dialing(bench.pool, [candidate], reconcile=timedelta(seconds=10))

    assert (marked.dialed, marked.blocked) == ({}, [])
    assert await bench.states() == ["claimed"]


@pytest.mark.parametrize("definition", [{}, {"frequency_caps": [{"max_calls": 9, "hours": 24}]}])
async def test_two_dialers_with_the_same_attempts_in_opposite_orders_share_them(
    bench: Bench, definition: dict[str, Any]
) -> None:
    candidates = await bench.dialer.candidates.read(await bench.claimed(200, **definition))
    reconcile = timedelta(seconds=10)

    one, other = await asyncio.gather(
        mark_dialing(bench.pool, candidates, reconcile=reconcile),
        mark_dialing(bench.pool, candidates[::-1], reconcile=reconcile),
    )

    assert len(one.dialed) + len(other.dialed) == 200
    assert one.dialed.keys().isdisjoint(other.dialed)
    calls = await bench.pool.fetchval("SELECT count(*) FROM person_calls")
    assert calls == (200 if definition else 0)


async def test_the_end_of_an_attempt_lets_go_of_its_number(bench: Bench) -> None:
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    assert await bench.column("phone") == "+12025550000"

    await bench.reporter.unknown(bench.reference(message), UnknownReason.NO_REPLY)
    await bench.becomes("unknown")

    assert await bench.column("phone") is None
