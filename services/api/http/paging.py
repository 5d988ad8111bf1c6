"""Views of rows and pages of views."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

LARGEST_ID = (1 << 63) - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[17])]
Limit = Annotated[int, Query(ge=1, le=1000, description="entries on the page")]
LONGEST_CURSOR = 2000
CURSOR = "`next_cursor` of the page before, of the same list with the same filters"
Cursor = Annotated[str | None, Query(max_length=LONGEST_CURSOR, description=CURSOR)]


def _in_range(at: datetime) -> datetime:
    if not 1970 < at.year < 9999:
        raise ValueError("must be a time from 1971 to 9998")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
Number = Annotated[
    str | None,
    Field(pattern=r"^[+ ]?[1-9][0-9]{6,14}$", description="E.164; write + as %2B or leave it out"),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[^\x00]*$"),
]


def e164_of(number: str | None) -> str | None:
    """The number of a parameter, whose + may be left out or come as a space."""
    return None if number is None else "+" + number.lstrip("+ ")


class View(BaseModel):
    """A part of an answer, read from the attributes of a row or of a value."""

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row, from_attributes=True)


class Page(BaseModel):
    """A subclass adds one list of views, under the name of the resource."""

    next_cursor: str | None = Field(description="`cursor` of the next page; null: no more follow")

    @classmethod
    def of(cls, rows: Sequence[Any], **cursors: str | None) -> Self:
        (name,) = cls.model_fields.keys() - cursors.keys() - {"follow_cursor"}
        return cls.model_validate({name: rows, **cursors}, from_attributes=True)


class FollowablePage(Page):
    """A page of a list that can be followed in the order in which its rows were added."""

    follow_cursor: str | None = Field(
        default=None, description="with `follow`: `cursor` of what is added later; else null"
    )


class FollowedPage(Page):
    """A page of rows in the order of their commits: a reader that goes on behind misses none."""

    follow_cursor: str = Field(description="`cursor` of what comes later, on the last page as well")

    @classmethod
    def up_to(cls, rows: Sequence[Any], *, last: str, limit: int) -> Self:
        """`last` is the cursor of the last row, or of the page before."""
        next_cursor = last if len(rows) == limit else None
        return cls.of(rows, next_cursor=next_cursor, follow_cursor=last)
