"""What a call is told: the flow with the contact's values in place, the attempt, the machine."""

import json
from typing import Any

import pytest

from services.dialer.providers.protocol import Originate
from shared.db.api import api_keys, call_flows
from shared.definitions.call_flow import CallFlowDefinition
from shared.domain.call_flows.flow import Gather, text_of
from shared.domain.call_flows.machines import MachineAction
from shared.kafka.messages.attempts import AttemptDue
from tests.support.call_flows import SURVEY
from tests.support.dialing import Bench

TWICE = {"max_total": 2, "retry": {"no_answer": {"delay_seconds": 60}}}


async def claimed(
    bench: Bench, attributes: dict[str, Any] | None, **definition: Any
) -> list[AttemptDue]:
    """Claimed attempts of a campaign that plays the survey, and whose contacts have attributes."""
    messages = await bench.claimed(**definition)
    if isinstance(definition.get("call_flow"), dict):
        async with bench.pool.acquire() as conn:
            await api_keys.create(conn, bench.tenant)
            flow = await call_flows.insert(
                conn,
                tenant_id=bench.tenant,
                name="survey",
                flow=CallFlowDefinition.model_validate(SURVEY),
                api_key_id=await conn.fetchval("SELECT id FROM api_keys"),
            )
        assert flow is not None
        await bench.pool.execute(
            "UPDATE campaigns SET call_flow_id = $1, call_flow_version = 1", flow.id
        )
    await bench.pool.execute(
        "UPDATE contacts SET external_id = 'x-1', attributes = $1",
        None if attributes is None else json.dumps(attributes),
    )
    return messages


async def dialed(bench: Bench, messages: list[AttemptDue]) -> Originate:
    await bench.dialer.on_attempts_due(messages)
    await bench.becomes(*["placed"] * len(messages))
    return bench.provider.asked[-1]


async def test_the_values_of_the_contact_are_in_the_texts(bench: Bench) -> None:
    messages = await claimed(
        bench,
        {"appointment": "Monday", "other": 7},
        call_flow={"name": "survey"},
        talk_seconds_most=120,
    )

    request = await dialed(bench, messages)

    assert request.call_flow is None
    assert request.variables == {"first_name": "neighbour", "appointment": "Monday"}
    assert request.talk_seconds_most == 120
    assert request.flow is not None
    assert text_of(request.flow.steps["greeting"]) == "Good day neighbour."
    menu = request.flow.steps["menu"]
    assert isinstance(menu, Gather)
    assert (menu.text or "").startswith("Your visit is Monday.")


async def test_a_contact_that_lacks_a_variable_is_dropped_for_good(bench: Bench) -> None:
    messages = await claimed(bench, {"appointment": ""}, call_flow={"name": "survey"})

    await bench.dialer.on_attempts_due(messages)
    await bench.becomes("dropped")

    assert bench.provider.asked == []
    assert await bench.column("reason") == "missing_variable"
    assert await bench.contact() == ("finished", 0, "excluded")


async def test_a_flow_of_the_provider_is_told_all_attributes(bench: Bench) -> None:
    attributes = {"age": 7, "vip": True, "none": None, "town": "Bath", "list": [1]}
    messages = await claimed(bench, attributes, call_flow="its-own")
    number = await bench.pool.fetchval("SELECT number FROM contacts")

    request = await dialed(bench, messages)

    assert (request.call_flow, request.flow) == ("its-own", None)
    assert request.variables == {
        "age": "7",
        "vip": "true",
        "town": "Bath",
        "list": "[1]",
        "external_id": "x-1",
        "number": number,
        "campaign_name": "test",
    }


async def test_a_campaign_without_flow_tells_nothing_of_its_contacts(bench: Bench) -> None:
    request = await dialed(bench, await claimed(bench, {"town": "Bath"}))

    assert (request.call_flow, request.flow, request.variables) == (None, None, {})
    assert (request.on_machine, request.detect_machines) == (None, False)


@pytest.mark.parametrize(
    ("number", "attempts", "is_last", "action"),
    [
        (1, TWICE, False, MachineAction.HANG_UP),
        (2, TWICE, True, MachineAction.GO_ON),
        (1, {}, True, MachineAction.GO_ON),
    ],
)
async def test_the_last_attempt_may_do_something_else_at_a_machine(
    bench: Bench, *, number: int, attempts: dict[str, Any], is_last: bool, action: MachineAction
) -> None:
    machine = {"action": "go_on", "only_on": "last"}
    messages = await claimed(bench, None, attempts=attempts, machine=machine)
    await bench.pool.execute("UPDATE contacts SET attempts = $1", number - 1)
    await bench.pool.execute("UPDATE attempts SET number = $1", number)

    request = await dialed(bench, messages)

    assert (request.attempt_number, request.is_last_attempt) == (number, is_last)
    assert (request.on_machine, request.detect_machines) == (action, True)
