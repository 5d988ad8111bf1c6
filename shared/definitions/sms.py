"""The text messages of a campaign, and their senders, as their owner writes them."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from shared.definitions.base import Definition, is_stored, refuse
from shared.definitions.call_flow import STEPS_MOST, VariableDefinition, VariableName
from shared.domain.call_flows import texts
from shared.domain.call_flows.flow import Variable
from shared.domain.call_flows.machines import OnlyOn
from shared.domain.outcomes import Outcome
from shared.domain.policy.sms import SmsPolicy

# Ten segments, the most that carriers take for one message.
LONGEST_SMS = 1_600
A_DAY = 86_400
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}")
# 3GPP TS 23.040, section 9.1.2.5: an alphanumeric address has up to 11 characters.
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._-]{1,11}")


def _is_sender(sender: str) -> str:
    if not (_NUMBER.fullmatch(sender) or (_NAME.fullmatch(sender) and sender == sender.strip())):
        raise ValueError(
            "must be a number like +12025550100, a short code of 3 to 8 digits, or up to 11 "
            "letters and digits with at least one letter"
        )
    return sender


Sender = Annotated[
    str,
    AfterValidator(_is_sender),
    Field(
        max_length=16,
        description="a number, a short code, or a name of up to 11 letters and digits",
        examples=["+12025550100"],
    ),
]


class SmsDefinition(Definition):
    """A text message after an outcome, and the sender of those that the call flow sends."""

    sender: Sender
    on: list[Outcome] = Field(
        default_factory=list,
        max_length=len(Outcome),
        description="the outcomes of an attempt after which `text` is sent",
        examples=[["busy", "no_answer"]],
    )
    only_on: OnlyOn | None = Field(
        default=None, description="the first attempt, or the one that no other follows"
    )
    text: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_SMS,
        pattern=r"^[^\x00]*$",
        description="{{name}} stands for a variable",
        examples=["We could not reach you, {{first_name}}. Please call us."],
    )
    variables: dict[VariableName, VariableDefinition] = Field(
        default_factory=dict,
        max_length=STEPS_MOST,
        description="attributes of contacts that the text uses as {{name}}; number, external_id "
        "and campaign_name need no entry",
    )
    valid_seconds: int = Field(
        default=A_DAY,
        ge=60,
        le=7 * A_DAY,
        description="how long a message may wait for its hours; after that it is not sent",
    )

    @model_validator(mode="after")
    def is_complete(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            refuse(type(self), (*self._contradictions(), *self._faulty_texts()))
        return self

    def policy(self) -> SmsPolicy:
        return SmsPolicy(
            sender=self.sender,
            valid_for=timedelta(seconds=self.valid_seconds),
            on=frozenset(self.on),
            only_on=self.only_on,
            text=self.text,
            variables={
                name: Variable(default=variable.default)
                for name, variable in self.variables.items()
            },
        )

    def _contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.on and self.text is None:
            yield ("text",), "give the text that is sent after these outcomes"
        if not self.on:
            if self.text is not None:
                yield ("on",), "name the outcomes after which the text is sent, such as busy"
            if self.only_on is not None:
                yield ("only_on",), "without outcomes in `on` no text is sent; leave it out"
        if Outcome.OPT_OUT in self.on:
            yield ("on",), "a person who asked for no more calls gets no message; leave opt_out out"

    def _faulty_texts(self) -> Iterator[tuple[tuple[str, ...], str]]:
        text = self.text or ""
        if self.text is not None and not text.strip():
            yield ("text",), "must have a word"
        if texts.is_broken(text):
            yield ("text",), "has braces that are no variable; write one as {{name}}"
        for name in dict.fromkeys(texts.used_in(text)):
            if name not in self.variables and name not in texts.KNOWN:
                yield ("text",), f"uses a variable that `variables` does not declare: {name[:30]}"
