"""The numbers of a contact, which are tried in order until a person is reached."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.domain.outcomes import Outcome
from shared.domain.policy.attempt_policy import Again
from shared.domain.policy.suppression import put_off

# With the first one. Contact centres keep about as many.
MOST_NUMBERS = 5
# No person is ever reached at the number, so it is passed over for ever.
NOBODY_THERE = frozenset({Outcome.UNOBTAINABLE, Outcome.INVALID_NUMBER, Outcome.FAX})


class ContactNumber(NamedTuple):
    """One of several numbers of a contact, in the calling group of its own.

    `suppressed_until` is the end of its suppressions: NEVER, if one is for good.
    """

    number: str
    calling_group_id: int
    zones: tuple[str, ...]
    suppressed_until: datetime | None = None
    is_passed_over: bool = False


def turns(numbers: Sequence[ContactNumber], dialed: str, *, stays: bool) -> list[ContactNumber]:
    """The numbers that may be called, in the order of their turns after the dialed one.

    The dialed number itself is the last, or the first if the contact stays at it. A number without
    a zone may never be called.
    """
    # One that its owner has removed meanwhile has no turn.
    at = next((at for at, own in enumerate(numbers) if own.number == dialed), len(numbers))
    earlier, current, later = numbers[:at], numbers[at : at + 1], numbers[at + 1 :]
    order = (*current, *later, *earlier) if stays else (*later, *earlier, *current)
    return [own for own in order if own.zones and not own.is_passed_over]


def first_free(
    planned: Iterable[tuple[ContactNumber, Again]],
) -> tuple[ContactNumber, Again] | None:
    """The first number that no suppression puts off, with its time.

    Without one it is the number whose suppression ends first; None: all are suppressed for good.
    """
    waiting: list[tuple[ContactNumber, Again]] = []
    for own, planned_for in planned:
        again = put_off(planned_for, own.suppressed_until)
        if again is None:
            continue
        if again is planned_for:
            return own, again
        waiting.append((own, again))
    return min(waiting, key=lambda each: each[1].not_before, default=None)
