"""The result of a simulation for programs."""

from datetime import datetime
from typing import Any

from outdial.simulation.inputs import People
from outdial.simulation.result import Result
from shared.definitions.words import unreachable_text


def json_report(result: Result, *, name: str, people: People) -> dict[str, Any]:
    """The counts of the text report; instants are in UTC, or null if there is none."""
    return {
        "name": name,
        "start": _text(result.start),
        "until": _text(result.until),
        "contacts": result.contacts,
        "duplicates": people.duplicates,
        "rejected": people.rejected,
        "errors": people.errors,
        "warnings": people.warnings,
        "calls": result.calls,
        "peak": result.peak,
        "first_at": _text(result.first_at),
        "last_at": _text(result.last_at),
        "finished_at": _text(result.finished_at),
        "outcomes": dict(result.outcomes),
        "finished": dict(result.finished),
        "waiting": [
            {"reason": wait.reason, "contacts": wait.contacts, "next_at": _text(wait.next_at)}
            for wait in result.waiting
        ],
        "never": [
            {"reason": why.reason, "contacts": contacts, "detail": unreachable_text(why)}
            for why, contacts in result.never
        ],
        "zones": [
            {"label": zone.label, "contacts": zone.contacts, "calls": zone.calls}
            for zone in result.zones
        ],
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
