"""Frequency caps and silences of law across two campaigns, with two schedulers at once.

The judge is the provider's own list of what it was asked to call.
"""

from datetime import timedelta
from typing import Any

import pytest
from faststream.kafka import KafkaBroker

from shared.db.types import Pool
from shared.domain.outcomes import Outcome
from tests.support.dialing import Bench
from tests.support.pipeline import an_ending
from tests.support.racing import Race, a_race

PERSONS = 40


async def calls_each(race: Race) -> set[int]:
    """The numbers of calls that a person got; one number if all got the same."""
    await race.run()
    counts = race.calls_by_number()
    assert len(counts) == PERSONS
    return set(counts.values())


async def waits(pool: Pool) -> set[str]:
    rows = await pool.fetch("SELECT DISTINCT waits_for FROM contacts WHERE state = 'pending'")
    return {row["waits_for"] for row in rows}


@pytest.mark.parametrize(
    ("most", "length", "place", "definition"),
    [
        pytest.param(
            3,
            timedelta(hours=24),
            "US-FL",
            {"kind": "solicitation", "subject": "windows"},
            id="us-fl.3in24",
        ),
        pytest.param(
            7,
            timedelta(days=7),
            "US",
            {"kind": "debt_collection", "subject": "debt-1"},
            id="us.regf.7in7",
        ),
        pytest.param(4, timedelta(days=30), "FR", {"kind": "solicitation"}, id="fr.4in30"),
    ],
)
async def test_a_cap_holds_across_campaigns_and_schedulers(
    bench: Bench,
    broker: KafkaBroker,
    most: int,
    length: timedelta,
    place: str,
    definition: dict[str, Any],
) -> None:
    race = await a_race(
        bench,
        broker,
        persons=PERSONS,
        jurisdiction=place,
        outcome=Outcome.NO_ANSWER,
        # Without the rule of hours, because this test must pass at weekends too.
        overridden=["fr.hours"],
        **definition,
    )

    first = await calls_each(race)
    await race.age(length - timedelta(hours=13))
    nearly = await calls_each(race)
    await race.age(timedelta(hours=26))
    after = await calls_each(race)

    assert (first, nearly, after) == ({most}, {most}, {2 * most})
    assert await waits(bench.pool) == {"frequency_cap"}


@pytest.mark.parametrize(
    ("outcome", "length", "place", "definition", "turned_on"),
    [
        pytest.param(
            Outcome.ANSWERED_HUMAN,
            timedelta(days=7),
            "US",
            {"kind": "debt_collection", "subject": "debt-1"},
            [],
            id="us.regf.conversation-7d",
        ),
        pytest.param(
            Outcome.DECLINED,
            timedelta(days=61),
            "FR",
            {"kind": "solicitation"},
            [],
            id="fr.refusal-60d",
        ),
        pytest.param(
            Outcome.OVERFLOW,
            timedelta(hours=72),
            "GB",
            {"kind": "solicitation"},
            ["gb.abandon-72h"],
            id="gb.abandon-72h",
        ),
        pytest.param(
            Outcome.MACHINE_NO_MESSAGE,
            timedelta(hours=24),
            "GB",
            {"kind": "solicitation"},
            ["gb.machine-24h"],
            id="gb.machine-24h",
        ),
    ],
)
async def test_a_silence_holds_across_campaigns_and_schedulers(
    bench: Bench,
    broker: KafkaBroker,
    outcome: Outcome,
    length: timedelta,
    place: str,
    definition: dict[str, Any],
    turned_on: list[str],
) -> None:
    race = await a_race(
        bench,
        broker,
        persons=PERSONS,
        jurisdiction=place,
        outcome=outcome,
        overridden=["fr.hours"],
        turned_on=turned_on,
        **definition,
    )

    first = await calls_each(race)
    await race.age(length - timedelta(hours=13))
    nearly = await calls_each(race)
    await race.age(timedelta(hours=26))
    after = await calls_each(race)

    assert (first, nearly, after) == ({1}, {1}, {2})
    assert await waits(bench.pool) == {"silence"}


async def test_a_call_that_the_claim_could_not_see_counts_at_the_dial(bench: Bench) -> None:
    """It began and ended between the look of the claim and the attempt that it inserted."""
    once_a_day: dict[str, Any] = {"frequency_caps": [{"max_calls": 1, "hours": 24}]}
    [message] = messages = await bench.claimed(**once_a_day)
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("placed")
    await bench.reporter.on_report(an_ending(bench.reference(message), Outcome.NO_ANSWER))
    await bench.becomes("ended")

    other = await bench.claimed(tenant_id=bench.tenant, **once_a_day)
    await bench.dialer.on_attempts_due(other)
    await bench.becomes("ended", "dropped")

    assert len(bench.provider.asked) == 1


async def test_without_such_a_rule_the_persons_are_called(
    bench: Bench, broker: KafkaBroker
) -> None:
    race = await a_race(
        bench,
        broker,
        persons=PERSONS,
        jurisdiction="US",
        outcome=Outcome.NO_ANSWER,
        kind="informational",
        subject="windows",
        max_total=8,
    )

    (calls,) = await calls_each(race)

    assert calls == 16
