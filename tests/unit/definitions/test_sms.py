"""Text messages as an owner writes them: each fault is named by its field."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.definitions.sms import SmsDefinition
from shared.domain.outcomes import Outcome

GOOD: dict[str, Any] = {
    "sender": "+12025550100",
    "on": ["busy", "no_answer"],
    "only_on": "last",
    "text": "We tried to reach you, {{first_name}}.",
    "variables": {"first_name": {"default": "neighbour"}},
}


def test_a_definition_becomes_a_policy() -> None:
    policy = SmsDefinition.model_validate(GOOD).policy()

    assert policy.on == {Outcome.BUSY, Outcome.NO_ANSWER}
    assert policy.required_variables == frozenset()


def test_a_sender_alone_is_for_the_steps_of_a_call_flow() -> None:
    assert SmsDefinition.model_validate({"sender": "Library"}).policy().text is None


@pytest.mark.parametrize("sender", ["+12025550100", "12345", "ACME", "My Shop 24", "A1"])
def test_a_sender_is_a_number_a_short_code_or_a_name(sender: str) -> None:
    assert SmsDefinition(sender=sender).sender == sender


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("sender", {"sender": "2025550100 "}),
        ("sender", {"sender": "123456789012"}),
        ("sender", {"sender": "a very long name"}),
        ("sender", {"sender": " ACME"}),
        ("text", {"text": None}),
        ("text", {"text": "   "}),
        ("text", {"text": "Hello {{town}}."}),
        ("text", {"text": "Hello {{first_name}."}),
        ("text", {"text": "x" * 1_601}),
        ("on", {"on": [], "only_on": None}),
        ("on", {"on": ["opt_out"]}),
        ("only_on", {"on": [], "text": None}),
        ("valid_seconds", {"valid_seconds": 5}),
    ],
)
def test_a_fault_is_named_by_its_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        SmsDefinition.model_validate(GOOD | change)

    assert [error["loc"][0] for error in refused.value.errors()] == [field]
