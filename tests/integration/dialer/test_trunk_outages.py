"""A trunk whose provider takes no calls is left alone, but for a few probes that bring it back."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from faststream.kafka import KafkaBroker

from services.dialer.providers.protocol import (
    CallRefusedError,
    CallUnknownError,
    Fault,
    Originate,
)
from services.scheduler.campaign_claim import Claims
from services.scheduler.claimer import Claimer
from services.scheduler.rescuer import Rescuer
from shared.db import trunk_outages, trunks
from shared.db.campaign_runs import RunningCampaign, running
from shared.db.policies import Policies
from shared.domain.capacity.trunk_health import FAILURES_LEAST, PROBE_MOST, Outage
from shared.domain.outcomes import Outcome
from shared.runtime.metrics import TRUNK_DOWN_SINCE
from tests.support.campaigns import a_rulebook, a_running_campaign, some_contacts
from tests.support.dialing import Bench
from tests.support.waiting import until

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def utc_now() -> datetime:
    return datetime.now(UTC)


async def outages(bench: Bench) -> list[Outage]:
    return await trunk_outages.every(bench.pool)


async def trunk_id(bench: Bench) -> int:
    found: int = await bench.pool.fetchval(
        "SELECT trunk_id FROM campaigns WHERE id = $1", bench.campaign
    )
    return found


async def is_down(bench: Bench, *, probe_in: timedelta) -> None:
    """Open the breaker of the campaign's trunk, with the next probe in this time."""
    now = utc_now()
    await trunk_outages.begin(
        bench.pool, await trunk_id(bench), since=now - MINUTE, cause="unreachable", now=now
    )
    await bench.pool.execute("UPDATE trunk_outages SET probe_at = $1", now + probe_in)


async def run(bench: Bench) -> RunningCampaign:
    [campaign] = await running(bench.pool, Policies())
    return campaign


async def refuse(_request: Originate) -> str:
    raise CallRefusedError("unreachable")


async def test_failures_without_an_answer_open_the_breaker_once(bench: Bench) -> None:
    await bench.claimed()
    campaign, began = await run(bench), utc_now()

    for n in range(2 * FAILURES_LEAST):
        await bench.health.failed(campaign, "status_503", at=began + n * SECOND)

    [outage] = await outages(bench)
    assert (outage.trunk, outage.since, outage.cause) == ("default", began, "status_503")


async def test_an_answer_between_failures_keeps_the_breaker_closed(bench: Bench) -> None:
    await bench.claimed()
    campaign, began = await run(bench), utc_now()

    for n in range(3 * FAILURES_LEAST):
        await bench.health.failed(campaign, "status_503", at=began + n * SECOND)
        if n % 3 == 0:
            await bench.health.answered(campaign)

    assert await outages(bench) == []


async def test_an_answer_to_a_call_that_was_under_way_closes_the_breaker(bench: Bench) -> None:
    await bench.claimed()
    campaign, began = await run(bench), utc_now()
    for n in range(FAILURES_LEAST):
        await bench.health.failed(campaign, "unreachable", at=began + n * SECOND)
    assert len(await outages(bench)) == 1

    await bench.health.answered(campaign)

    assert await outages(bench) == []


@pytest.mark.parametrize(
    ("error", "is_failure"),
    [
        (CallRefusedError("unreachable"), True),
        (CallUnknownError("TimeoutError"), True),
        (CallRefusedError("no_caller_id", fault=Fault.REQUEST), False),
        (CallRefusedError("invalid", outcome=Outcome.INVALID_NUMBER), False),
    ],
)
async def test_the_answers_of_the_provider_are_counted(
    bench: Bench, error: Exception, is_failure: bool
) -> None:
    async def answer(_request: Originate) -> str:
        raise error

    bench.provider.answer = answer
    messages = await bench.claimed(FAILURES_LEAST - 1)
    campaign, began = await run(bench), utc_now()
    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()

    await bench.health.failed(campaign, "the last one", at=began + MINUTE)

    assert len(await outages(bench)) == is_failure


async def test_a_wrong_secret_stops_the_trunk_until_it_is_changed(bench: Bench) -> None:
    async def refuse_secret(_request: Originate) -> str:
        raise CallRefusedError("error_20003: wrong secret or account", fault=Fault.TRUNK)

    bench.provider.answer = refuse_secret
    messages = await bench.claimed()
    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()
    await bench.becomes("dropped")

    [outage] = await outages(bench)
    assert outage.cause == "error_20003: wrong secret or account"
    assert not outage.is_half_open(now=utc_now())
    assert await bench.contact() == ("pending", 0, None)

    await trunks.upsert(bench.pool, name="default", provider="null", settings={})

    [outage] = await outages(bench)
    assert outage.is_half_open(now=utc_now())


async def test_the_cause_of_an_outage_is_the_last_word(bench: Bench) -> None:
    await bench.claimed()
    await is_down(bench, probe_in=MINUTE)
    [before] = await outages(bench)

    await bench.health.unusable(await trunk_id(bench), "error_20003", at=utc_now())

    [after] = await outages(bench)
    assert (after.cause, after.since, after.probe_at) == (
        "error_20003",
        before.since,
        before.probe_at,
    )


async def test_nothing_is_dialed_while_the_breaker_is_open(bench: Bench) -> None:
    messages = await bench.claimed(2)
    await is_down(bench, probe_in=MINUTE)

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("dropped", "dropped")
    assert bench.provider.asked == []
    rows = await bench.pool.fetch("SELECT state, attempts, waits_for FROM contacts")
    assert {tuple(row.values()) for row in rows} == {("pending", 0, "capacity")}
    [reason] = {row["reason"] for row in await bench.pool.fetch("SELECT reason FROM attempts")}
    assert reason == "trunk_down"


async def test_a_probe_that_is_answered_closes_the_breaker(bench: Bench) -> None:
    messages = await bench.claimed(10)
    await is_down(bench, probe_in=-SECOND)

    await bench.dialer.on_attempts_due(messages)

    async def is_closed() -> bool:
        return await outages(bench) == []

    await until(is_closed)
    assert len(bench.provider.asked) == PROBE_MOST

    async def is_settled() -> bool:
        states = Counter(await bench.states())
        return states == {"placed": PROBE_MOST, "dropped": 10 - PROBE_MOST}

    await until(is_settled)


async def test_a_probe_that_fails_puts_the_next_one_off(bench: Bench) -> None:
    bench.provider.answer = refuse
    messages = await bench.claimed(10)
    await is_down(bench, probe_in=-SECOND)
    [before] = await outages(bench)

    await bench.dialer.on_attempts_due(messages)
    await bench.originator.drain()

    assert len(bench.provider.asked) == PROBE_MOST
    [after] = await outages(bench)
    assert after.since == before.since
    assert after.probe_at - utc_now() == pytest.approx(10 * SECOND, abs=5 * SECOND)


async def test_one_dialer_has_the_probe(bench: Bench) -> None:
    await bench.claimed()
    await is_down(bench, probe_in=-SECOND)
    trunk, now = await trunk_id(bench), utc_now()

    taken = [await trunk_outages.take_probe(bench.pool, trunk, now=now) for _ in range(3)]

    assert taken == [True, False, False]


async def test_a_trunk_that_cannot_be_connected_is_down_at_once(bench: Bench) -> None:
    await bench.claimed()

    await bench.health.unusable(await trunk_id(bench), "settings: url", at=utc_now())

    [outage] = await outages(bench)
    assert outage.cause == "settings: url"


async def test_the_metric_names_the_trunk_and_since_when(bench: Bench) -> None:
    await bench.claimed()
    await is_down(bench, probe_in=MINUTE)
    [outage] = await outages(bench)

    await bench.health.run_once(utc_now())
    [sample] = [sample for metric in TRUNK_DOWN_SINCE.collect() for sample in metric.samples]
    await trunk_outages.end(bench.pool, await trunk_id(bench))
    await bench.health.run_once(utc_now())

    assert sample.labels == {"trunk": "default"}
    assert sample.value == pytest.approx(outage.since.timestamp())
    assert [sample for metric in TRUNK_DOWN_SINCE.collect() for sample in metric.samples] == []


async def another_trunks_campaign(bench: Bench) -> int:
    campaign = await a_running_campaign(bench.pool, now=utc_now())
    await bench.pool.execute(
        """
        WITH south AS (
            INSERT INTO trunks (name, provider, for_every_tenant) VALUES ('south', 'null', true)
            RETURNING id
        )
        UPDATE campaigns SET trunk_id = south.id FROM south WHERE campaigns.id = $1
        """,
        campaign,
    )
    await some_contacts(bench.pool, campaign, 5, first=100)
    return campaign


@pytest.mark.parametrize(("probe_in", "claimed"), [(MINUTE, 0), (-SECOND, PROBE_MOST)])
async def test_no_attempt_is_claimed_but_for_a_probe_and_others_go_on(
    bench: Bench, broker: KafkaBroker, probe_in: timedelta, claimed: int
) -> None:
    await bench.claimed(0)
    await some_contacts(bench.pool, bench.campaign, 10)
    await is_down(bench, probe_in=probe_in)
    other = await another_trunks_campaign(bench)
    lease = timedelta(seconds=15)
    rescuer = Rescuer(bench.pool, broker, lease)
    claimer = Claimer(bench.pool, broker, Claims(bench.pool, a_rulebook(), lease), rescuer)

    for _ in range(3):
        await claimer.run_once(utc_now())

    rows = await bench.pool.fetch(
        "SELECT campaign_id, count(*) AS attempts FROM attempts GROUP BY 1"
    )
    counts = {row["campaign_id"]: row["attempts"] for row in rows}
    assert counts.get(bench.campaign, 0) == claimed
    assert counts[other] == 5
