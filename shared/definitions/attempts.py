"""The attempt policy of a campaign as its owner writes it: how often, and after which delays."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, model_validator

from shared.definitions.base import Definition, is_stored, refuse
from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import AttemptPolicy, RetryRule

DELAY_MOST = 30 * 86_400
DelaySeconds = Annotated[int, Field(ge=0, le=DELAY_MOST)]
# The longest local day: clocks are never put back by more than two hours.
LONGEST_DAY = 26 * 3_600

Fault = tuple[tuple[str, ...], str]


class RetryDefinition(Definition):
    """The rule for one outcome: another attempt follows, within the budget of all outcomes."""

    delay_seconds: DelaySeconds | None = Field(
        default=None, description="without it, that of `delays_seconds` for the attempt's number"
    )
    max_attempts: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="the outcome is final after so many attempts in total, "
        "whatever their outcomes were",
    )


class AttemptsDefinition(Definition):
    """One budget of attempts for all outcomes; an outcome that `retry` does not name is final."""

    max_total: int = Field(default=1, ge=1, le=100)
    max_per_day: int | None = Field(
        default=None, ge=1, le=100, description="on one day where the contact is"
    )
    max_per_window: int | None = Field(
        default=None, ge=1, le=100, description="from one opening of the calendar to its closing"
    )
    min_gap_seconds: DelaySeconds = Field(
        default=0,
        description="least time from the end of an attempt to the next one; no rule shortens it",
    )
    delays_seconds: list[DelaySeconds] = Field(
        default_factory=list,
        max_length=100,
        description="n-th: the delay after the n-th attempt; the last one also after later ones",
        examples=[[600, 3_600, 86_400]],
    )
    jitter: float = Field(
        default=0,
        ge=0,
        le=1,
        description="random share of a delay that is added to it, so that retries are spread",
    )
    retry: dict[Outcome, RetryDefinition] = Field(default_factory=dict)

    @model_validator(mode="after")
    def has_delays(self) -> Self:
        if not self.delays_seconds:
            refuse(
                type(self),
                (
                    (("retry", outcome, "delay_seconds"), "give a delay here or in delays_seconds")
                    for outcome, rule in self.retry.items()
                    if rule.delay_seconds is None
                ),
            )
        return self

    @model_validator(mode="after")
    def does_not_contradict_itself(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            refuse(type(self), (*self._over_total(), *self._over_day(), *self._after_opt_out()))
        return self

    def policy(self) -> AttemptPolicy:
        rules = {
            outcome: RetryRule(
                delay=None if rule.delay_seconds is None else timedelta(seconds=rule.delay_seconds),
                max_attempts=rule.max_attempts,
            )
            for outcome, rule in self.retry.items()
        }
        return AttemptPolicy(
            max_total=self.max_total,
            max_per_day=self.max_per_day,
            max_per_window=self.max_per_window,
            min_gap=timedelta(seconds=self.min_gap_seconds),
            delays=tuple(timedelta(seconds=seconds) for seconds in self.delays_seconds),
            jitter=self.jitter,
            retry=rules,
        )

    def _over_total(self) -> Iterator[Fault]:
        caps: dict[tuple[str, ...], int | None] = {
            ("max_per_day",): self.max_per_day,
            ("max_per_window",): self.max_per_window,
        }
        for outcome, rule in self.retry.items():
            caps["retry", outcome, "max_attempts"] = rule.max_attempts
        for path, cap in caps.items():
            if cap is not None and cap > self.max_total:
                yield path, f"{cap} can never be reached: max_total allows {self.max_total}"

    def _after_opt_out(self) -> Iterator[Fault]:
        if Outcome.OPT_OUT in self.retry:
            detail = "a person who asked not to be called is not called again; leave it out"
            yield ("retry", Outcome.OPT_OUT), detail

    def _over_day(self) -> Iterator[Fault]:
        if self.max_per_day is None or self.min_gap_seconds == 0:
            return
        fitting = 1 + LONGEST_DAY // self.min_gap_seconds
        if self.max_per_day > fitting:
            detail = (
                f"{self.max_per_day} can never be reached: with min_gap_seconds of "
                f"{self.min_gap_seconds} at most {fitting} fit into a day"
            )
            yield ("max_per_day",), detail
