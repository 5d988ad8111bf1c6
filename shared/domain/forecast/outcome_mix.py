"""The mix of outcomes, as shares of all calls, that a forecast or a simulation assumes."""

from collections.abc import Mapping
from fractions import Fraction

from shared.domain.outcomes import Outcome

# The same as the simulated carrier's, so that a forecast and a demo agree.
DEFAULT_MIX: Mapping[Outcome, float] = {
    Outcome.ANSWERED_HUMAN: 0.38,
    Outcome.MACHINE_NO_MESSAGE: 0.20,
    Outcome.BUSY: 0.10,
    Outcome.NO_ANSWER: 0.22,
    Outcome.DECLINED: 0.05,
    Outcome.UNOBTAINABLE: 0.03,
    Outcome.NETWORK_ERROR: 0.02,
}
ANSWERED = frozenset({Outcome.ANSWERED_HUMAN, Outcome.MACHINE_NO_MESSAGE})


class ImpossibleSharesError(ValueError):
    """A share is not from 0 to 1, or the sum of all is not 1; the text names the shares."""


def call_shares(given: Mapping[Outcome, float]) -> dict[Outcome, float]:
    """The given shares; the other outcomes divide the rest in proportion to the default mix."""
    for outcome, share in given.items():
        if not 0 <= share <= 1:
            raise ImpossibleSharesError(f"{outcome} is a share: from 0 to 1, like 0.35")
    # By their decimal text: 0.7, 0.2 and 0.1 are exactly all calls, which floats are not.
    rest = 1 - sum(Fraction(str(share)) for share in given.values())
    others = {outcome: share for outcome, share in DEFAULT_MIX.items() if outcome not in given}
    if rest < 0 or (rest > 0 and not others):
        text = " and ".join(f"{outcome} {share:g}" for outcome, share in given.items())
        raise ImpossibleSharesError(f"{text} are together not all calls, but {float(1 - rest):g}")
    usual = sum(others.values())
    mix = dict(given) | {outcome: float(rest) * share / usual for outcome, share in others.items()}
    return {outcome: mix[outcome] for outcome in DEFAULT_MIX}
