"""Variables of a flow: which are needed, which value each has, and the texts with them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.call_flows import texts
from shared.domain.call_flows.faults import faults
from shared.domain.call_flows.flow import CallFlow, Gather, HangUp, Speak, Variable, text_of
from tests.support.call_flows import call_flows


def flow(text: str, **variables: str | None) -> CallFlow:
    return CallFlow(
        start="a",
        steps={"a": Speak(text=text, next="b"), "b": HangUp()},
        variables={name: Variable(default=default) for name, default in variables.items()},
    )


def values(
    of: CallFlow, attributes: Mapping[str, str] | None = None, **more: str
) -> dict[str, str]:
    known = texts.known_of(
        {**(attributes or {}), **more},
        number="+12025550100",
        external_id=None,
        campaign_name="Autumn",
    )
    return texts.values_for(of, known)


def spoken(of: CallFlow, known: dict[str, str]) -> str | None:
    return text_of(texts.rendered(of, known).steps["a"])


def test_attributes_come_before_defaults() -> None:
    greeting = flow("Hello {{first_name}} of {{ city }}.", first_name="you", city="your town")

    known = values(greeting, city="Bath", unused="x")

    assert known == {"first_name": "you", "city": "Bath"}
    assert spoken(greeting, known) == "Hello you of Bath."


def test_an_empty_attribute_counts_as_none() -> None:
    greeting = flow("{{first_name}}", first_name="you")

    assert values(greeting, first_name="") == {"first_name": "you"}


def test_number_and_campaign_are_known_and_cannot_be_replaced() -> None:
    greeting = flow("{{number}} {{campaign_name}}")

    known = values(greeting, {"number": "7", "campaign_name": "Spring"})

    assert known == {"number": "+12025550100", "campaign_name": "Autumn"}


def test_a_variable_without_value_and_default_is_missing() -> None:
    greeting = flow("{{first_name}} {{external_id}} {{city}}", first_name=None, city="Bath")

    known = values(greeting)

    assert texts.required(texts.used(greeting), greeting.variables) == {"first_name", "external_id"}
    assert known == {"city": "Bath"}
    with pytest.raises(texts.UnknownVariableError):
        texts.rendered(greeting, known)


def test_a_value_is_not_read_as_a_text_with_variables() -> None:
    greeting = flow("{{first_name}} {{city}}", first_name=None, city=None)

    known = values(greeting, first_name="{{city}}", city=r"\1")

    assert spoken(greeting, known) == r"{{city}} \1"


def test_the_text_of_a_gather_is_rendered_too() -> None:
    menu = Gather(choices={}, otherwise="a", on_timeout="b", text="{{number}}")
    whole = CallFlow(start="a", steps={"a": menu, "b": HangUp()})

    assert spoken(whole, values(whole)) == "+12025550100"


@given(call_flows(), st.dictionaries(st.sampled_from(["name", "other"]), st.text(max_size=3)))
def test_rendering_needs_exactly_what_is_required(
    flow: CallFlow, attributes: dict[str, str]
) -> None:
    if faults(flow):
        return
    known = values(flow, attributes)
    missing = texts.used(flow) - known.keys()

    assert missing <= texts.required(texts.used(flow), flow.variables)
    if missing:
        return
    rendered = texts.rendered(flow, known)
    assert texts.required(texts.used(rendered), {}) == set()
    assert rendered.steps.keys() == flow.steps.keys()
