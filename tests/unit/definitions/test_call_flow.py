"""A call flow as it is written: each fault names its field, and nothing is lost on the way."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from shared.definitions.call_flow import STEPS, CallFlowDefinition, document
from shared.domain.call_flows.faults import faults
from shared.domain.call_flows.flow import CallFlow, Gather
from tests.support.call_flows import SURVEY, call_flows

Path = tuple[str, ...]


def errors(written: dict[str, Any]) -> dict[Path, str]:
    with pytest.raises(ValidationError) as refused:
        CallFlowDefinition.model_validate(written)
    found = refused.value.errors(include_url=False)
    return {tuple(map(str, fault["loc"])): fault["msg"] for fault in found}


def survey(path: Path, value: object) -> dict[str, Any]:
    """The survey with another value at a path."""
    written = deepcopy(SURVEY)
    *parents, last = path
    part = written
    for name in parents:
        part = part[name]
    part[last] = value
    return written


def test_a_flow_of_all_kinds_of_steps_is_read() -> None:
    flow = CallFlowDefinition.model_validate(SURVEY).call_flow()

    assert {type(step) for step in flow.steps.values()} == set(STEPS.values())
    menu = flow.steps["menu"]
    assert isinstance(menu, Gather)
    assert menu.choices == {"1": "confirmed", "2": "desk", "3": "later", "9": "stop"}
    assert flow.variables["first_name"].default == "neighbour"


@pytest.mark.parametrize(
    ("path", "value", "told_at", "words"),
    [
        (("start",), "nowhere", ("start",), "no step of this name"),
        (("steps", "note", "next"), "x", ("steps", "note", "next"), "no step of this name"),
        (("steps", "lost"), {"type": "hang_up"}, ("steps", "lost"), "no step leads here"),
        (("steps", "jingle", "next"), "confirmed", ("steps", "note"), "without a gather"),
        (("variables",), {}, ("steps", "menu", "text"), "declare: appointment"),
        (("steps", "greeting", "text"), "{{first", ("steps", "greeting", "text"), "no variable"),
        (("steps", "greeting", "text"), " ", ("steps", "greeting", "text"), "must have a word"),
        (("steps", "greeting", "text"), "x" * 4_001, ("steps", "greeting", "text"), "at most 4000"),
        (
            ("steps", "greeting", "type"),
            "sing",
            ("steps", "greeting", "type"),
            "one of play, speak",
        ),
        (("steps", "goodbye"), {}, ("steps", "goodbye", "type"), "one of play, speak"),
        (("steps", "goodbye", "next"), "menu", ("steps", "goodbye", "next"), "not permitted"),
        (("steps", "later", "minutes"), 0, ("steps", "later", "minutes"), "greater than"),
        (("steps", "voicemail", "audio_url"), "http://a", ("steps", "voicemail"), "either text or"),
        (
            ("steps", "menu", "choices", "22"),
            "desk",
            ("steps", "menu", "choices", "22"),
            "longer than digits_most",
        ),
    ],
)
def test_a_fault_is_told_at_its_field(path: Path, value: object, told_at: Path, words: str) -> None:
    found = errors(survey(path, value))

    assert words in found[told_at]


def test_a_branch_without_end_is_told() -> None:
    written = survey(("steps", "menu", "on_timeout"), "menu")
    written["steps"]["menu"] |= {"choices": {}}
    del written["on_machine"]

    found = errors({**written, "steps": {k: written["steps"][k] for k in ("greeting", "menu")}})

    assert "no step ends the call" in found["steps", "menu"]


def test_a_stored_flow_is_read_whatever_is_refused_today() -> None:
    text = '{"start": "a", "steps": {"a": {"type": "speak", "text": " ", "next": "b"}}}'

    assert CallFlowDefinition.stored(text).call_flow().start == "a"


@given(call_flows())
def test_what_is_written_is_read_back(flow: CallFlow) -> None:
    written = CallFlowDefinition.of(flow)

    assert written.call_flow() == flow
    assert CallFlowDefinition.stored(written.model_dump_json()) == written
    assert document(flow)["steps"].keys() == flow.steps.keys()
    if not faults(flow):
        CallFlowDefinition.model_validate(document(flow))
