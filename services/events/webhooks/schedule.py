"""When a webhook that was not taken is tried again."""

from datetime import datetime, timedelta

# The example of Standard Webhooks: ten tries in about 75 hours.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2
LONGEST_WAIT = timedelta(hours=24)


def next_try_at(
    tries: int, *, now: datetime, chance: float, retry_after: timedelta | None = None
) -> datetime | None:
    """The next try after `tries` that failed; None when there have been enough.

    `chance`, from 0 to 1, spreads the delay by a fifth to either side. A receiver that asks for
    more time gets up to a day; one that asks for less does not use up its tries faster.
    """
    if tries > len(DELAYS):
        return None
    delay = DELAYS[tries - 1] * (1 - JITTER + 2 * JITTER * chance)
    if retry_after is not None:
        delay = max(delay, min(retry_after, LONGEST_WAIT))
    return now + delay
