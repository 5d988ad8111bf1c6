"""Views of rows, pages of views, and the cursors by which one page leads to the next."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Path, Query
from pydantic import BaseModel, Field

from services.api.refusals import Refused

LARGEST_ID = (1 << 63) - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[17])]
Limit = Annotated[int, Query(ge=1, le=1000, description="entries on the page")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before")
]


class View(BaseModel):
    """A part of an answer, read from the attributes of a row or of a value."""

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row, from_attributes=True)


def _cursor_of_id(row: Any) -> str:
    return str(row.id)


class Page(BaseModel):
    """A subclass adds one list of views, under the name of the resource."""

    next_cursor: str | None = Field(description="`cursor` of the next page; null: no more follow")

    @classmethod
    def of(
        cls, rows: Sequence[Any], *, limit: int, cursor_of: Callable[[Any], str] = _cursor_of_id
    ) -> Self:
        """The page of `rows`, of which the query returned `limit` at most."""
        (name,) = cls.model_fields.keys() - Page.model_fields.keys()
        next_cursor = cursor_of(rows[-1]) if len(rows) == limit else None
        return cls.model_validate({name: rows, "next_cursor": next_cursor}, from_attributes=True)


def id_of(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and int(cursor) <= LARGEST_ID):
        raise _unknown_cursor()
    return int(cursor)


def pair_of(cursor: str | None) -> tuple[int, int] | None:
    """The two numbers of a cursor such as `12-3`."""
    if cursor is None:
        return None
    first, _, second = cursor.partition("-")
    return id_of(first) or 0, id_of(second) or 0


def uuid_of(cursor: str | None) -> UUID | None:
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError:
        raise _unknown_cursor() from None


def text_of(cursor: str | None) -> str | None:
    """Decodes a base64url cursor; used for phone numbers, which must not appear in URLs."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _unknown_cursor() from None
    if "\x00" in text:
        raise _unknown_cursor()
    return text


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _unknown_cursor() -> Refused:
    return Refused("unknown_cursor", "not a cursor of this list", field=("cursor",))
