"""The texts of a call flow: which variables they use, and the flow with their values in place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from shared.domain.call_flows.flow import (
    CallFlow,
    Gather,
    LeaveMessage,
    SendSms,
    Speak,
    Step,
    Variable,
    text_of,
)

# What is known of every contact besides its attributes; it wins over an attribute of that name.
NUMBER = "number"
EXTERNAL_ID = "external_id"
CAMPAIGN_NAME = "campaign_name"
KNOWN = frozenset({NUMBER, EXTERNAL_ID, CAMPAIGN_NAME})

NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,62}"
_VARIABLE = re.compile(r"\{\{[ \t]*(" + NAME + r")[ \t]*\}\}")


class UnknownVariableError(ValueError):
    """A text uses a variable without value; a contact without one is not called."""


def used(flow: CallFlow) -> frozenset[str]:
    """The variables that any text of the flow uses."""
    return frozenset(name for step in flow.steps.values() for name in used_by(step))


def used_by(step: Step) -> Iterator[str]:
    """The variables that the text of a step uses, in order."""
    return used_in(text_of(step) or "")


def used_in(text: str) -> Iterator[str]:
    for match in _VARIABLE.finditer(text):
        yield match[1]


def is_broken(text: str) -> bool:
    """Whether a text has braces that are not those of a variable."""
    rest = _VARIABLE.sub("", text)
    return "{{" in rest or "}}" in rest


def known_of(
    attributes: Mapping[str, str],
    *,
    number: str,
    external_id: str | None,
    campaign_name: str,
) -> dict[str, str]:
    """The values that a contact brings.

    An empty value counts as none, because an empty cell of a file says that nothing is known.
    """
    known = {name: value for name, value in attributes.items() if value and name not in KNOWN}
    known |= {NUMBER: number, CAMPAIGN_NAME: campaign_name}
    return known | {EXTERNAL_ID: external_id} if external_id else known


def required(names: Iterable[str], variables: Mapping[str, Variable]) -> frozenset[str]:
    """Those of the variables that a contact must bring, because they have no default.

    The number and the campaign's name are always known.
    """
    return frozenset(
        name
        for name in names
        if name not in {NUMBER, CAMPAIGN_NAME}
        and (name not in variables or variables[name].default is None)
    )


def values_for(flow: CallFlow, known: Mapping[str, str]) -> dict[str, str]:
    """The values of the variables that a flow uses: the contact's, else the flow's defaults."""
    values = with_defaults(flow.variables, known)
    return {name: values[name] for name in used(flow) if name in values}


def with_defaults(variables: Mapping[str, Variable], known: Mapping[str, str]) -> dict[str, str]:
    defaults = {
        name: variable.default
        for name, variable in variables.items()
        if variable.default is not None
    }
    return defaults | dict(known)


def rendered(flow: CallFlow, values: Mapping[str, str]) -> CallFlow:
    """The flow with all variables replaced. Raises UnknownVariableError.

    A value is put in as it is: braces in it are not read again.
    """
    return replace(
        flow,
        steps={name: _rendered(step, values) for name, step in flow.steps.items()},
        variables={},
    )


def rendered_text(text: str, values: Mapping[str, str]) -> str:
    """The text with all variables replaced. Raises UnknownVariableError."""

    def value(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            raise UnknownVariableError(match[1]) from None

    return _VARIABLE.sub(value, text)


def _rendered(step: Step, values: Mapping[str, str]) -> Step:
    match step:
        case Speak() | SendSms():
            return replace(step, text=rendered_text(step.text, values))
        case Gather() | LeaveMessage():
            text = step.text
            return replace(step, text=None if text is None else rendered_text(text, values))
        case _:
            return step
