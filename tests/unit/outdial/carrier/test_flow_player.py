"""Any flow without faults comes to an end, whoever answers and whatever is pressed."""

import random

from hypothesis import given
from hypothesis import strategies as st

from outdial.carrier.behaviour import MACHINES, Behaviour, NumberBehaviour, Outcome, plan
from outdial.carrier.flow_player import STEPS_MOST, Callee, Played, play
from shared.domain.call_flows.faults import faults
from shared.domain.call_flows.flow import CallFlow
from shared.domain.call_flows.machines import MachineAction
from tests.support.call_flows import call_flows

NUMBER = "+14155550101"


def played(
    flow: CallFlow | None,
    outcome: Outcome,
    *keys: str,
    on_machine: MachineAction | None = None,
    seconds_most: int | None = None,
) -> Played:
    person = NumberBehaviour(outcomes=(outcome,), keys=keys)
    behaviour = Behaviour(numbers={NUMBER: person})
    planned = plan(behaviour, seed=1, number=NUMBER, nth=1)
    callee = Callee.of(behaviour, planned, random.Random(1), number=NUMBER)
    return play(flow, planned, callee, on_machine=on_machine, seconds_most=seconds_most)


@given(
    call_flows(),
    st.sampled_from([Outcome.ANSWERED_HUMAN, Outcome.MACHINE_NO_MESSAGE]),
    st.lists(st.sampled_from(["", "1", "2", "9"]), max_size=3),
    st.none() | st.sampled_from(MachineAction),
    st.none() | st.integers(10, 60),
)
def test_every_call_ends(
    flow: CallFlow,
    outcome: Outcome,
    keys: list[str],
    on_machine: MachineAction | None,
    seconds_most: int | None,
) -> None:
    if faults(flow) or (on_machine and flow.on_machine is None):
        return

    end = played(flow, outcome, *keys, on_machine=on_machine, seconds_most=seconds_most)

    assert len(end.stages) <= STEPS_MOST
    assert set(end.stages) <= flow.steps.keys()
    assert seconds_most is None or end.seconds <= seconds_most
    if outcome in MACHINES:
        assert end.digits == ""
    if on_machine is MachineAction.HANG_UP and outcome in MACHINES:
        assert end.stages == []


def test_without_a_flow_a_call_lasts_as_it_would_but_for_the_limit() -> None:
    usual = played(None, Outcome.ANSWERED_HUMAN)

    assert usual.outcome is Outcome.ANSWERED_HUMAN
    assert played(None, Outcome.ANSWERED_HUMAN, seconds_most=10).seconds == 10
    assert usual.seconds > 0


def test_a_person_who_is_taken_for_a_machine_gets_what_a_machine_gets() -> None:
    person = NumberBehaviour(outcomes=(Outcome.ANSWERED_HUMAN,))
    behaviour = Behaviour(numbers={NUMBER: person}, detection_errors=1)
    planned = plan(behaviour, seed=1, number=NUMBER, nth=1)
    callee = Callee.of(behaviour, planned, random.Random(1), number=NUMBER)

    left = play(None, planned, callee, on_machine=MachineAction.LEAVE_MESSAGE, seconds_most=None)

    assert not callee.is_machine
    assert left.outcome is Outcome.MACHINE_MESSAGE_LEFT


def test_a_message_of_the_providers_own_flow_is_left() -> None:
    left = played(None, Outcome.MACHINE_NO_MESSAGE, on_machine=MachineAction.LEAVE_MESSAGE)

    assert left.outcome is Outcome.MACHINE_MESSAGE_LEFT
