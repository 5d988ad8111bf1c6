"""The simulated carrier plays a flow; its report has stages, digits, tags, and what was asked."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.dialer.providers.protocol import CallReport, Originate, Posted
from services.dialer.providers.simulated import SimulatedProvider
from shared.db.trunks import Trunk
from shared.definitions.call_flow import CallFlowDefinition
from shared.domain.agents import Agent, AgentKind
from shared.domain.attempts import CallReference
from shared.domain.call_flows import texts
from shared.domain.call_flows.machines import MachineAction
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome
from tests.support.call_flows import SURVEY
from tests.support.carrier import RunningCarrier, listening, running_carrier
from tests.support.provider_contract import plays_none

NUMBER = "+14155550101"
FAST = ("--time-scale", "0.001")
HUMAN = ["answered_human"]
MACHINE = ["machine_no_message"]


async def report_of(
    tmp_path: Path, callee: Mapping[str, Any], **changes: Any
) -> tuple[CallReport, RunningCarrier]:
    """Place one call that plays the survey; return the end as it is posted, and as it is told."""
    flow = CallFlowDefinition.model_validate(SURVEY).call_flow()
    variables = texts.values_for(flow, {"appointment": "Monday"})
    reports: list[CallReport] = []

    async def report(one: CallReport) -> None:
        reports.append(one)

    async with (
        running_carrier(
            tmp_path / "log", *FAST, behaviour={"numbers": {NUMBER: callee}}
        ) as carrier,
        listening() as listener,
    ):
        trunk = Trunk(id=1, provider="simulated", settings={"url": carrier.url})
        provider = SimulatedProvider.connect(trunk, report)
        reference = CallReference(17, uuid4())
        request: dict[str, Any] = {
            "reference": reference,
            "to": NUMBER,
            "caller_id": None,
            "call_flow": None,
            "events_url": listener.url,
            "variables": variables,
            "flow": texts.rendered(flow, variables),
        }
        try:
            await provider.originate(Originate(**(request | changes)))
            await listener.until_ended(reference)
            for event in listener.events:
                body = orjson.dumps(event)
                posted = Posted(method="POST", address="", headers={}, body=body)
                await provider.receive(posted, plays_none)
            told = await provider.lookup(reference)
        finally:
            await provider.close()
    [ended] = [one for one in reports if one.state is CallState.ENDED]
    assert told is not None
    assert (told.outcome, told.callback_at) == (ended.outcome, ended.callback_at)
    assert (told.facts.stages, told.facts.digits) == (ended.facts.stages, ended.facts.digits)
    return ended, carrier


@pytest.mark.parametrize(
    ("callee", "outcome", "stages", "digits", "tags"),
    [
        (
            {"keys": ["1"]},
            Outcome.ANSWERED_HUMAN,
            ("greeting", "menu", "confirmed", "note", "jingle", "goodbye"),
            "1",
            {"confirmed"},
        ),
        (
            {"keys": ["5", "9"]},
            Outcome.OPT_OUT,
            ("greeting", "menu", "menu", "stop", "goodbye"),
            "59",
            set(),
        ),
        ({"keys": [""]}, Outcome.ANSWERED_HUMAN, ("greeting", "menu", "goodbye"), None, set()),
    ],
    ids=["confirms", "opts out", "is silent"],
)
async def test_a_person_hears_the_flow_and_presses_keys(
    tmp_path: Path,
    callee: dict[str, Any],
    outcome: Outcome,
    stages: tuple[str, ...],
    digits: str | None,
    tags: set[str],
) -> None:
    report, carrier = await report_of(tmp_path, {"outcomes": HUMAN, **callee})

    assert report.outcome is outcome
    facts = report.facts
    assert (facts.stages, facts.digits, set(facts.tags)) == (stages, digits, tags)
    [asked] = carrier.lines("originate")
    assert asked["variables"] == {"first_name": "neighbour", "appointment": "Monday"}


async def test_a_transfer_is_answered(tmp_path: Path) -> None:
    callee = {"outcomes": HUMAN, "keys": ["2"], "transfer_answered": True}

    report, _ = await report_of(tmp_path, callee)

    assert report.outcome is Outcome.ANSWERED_HUMAN
    assert report.facts.transferred_to == "+12025550111"
    assert report.facts.stages == ("greeting", "menu", "desk")


async def test_a_transfer_that_nobody_answers_asks_for_a_callback(tmp_path: Path) -> None:
    callee = {"outcomes": HUMAN, "keys": ["2"], "transfer_answered": False}

    report, _ = await report_of(tmp_path, callee)

    assert report.outcome is Outcome.CALLBACK_REQUESTED
    assert report.callback_at == report.at + timedelta(minutes=90)
    assert report.facts.transferred_to is None


@pytest.mark.parametrize(
    ("action", "outcome", "stages"),
    [
        (MachineAction.HANG_UP, Outcome.MACHINE_NO_MESSAGE, ()),
        (MachineAction.LEAVE_MESSAGE, Outcome.MACHINE_MESSAGE_LEFT, ("voicemail", "goodbye")),
        (MachineAction.GO_ON, Outcome.MACHINE_NO_MESSAGE, ("greeting", "menu", "goodbye")),
        (None, Outcome.MACHINE_NO_MESSAGE, ("greeting", "menu", "goodbye")),
    ],
)
async def test_a_machine_hears_what_the_campaign_wants(
    tmp_path: Path, action: MachineAction | None, outcome: Outcome, stages: tuple[str, ...]
) -> None:
    report, _ = await report_of(tmp_path, {"outcomes": MACHINE}, on_machine=action)

    assert (report.outcome, report.facts.stages, report.facts.digits) == (outcome, stages, None)


async def test_a_limit_ends_the_call(tmp_path: Path) -> None:
    callee = {"outcomes": HUMAN, "keys": ["2"], "transfer_answered": True}

    report, _ = await report_of(tmp_path, callee, talk_seconds_most=10)

    assert report.facts.talk_seconds == 10


async def test_an_agent_of_the_carrier_talks_and_is_in_its_log(tmp_path: Path) -> None:
    agent = Agent("asst_8f1c", AgentKind.ASSISTANT)

    report, carrier = await report_of(tmp_path, {"outcomes": HUMAN}, flow=None, agent=agent)

    assert report.outcome is Outcome.ANSWERED_HUMAN
    [line] = carrier.lines("originate")
    assert line["agent"] == {"id": "asst_8f1c", "kind": "assistant"}
