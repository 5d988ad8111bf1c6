"""How often and how soon a contact is tried again, as a campaign's owner writes it."""

from datetime import timedelta

from pydantic import Field

from shared.definitions.base import Definition
from shared.domain.attempt_policy import AttemptPolicy, RetryRule
from shared.domain.outcomes import Outcome


class RetryDefinition(Definition):
    """What follows one outcome."""

    delay_seconds: int = Field(ge=0, le=30 * 86_400)
    max_attempts: int | None = Field(default=None, ge=1, le=100)


class AttemptsDefinition(Definition):
    """One shared budget of attempts; an outcome that `retry` does not name ends the contact."""

    max_total: int = Field(default=1, ge=1, le=100)
    max_per_day: int | None = Field(default=None, ge=1, le=100)
    min_gap_seconds: int = Field(default=0, ge=0, le=30 * 86_400)
    retry: dict[Outcome, RetryDefinition] = Field(default_factory=dict)

    def policy(self) -> AttemptPolicy:
        rules = {
            outcome: RetryRule(
                delay=timedelta(seconds=rule.delay_seconds), max_attempts=rule.max_attempts
            )
            for outcome, rule in self.retry.items()
        }
        return AttemptPolicy(
            max_total=self.max_total,
            max_per_day=self.max_per_day,
            min_gap=timedelta(seconds=self.min_gap_seconds),
            retry=rules,
        )
