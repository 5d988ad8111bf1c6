"""The delays between the tries of a webhook delivery."""

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
    """The time of the next try after `tries` failed ones; None when all tries are used.

    `chance`, from 0 to 1, spreads the delay by a fifth to either side. `retry_after` can lengthen
    the delay up to a day, but never shortens it.
    """
    if tries > len(DELAYS):
        return None
    delay = DELAYS[tries - 1] * (1 - JITTER + 2 * JITTER * chance)
    if retry_after is not None:
        delay = max(delay, min(retry_after, LONGEST_WAIT))
    return now + delay
