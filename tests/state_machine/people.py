"""The persons and policies of the machine, written out; the product must find the same."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Person:
    """The zones and the country that the number alone gives."""

    zones: tuple[str, ...]
    country: str | None


PEOPLE = {
    "+12125552671": Person(("America/New_York",), "US"),
    "+13125552671": Person(("America/Chicago",), "US"),
    "+442079460000": Person(("Europe/London",), "GB"),
    "+61889521234": Person(("Australia/Adelaide", "Australia/Darwin", "Australia/Perth"), "AU"),
    "+80012345678": Person((), None),
}
NUMBERS = tuple(PEOPLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`delays` has each outcome that is retried, with its delay."""

    is_limited: bool
    max_total: int
    max_per_day: int
    min_gap: timedelta
    delays: dict[Outcome, timedelta]
    max_concurrent: int | None = None
    limits: dict[str, Any] = field(default_factory=dict)

    def definition(self) -> dict[str, Any]:
        return {
            "kind": "informational",
            "automated": False,
            "caps": {"max_concurrent": self.max_concurrent},
            "attempts": {
                "max_total": self.max_total,
                "max_per_day": self.max_per_day,
                "min_gap_seconds": int(self.min_gap.total_seconds()),
                "retry": {
                    str(outcome): {"delay_seconds": int(delay.total_seconds())}
                    for outcome, delay in self.delays.items()
                },
            },
            **self.limits,
        }


NO_TIME, HOUR = timedelta(0), timedelta(hours=1)
# Two campaigns have this subject and these limits: calls of both count for a person.
ABOUT_LOANS = {
    "subject": "loans",
    "frequency_caps": [{"max_calls": 3, "hours": 24}],
    "silences": [{"after": "conversation", "hours": 168}],
}
SHORT = {
    Outcome.BUSY: NO_TIME,
    Outcome.NO_ANSWER: timedelta(minutes=5),
    Outcome.ANSWERED_HUMAN: NO_TIME,
    Outcome.MACHINE_NO_MESSAGE: HOUR,
    Outcome.NETWORK_ERROR: NO_TIME,
    Outcome.DECLINED: NO_TIME,
    Outcome.CALLBACK_REQUESTED: HOUR,
}
POLICIES = {
    "loans": Policy(
        is_limited=True,
        max_total=8,
        max_per_day=5,
        min_gap=timedelta(minutes=10),
        delays=SHORT,
        limits=ABOUT_LOANS,
    ),
    "offers": Policy(
        is_limited=True,
        max_total=8,
        max_per_day=8,
        min_gap=NO_TIME,
        delays=SHORT,
        limits=ABOUT_LOANS,
    ),
    "notices": Policy(
        is_limited=False,
        max_total=6,
        max_per_day=2,
        min_gap=timedelta(minutes=30),
        delays=dict.fromkeys(set(Outcome) - {Outcome.UNKNOWN, Outcome.OPT_OUT}, NO_TIME),
        max_concurrent=2,
    ),
}
KINDS = tuple(POLICIES)
