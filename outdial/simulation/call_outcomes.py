"""The outcome and length of each simulated call, drawn by seed as the simulated carrier does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from outdial.carrier import behaviour as carrier
from outdial.carrier.behaviour import Behaviour, Seconds, Span, plan
from outdial.errors import OutdialError
from shared.domain.forecast.outcome_mix import ImpossibleSharesError, call_shares
from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class CallOutcomes:
    """Draws outcomes: the n-th call to a number always ends the same, whenever it is placed."""

    behaviour: Behaviour
    seed: int

    def call(self, number: str, nth: int, *, ring_seconds: int | None) -> tuple[Outcome, timedelta]:
        """The outcome and the length; an unanswered call rings for at least `ring_seconds`."""
        drawn = plan(self.behaviour, seed=self.seed, number=number, nth=nth)
        outcome = _OUTCOMES[drawn.outcome]
        rings = drawn.ring_seconds
        if outcome is Outcome.NO_ANSWER and ring_seconds is not None:
            rings = max(rings, ring_seconds)
        return outcome, timedelta(seconds=rings + drawn.talk_seconds)


def call_outcomes(
    rates: Mapping[Outcome, float], *, talk: Span | None, ring: Span | None, seed: int
) -> CallOutcomes:
    """The outcomes without a rate share the remaining calls."""
    try:
        shares = call_shares(rates)
    except ImpossibleSharesError as error:
        raise OutdialError(f"these rates do not fit together: {error}") from error
    usual = Seconds()
    seconds = Seconds(talk=talk or usual.talk, ring=ring or usual.ring)
    outcomes = {carrier.Outcome(outcome.value): share for outcome, share in shares.items()}
    return CallOutcomes(Behaviour(outcomes=outcomes, seconds=seconds), seed)


def parse_seconds(text: str, *, option: str) -> Span:
    """Like 45, or 5-60 for anything from 5 to 60."""
    least, _, most = text.partition("-")
    try:
        span = float(least), float(most or least)
    except ValueError:
        span = -1.0, -1.0
    if not 0 <= span[0] <= span[1] <= 86_400:
        raise OutdialError(
            f"{option}: {text!r} is not a time in seconds; write 45, or 5-60 for 5 to 60"
        )
    return span


_OUTCOMES = {outcome: Outcome(outcome.value) for outcome in carrier.Outcome}
