"""Errors in the rows of an uploaded file, and of a file that cannot be read at all."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.intake.remedies import REMEDIES

KEPT_ERRORS = 1000
# The mark of a letter that was lost, and controls that no program writes into a text: both are
# traces of a wrong encoding.
_LOST = re.compile("[\ufffd\x80-\x84\x86-\x9f]")


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
    """Counts all errors, keeps the first ones and passes each on to `also`.

    Those up to line `after` were told before.
    """

    after: int = 0
    count: int = 0
    first: list[RowError] = field(default_factory=list)
    also: Callable[[RowError], None] | None = None

    def add(self, line: int, field: str | None, reason: str) -> None:
        if line <= self.after:
            return
        error = RowError(line=line, field=field, reason=reason)
        self.count += 1
        if self.count <= KEPT_ERRORS:
            self.first.append(error)
        if self.also:
            self.also(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedColumn:
    """`taken_for` is a field, `attribute` or `ignored`."""

    name: str
    taken_for: str


class Findings(Protocol):
    """What a reader found in its file: the refused rows, and what it passed over."""

    @property
    def errors(self) -> Errors: ...

    @property
    def warnings(self) -> Errors: ...

    @property
    def columns(self) -> Sequence[PreviewedColumn]: ...


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


def damage(text: str) -> str | None:
    """The reason why the text is not the one that was written, or cannot be stored; or None."""
    return unstorable(text) or ("lost_letter" if _LOST.search(text) else None)
