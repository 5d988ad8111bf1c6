"""Pages of lists: how many, and where the next one begins."""

import base64
import binascii
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from services.api.refusals import Refused

LARGEST_ID = (1 << 63) - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[17])]
Limit = Annotated[int, Query(ge=1, le=1000, description="entries on the page")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before")
]


def id_of(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and int(cursor) <= LARGEST_ID):
        raise _not_ours()
    return int(cursor)


def pair_of(cursor: str | None) -> tuple[int, int] | None:
    """The two numbers of a cursor \"12-3\"."""
    if cursor is None:
        return None
    first, _, second = cursor.partition("-")
    return id_of(first) or 0, id_of(second) or 0


def uuid_of(cursor: str | None) -> UUID | None:
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError:
        raise _not_ours() from None


def text_of(cursor: str | None) -> str | None:
    """A place that must not be readable in an address."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _not_ours() from None
    if "\x00" in text:
        raise _not_ours()
    return text


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _not_ours() -> Refused:
    return Refused("unknown_cursor", "not a cursor of this list", field=("cursor",))
