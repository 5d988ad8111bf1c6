"""A flow without faults leads every call to an end; each fault is found where it is."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.call_flows.faults import FlowFaultKind, faults
from shared.domain.call_flows.flow import (
    CallFlow,
    Gather,
    HangUp,
    Speak,
    Step,
    Transfer,
    ends_call,
    targets,
)
from tests.support.call_flows import call_flows

END = HangUp()


def found(start: str = "a", **steps: Step) -> list[tuple[FlowFaultKind, tuple[str, ...], str]]:
    flow = CallFlow(start=start, steps=steps)
    return [(fault.kind, fault.path, fault.name) for fault in faults(flow)]


def speak(then: str, text: str = "Hello.") -> Speak:
    return Speak(text=text, next=then)


def test_a_straight_flow_has_no_fault() -> None:
    assert found(a=speak("b"), b=END) == []


def test_an_unknown_target_is_found_at_the_field_that_names_it() -> None:
    menu = Gather(choices={"1": "x"}, otherwise="a", on_timeout="b")

    assert found("y", a=menu, b=END) == [
        (FlowFaultKind.UNKNOWN_TARGET, ("start",), "y"),
        (FlowFaultKind.UNKNOWN_TARGET, ("steps", "a", "choices", "1"), "x"),
    ]


def test_a_step_that_nothing_leads_to_is_found() -> None:
    assert found(a=END, b=END) == [(FlowFaultKind.UNREACHABLE, ("steps", "b"), "b")]


def test_the_step_for_machines_is_reached() -> None:
    flow = CallFlow(start="a", on_machine="b", steps={"a": END, "b": speak("a")})

    assert faults(flow) == []


def test_a_loop_without_gather_is_found_at_each_of_its_steps() -> None:
    assert found(a=speak("b"), b=speak("a")) == [
        (FlowFaultKind.ENDLESS_LOOP, ("steps", "a"), "a"),
        (FlowFaultKind.ENDLESS_LOOP, ("steps", "b"), "b"),
    ]


def test_transfers_that_nobody_answers_are_no_way_out_of_a_loop() -> None:
    transfer = Transfer(to="+12025550111", otherwise="b")

    assert {kind for kind, _, _ in found(a=transfer, b=speak("a"))} == {FlowFaultKind.ENDLESS_LOOP}


def test_a_loop_with_a_gather_needs_a_way_to_an_end() -> None:
    again = Gather(choices={}, otherwise="a", on_timeout="a")

    assert found(a=again) == [(FlowFaultKind.NO_END, ("steps", "a"), "a")]
    assert found(a=replace(again, on_timeout="b"), b=END) == []


def test_variables_are_declared_or_always_known() -> None:
    text = "{{number}} {{external_id}} {{campaign_name}} {{first_name}}"

    assert found(a=speak("b", text), b=END) == [
        (FlowFaultKind.UNDECLARED_VARIABLE, ("steps", "a", "text"), "first_name")
    ]


def test_braces_that_are_no_variable_are_found() -> None:
    for text in ("{{first name}}", "{{", "}}", "{{ }}", "{{1st}}"):
        assert found(a=speak("b", text), b=END) == [
            (FlowFaultKind.BROKEN_VARIABLE, ("steps", "a", "text"), "a")
        ]


@given(call_flows())
def test_faults_name_places_of_the_flow(flow: CallFlow) -> None:
    for fault in faults(flow):
        assert fault.path[0] in {"start", "on_machine", "steps"}
        if fault.path[0] == "steps":
            assert fault.path[1] in flow.steps


@given(call_flows(), st.randoms(use_true_random=False))
def test_every_walk_through_a_flow_without_faults_comes_to_a_key_or_an_end(
    flow: CallFlow, chance: Random
) -> None:
    if faults(flow):
        return
    name, since_gather = flow.start, 0
    for _ in range(100):
        step = flow.steps[name]
        leads_to = [target.name for target in targets(step)]
        since_gather = 0 if isinstance(step, Gather) else since_gather + 1
        assert since_gather <= len(flow.steps)
        if not leads_to:
            assert ends_call(step)
            return
        name = chance.choice(leads_to)


@given(call_flows())
def test_a_flow_is_refused_exactly_if_a_step_is_lost_or_cannot_end(flow: CallFlow) -> None:
    kinds = {fault.kind for fault in faults(flow)}
    onward = {name: {t.name for t in targets(step)} for name, step in flow.steps.items()}
    named = {flow.start, *set().union(*onward.values())} | (
        {flow.on_machine} if flow.on_machine else set()
    )
    assert (FlowFaultKind.UNKNOWN_TARGET in kinds) == bool(named - flow.steps.keys())
    if FlowFaultKind.UNKNOWN_TARGET in kinds:
        return
    # Walked in waves, which is another way than that of the code.
    reached = {flow.start} | ({flow.on_machine} if flow.on_machine else set())
    ending = {name for name, step in flow.steps.items() if ends_call(step)}
    for _ in flow.steps:
        reached |= set().union(*(onward[name] for name in reached))
        ending |= {name for name in flow.steps if onward[name] & ending}
    assert (FlowFaultKind.UNREACHABLE in kinds) == bool(flow.steps.keys() - reached)
    if FlowFaultKind.ENDLESS_LOOP not in kinds:
        assert (FlowFaultKind.NO_END in kinds) == bool(reached - ending)
