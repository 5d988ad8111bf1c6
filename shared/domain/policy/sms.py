"""The text messages of a campaign: after which outcomes, on which attempt, by which sender."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain.call_flows import texts
from shared.domain.call_flows.flow import CallFlow, SendSms, Variable
from shared.domain.call_flows.machines import OnlyOn
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPolicy:
    """`text` is sent after the outcomes in `on`; without it only the call flow sends messages.

    A message that cannot be sent within `valid_for`, because of hours or a carrier that is away,
    is never sent.
    """

    sender: str
    valid_for: timedelta
    on: frozenset[Outcome] = frozenset()
    only_on: OnlyOn | None = None
    text: str | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)

    @property
    def required_variables(self) -> frozenset[str]:
        return texts.required(texts.used_in(self.text or ""), self.variables)

    def reacts(self, outcome: Outcome, *, attempt_number: int, is_last: bool) -> bool:
        """Whether the outcome of an attempt is followed by a message.

        `is_last`: no other attempt at the contact follows.
        """
        if outcome not in self.on:
            return False
        match self.only_on:
            case OnlyOn.FIRST:
                return attempt_number == 1
            case OnlyOn.LAST:
                return is_last
            case None:
                return True


def sending_steps(flow: CallFlow | None) -> dict[str, SendSms]:
    """The steps of a call flow that send a message, by name."""
    steps = {} if flow is None else flow.steps
    return {name: step for name, step in steps.items() if isinstance(step, SendSms)}
