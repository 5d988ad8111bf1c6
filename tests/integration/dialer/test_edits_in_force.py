"""From its commit on an edit applies to claimed attempts and to the next claim."""

from datetime import UTC, datetime, timedelta
from typing import Any

from faststream.kafka import KafkaBroker

from shared.definitions.calendar import DAYS
from shared.kafka.messages.attempts import AttemptDue
from tests.support.api import Api
from tests.support.campaigns import ALWAYS
from tests.support.claiming import a_claimer
from tests.support.dialing import Bench
from tests.support.waiting import until


async def claimed(bench: Bench, api: Api, count: int, **parts: Any) -> list[AttemptDue]:
    return await bench.claimed(count, tenant_id=api.tenant_id, **parts)


async def edit(bench: Bench, api: Api, **parts: Any) -> None:
    answer = await api.ask("PATCH", f"/v1/campaigns/{bench.campaign}", json=parts)
    assert answer.status_code == 200, answer.text


def a_closed_calendar() -> dict[str, Any]:
    """A calendar with one weekday, which is neither today nor tomorrow in any zone."""
    day = DAYS[(datetime.now(UTC).weekday() + 3) % 7]
    return {"windows": [{"days": [day], "start": "00:00", "end": "24:00"}]}


async def test_an_attempt_claimed_before_the_window_was_closed_is_not_dialed(
    bench: Bench, api: Api, broker: KafkaBroker
) -> None:
    messages = await claimed(bench, api, 3)

    await edit(bench, api, calendar=a_closed_calendar())
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped", "dropped", "dropped")

    assert bench.provider.asked == []
    reasons = await bench.pool.fetch("SELECT DISTINCT reason FROM attempts")
    assert [row["reason"] for row in reasons] == ["window"]
    contacts = await bench.pool.fetch("SELECT DISTINCT state, attempts, waits_for FROM contacts")
    assert [tuple(row) for row in contacts] == [("pending", 0, "window")]
    # Two schedulers claim again, later than the wait of dropped attempts.
    later = datetime.now(UTC) + timedelta(seconds=5)
    for claimer in [a_claimer(bench.pool, broker) for _ in range(2)]:
        await claimer.run_once(later)
    assert await bench.states() == ["dropped"] * 3


async def test_waiting_contacts_are_claimed_when_the_window_is_opened(
    bench: Bench, api: Api, broker: KafkaBroker
) -> None:
    messages = await claimed(bench, api, 2)
    await edit(bench, api, calendar=a_closed_calendar())
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped", "dropped")
    claimers = [a_claimer(bench.pool, broker) for _ in range(2)]
    later = datetime.now(UTC) + timedelta(seconds=5)
    for claimer in claimers:
        await claimer.run_once(later)
    while_closed = await bench.states()

    await edit(bench, api, calendar=ALWAYS)
    for claimer in claimers:
        await claimer.run_once(later)

    assert while_closed == ["dropped", "dropped"]
    assert await bench.states() == ["dropped", "dropped", "claimed", "claimed"]


async def test_a_lower_cap_applies_to_attempts_claimed_under_a_higher(
    bench: Bench, api: Api
) -> None:
    messages = await claimed(bench, api, 3)

    await edit(bench, api, caps={"max_concurrent": 1})
    await bench.dialer.on_attempts_due(messages)
    await until(lambda: len(bench.provider.asked) == 1)
    await bench.originator.drain()

    assert sorted(await bench.states()) == ["claimed", "claimed", "placed"]
    assert len(bench.provider.asked) == 1


async def test_a_smaller_budget_finishes_contacts_when_they_become_due(
    bench: Bench, api: Api
) -> None:
    messages = await claimed(bench, api, 2, attempts={"max_total": 3})
    await bench.pool.execute("UPDATE contacts SET attempts = 1")
    await bench.pool.execute("UPDATE attempts SET number = 2")

    await edit(bench, api, attempts={"max_total": 1})
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped", "dropped")

    assert bench.provider.asked == []
    rows = await bench.pool.fetch("SELECT DISTINCT state, outcome FROM contacts")
    assert [tuple(row) for row in rows] == [("finished", "excluded")]
    reasons = await bench.pool.fetch("SELECT DISTINCT reason FROM attempts")
    assert [row["reason"] for row in reasons] == ["budget"]
