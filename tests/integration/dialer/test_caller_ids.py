"""A call shows the caller ID of its campaign, and none is placed while that is inactive."""

from datetime import UTC, datetime

from faststream.kafka import KafkaBroker

from services.api.caller_ids import set_state
from services.api.http.resources import Resources
from shared.domain.capacity.caller_ids import CallerIdState
from tests.support.api import a_caller
from tests.support.caller_ids import some_caller_ids
from tests.support.campaigns import a_rulebook, a_tenant, some_contacts
from tests.support.claiming import a_claimer
from tests.support.database import api_pool
from tests.support.dialing import Bench

NUMBER = "+12025550100"


async def publish_nothing(_messages: object) -> None:
    """No command is published here."""


async def test_no_attempt_is_claimed_while_the_caller_id_is_inactive(
    bench: Bench, broker: KafkaBroker
) -> None:
    tenant_id = await a_tenant(bench.pool)
    await some_caller_ids(bench.pool, tenant_id, NUMBER)
    await bench.claimed(0, tenant_id=tenant_id, caller_id=NUMBER)
    await some_contacts(bench.pool, bench.campaign, 3)
    claimer = a_claimer(bench.pool, broker)

    await switch(bench, CallerIdState.INACTIVE)
    await claimer.run_once(datetime.now(UTC))
    assert await bench.states() == []
    await switch(bench, CallerIdState.ACTIVE)
    await claimer.run_once(datetime.now(UTC))
    assert await bench.states() == ["claimed"] * 3


async def switch(bench: Bench, state: CallerIdState) -> None:
    async with api_pool(bench.pool) as pool:
        resources = Resources(pool=pool, publish=publish_nothing, rulebook=a_rulebook())
        await set_state(resources, a_caller(bench.tenant, 0), NUMBER, state)


async def test_a_call_shows_the_caller_id_of_its_campaign(bench: Bench) -> None:
    tenant_id = await a_tenant(bench.pool)
    await some_caller_ids(bench.pool, tenant_id, NUMBER)
    messages = await bench.claimed(tenant_id=tenant_id, caller_id=NUMBER)

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("placed")
    assert [request.caller_id for request in bench.provider.asked] == [NUMBER]


async def test_attempts_of_an_inactive_caller_id_are_dropped(bench: Bench) -> None:
    tenant_id = await a_tenant(bench.pool)
    await some_caller_ids(bench.pool, tenant_id, NUMBER)
    messages = await bench.claimed(tenant_id=tenant_id, caller_id=NUMBER)
    await switch(bench, CallerIdState.INACTIVE)

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("dropped")
    assert bench.provider.asked == []
    assert await bench.column("reason") == "caller_id"
    assert await bench.contact() == ("pending", 0, None)
