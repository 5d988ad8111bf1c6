"""Instants as clients write them, and how far away one may be."""

from datetime import datetime, timedelta

# What is meant for longer is meant for good; far instants have no place in PostgreSQL or Python.
LONGEST = timedelta(days=36525)


def instant(text: str) -> datetime | None:
    """None for what is not an instant with its offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if read.tzinfo is None else read


def expiry_fault(expires_at: datetime, now: datetime) -> str | None:
    if expires_at <= now:
        return "in_the_past"
    return "too_far" if expires_at > now + LONGEST else None
