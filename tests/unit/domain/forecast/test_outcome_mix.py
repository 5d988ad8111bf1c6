"""Shares of outcomes: given shares stay, the others share the rest in their usual proportion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outdial.carrier.behaviour import Behaviour
from shared.domain.forecast.outcome_mix import DEFAULT_MIX, ImpossibleSharesError, call_shares
from shared.domain.outcomes import Outcome

HUMAN, MACHINE, BUSY = Outcome.ANSWERED_HUMAN, Outcome.MACHINE_NO_MESSAGE, Outcome.BUSY


def test_the_usual_shares_are_those_of_the_simulated_carrier() -> None:
    carriers = {str(outcome): share for outcome, share in Behaviour().outcomes.items()}

    assert {str(outcome): share for outcome, share in DEFAULT_MIX.items()} == carriers


@given(share=st.floats(0, 1))
def test_a_given_share_stays_and_all_together_are_all_calls(share: float) -> None:
    shares = call_shares({HUMAN: share})

    assert shares[HUMAN] == share
    assert sum(shares.values()) == pytest.approx(1)
    others = {outcome: part for outcome, part in shares.items() if outcome is not HUMAN}
    assert others == pytest.approx(
        {
            outcome: DEFAULT_MIX[outcome] * (1 - share) / (1 - DEFAULT_MIX[HUMAN])
            for outcome in others
        }
    )


def test_shares_that_are_all_calls_leave_none_for_others() -> None:
    shares = call_shares({HUMAN: 0.7, MACHINE: 0.2, BUSY: 0.1})

    assert sum(share for outcome, share in shares.items() if share and outcome is not HUMAN) == (
        pytest.approx(0.3)
    )
    assert shares[Outcome.NO_ANSWER] == 0


@pytest.mark.parametrize(
    ("given_shares", "text"),
    [
        ({HUMAN: 1.2}, "answered_human is a share"),
        ({HUMAN: -0.1}, "answered_human is a share"),
        ({HUMAN: float("nan")}, "answered_human is a share"),
        ({HUMAN: 0.8, MACHINE: 0.3}, "together not all calls, but 1.1"),
    ],
)
def test_impossible_shares_are_refused_by_name(
    given_shares: dict[Outcome, float], text: str
) -> None:
    with pytest.raises(ImpossibleSharesError, match=text):
        call_shares(given_shares)
