"""Calls without reports: the reconciler looks them up at the provider and never dials again."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.dialer.providers.protocol import (
    CallReport,
    CallUnknownError,
    Originate,
    ProviderUnavailableError,
)
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome
from shared.kafka.messages.attempts import AttemptDue
from tests.support.dialing import INTERVAL, Bench
from tests.support.pipeline import an_ending
from tests.support.waiting import until


async def lose(request: Originate) -> str:
    raise CallUnknownError("no reply")


async def silent(bench: Bench) -> AttemptDue:
    """An attempt without an answer to its originate, old enough for a look-up."""
    bench.provider.answer = lose
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()
    await bench.becomes("dialing")
    await bench.pool.execute(
        "UPDATE attempts SET revisit_at = now(), dialing_at = now() - interval '20 seconds'"
    )
    return message


async def test_a_lost_reply_is_settled_by_asking_never_by_dialing(bench: Bench) -> None:
    message = await silent(bench)
    await bench.dialer.on_attempts_due([message])
    reference = bench.reference(message)
    bench.provider.known[reference] = an_ending(reference, Outcome.NO_ANSWER)

    await bench.reconciler.run_once(datetime.now(UTC))
    await bench.becomes("ended")

    assert len(bench.provider.asked) == 1
    assert await bench.contact() == ("finished", 1, "no_answer")
    assert await bench.leases() == 0


async def test_an_attempt_that_the_provider_never_saw_ends_as_unknown(bench: Bench) -> None:
    await silent(bench)

    await bench.reconciler.run_once(datetime.now(UTC))
    await bench.becomes("unknown")

    assert await bench.column("reason") == "no_record"
    assert await bench.contact() == ("finished", 1, "unknown")
    assert len(bench.provider.asked) == 1


async def test_a_provider_that_does_not_answer_is_asked_again_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await silent(bench)
    bench.provider.lookup_error = ProviderUnavailableError("down")

    at = datetime.now(UTC)
    monkeypatch.setattr("services.dialer.reconciler.now", lambda: at)
    await bench.reconciler.run_once(at)

    assert await bench.states() == ["dialing"]
    assert await bench.column("revisit_at") == at + INTERVAL


async def test_a_provider_that_hangs_for_one_tenant_delays_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.provider.answer = lose
    messages = await bench.claimed() + await bench.claimed()
    first, second = sorted(message.data.reference for message in messages)
    assert first.tenant_id != second.tenant_id
    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()
    await bench.pool.execute("UPDATE attempts SET revisit_at = now() - interval '1 second'")
    bench.provider.known = {
        reference: an_ending(reference, Outcome.NO_ANSWER) for reference in (first, second)
    }
    look_up, released = bench.provider.lookup, asyncio.Event()

    async def hang(reference: CallReference, *, call_id: str | None = None) -> CallReport | None:
        if reference == first:
            await released.wait()
        return await look_up(reference)

    monkeypatch.setattr(bench.provider, "lookup", hang)
    reconciling = asyncio.create_task(bench.reconciler.run_once(datetime.now(UTC)))

    async def has_ended() -> bool:
        return "ended" in await bench.states()

    await until(has_ended)
    assert not reconciling.done()
    released.set()
    await reconciling
    await bench.becomes("ended", "ended")


async def test_an_answer_about_another_call_settles_neither(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await silent(bench)
    other = CallReference(bench.tenant, uuid4())
    bench.provider.known[bench.reference(message)] = an_ending(other, Outcome.NO_ANSWER)
    reported: list[CallReport] = []

    async def keep(report: CallReport) -> None:
        reported.append(report)

    monkeypatch.setattr(bench.reporter, "on_report", keep)
    await bench.reconciler.run_once(datetime.now(UTC))

    assert reported == []
    assert await bench.states() == ["dialing"]


async def test_a_call_without_an_ending_is_hung_up_and_given_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await silent(bench)
    reference = bench.reference(message)
    bench.provider.known[reference] = CallReport(
        reference=reference,
        provider_call_id="call",
        state=CallState.ANSWERED,
        at=datetime.now(UTC),
    )

    await bench.reconciler.run_once(datetime.now(UTC))
    await bench.becomes("placed")
    much_later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr("services.dialer.reconciler.now", lambda: much_later)
    await bench.reconciler.run_once(much_later)
    await bench.becomes("unknown")

    assert bench.provider.hung_up == [reference]
    assert await bench.column("reason") == "no_ending"


async def test_a_placed_call_is_asked_for_by_the_providers_id(bench: Bench) -> None:
    [message] = messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed")
    reference = bench.reference(message)
    bench.provider.known[reference] = an_ending(reference, Outcome.NO_ANSWER)
    await bench.pool.execute("UPDATE attempts SET revisit_at = now()")

    await bench.reconciler.run_once(datetime.now(UTC))
    await bench.becomes("ended")

    assert bench.provider.asked_for == [f"call-{reference}"]
