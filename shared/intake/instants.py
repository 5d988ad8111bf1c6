"""Instants as clients write them, and the limits of an expiry."""

from datetime import datetime, timedelta

# A longer expiry is left out instead; PostgreSQL and Python cannot store very far instants.
LONGEST = timedelta(days=36525)


def instant(text: str) -> datetime | None:
    """None if the text is not an instant with an offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if read.tzinfo is None else read


def expiry_fault(expires_at: datetime, now: datetime) -> str | None:
    if expires_at <= now:
        return "in_the_past"
    return "too_far" if expires_at > now + LONGEST else None
