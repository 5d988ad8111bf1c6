"""A page of a list, as a request asks for it: its size, and the place behind which it begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request

from services.api.http.cursors import Cursors
from services.api.http.paging import Cursor, Limit, Page
from services.api.http.resources import In
from services.api.native.auth import Authenticated

P = TypeVar("P", bound=Page)
Place = TypeVar("Place")

# Parameters that choose a part or a form of the same list.
_FORMS = {"limit", "cursor", "format"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCursors:
    """The cursors of one list: of its tenant, with its path and filters."""

    cursors: Cursors
    of: bytes

    def cursor(self, place: Sequence[object]) -> str:
        return self.cursors.cursor(place, of=self.of)

    def place(self, cursor: str) -> list[int | str]:
        return self.cursors.place(cursor, of=self.of)


def _id(row: Any) -> Sequence[object]:
    return (row.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    limit: int
    cursor: str | None
    own: ListCursors

    def after(self, kind: Callable[..., Place]) -> Place | None:
        """The place of the last row of the page before, made of its parts; None: no page before."""
        return None if self.cursor is None else kind(*self.own.place(self.cursor))

    def page(
        self, kind: type[P], rows: Sequence[Any], place: Callable[[Any], Sequence[object]] = _id
    ) -> P:
        """The page of `rows`, of which the query returned `limit` at most."""
        follow = len(rows) == self.limit
        return kind.of(rows, next_cursor=self.own.cursor(place(rows[-1])) if follow else None)


async def _cursors(request: Request, resources: In, caller: Authenticated) -> ListCursors:
    filters = sorted(each for each in request.query_params.multi_items() if each[0] not in _FORMS)
    # An export goes through the list that it is of.
    path = request.url.path.removesuffix("/export")
    of = orjson.dumps([caller.tenant_id, path, filters])
    return ListCursors(cursors=resources.cursors, of=of)


OwnCursors = Annotated[ListCursors, Depends(_cursors)]


async def _listing(own: OwnCursors, limit: Limit = 100, cursor: Cursor = None) -> Listing:
    return Listing(limit=limit, cursor=cursor, own=own)


Asked = Annotated[Listing, Depends(_listing)]
