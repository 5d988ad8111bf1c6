"""After which attempts a campaign sends a text message."""

from datetime import timedelta

import pytest

from shared.domain.call_flows.flow import CallFlow, HangUp, SendSms, Variable
from shared.domain.call_flows.machines import OnlyOn
from shared.domain.outcomes import Outcome
from shared.domain.policy.sms import SmsPolicy, sending_steps


def a_policy(only_on: OnlyOn | None = None) -> SmsPolicy:
    return SmsPolicy(
        sender="+12025550100",
        valid_for=timedelta(days=1),
        on=frozenset({Outcome.BUSY}),
        only_on=only_on,
        text="Hello {{name}}, {{town}} {{number}}.",
        variables={"name": Variable(default="you"), "town": Variable()},
    )


@pytest.mark.parametrize(
    ("only_on", "outcome", "number", "is_last", "reacts"),
    [
        (None, Outcome.BUSY, 1, False, True),
        (None, Outcome.BUSY, 2, True, True),
        (None, Outcome.NO_ANSWER, 1, True, False),
        (OnlyOn.FIRST, Outcome.BUSY, 1, False, True),
        (OnlyOn.FIRST, Outcome.BUSY, 1, True, True),
        (OnlyOn.FIRST, Outcome.BUSY, 2, True, False),
        (OnlyOn.LAST, Outcome.BUSY, 1, False, False),
        (OnlyOn.LAST, Outcome.BUSY, 1, True, True),
        (OnlyOn.LAST, Outcome.NO_ANSWER, 3, True, False),
    ],
)
def test_a_message_follows_an_outcome_on_the_attempts_that_the_owner_names(
    only_on: OnlyOn | None, outcome: Outcome, number: int, is_last: bool, reacts: bool
) -> None:
    policy = a_policy(only_on)

    assert policy.reacts(outcome, attempt_number=number, is_last=is_last) is reacts


def test_a_contact_must_bring_what_has_no_default() -> None:
    assert a_policy().required_variables == {"town"}


def test_the_steps_that_send_messages_are_found_by_name() -> None:
    note = SendSms(text="Hello.", next="end")

    assert sending_steps(CallFlow(start="note", steps={"note": note, "end": HangUp()})) == {
        "note": note
    }
    assert sending_steps(None) == {}
