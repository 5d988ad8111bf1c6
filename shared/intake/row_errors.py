"""Errors in the rows of an uploaded file, and of a file that cannot be read at all."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.intake.remedies import REMEDIES

KEPT_ERRORS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """`field` is the name of the column as the file writes it. The value is never in it."""

    line: int
    field: str | None
    reason: str
    detail: str | None = None

    @property
    def remedy(self) -> str:
        """The fault in a sentence, and what would be right."""
        return self.detail or REMEDIES.get(self.reason, self.reason.replace("_", " "))


@dataclass(slots=True)
class Errors:
    """Counts all errors, keeps the first ones and passes each on to `also`."""

    count: int = 0
    first: list[RowError] = field(default_factory=list)
    also: Callable[[RowError], None] | None = None

    def add(self, line: int, field: str | None, reason: str) -> None:
        error = RowError(line=line, field=field, reason=reason)
        self.count += 1
        if self.count <= KEPT_ERRORS:
            self.first.append(error)
        if self.also:
            self.also(error)


class FileError(Exception):
    """The file as a whole cannot be read."""

    def __init__(
        self, line: int, field: str | None, reason: str, *, detail: str | None = None
    ) -> None:
        super().__init__(reason)
        self.error = RowError(line=line, field=field, reason=reason, detail=detail)


def unstorable(text: str) -> str | None:
    """The reason why PostgreSQL cannot store the text, or None."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not_utf8"
    return "nul_byte" if "\x00" in text else None
