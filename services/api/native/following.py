"""A page of a list that is followed: in the order in which rows were added, and none is missed."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request

from services.api.http.paging import Cursor, FollowablePage, Limit
from services.api.native.auth import Authenticated
from services.api.native.listing import Listing, OwnCursors
from services.api.refusals import Refused
from shared.db.api import added
from shared.db.api.added import AddedList, Key, Mark
from shared.db.types import Connection

P = TypeVar("P", bound=FollowablePage)

ALONE = frozenset({"follow", "limit", "cursor"})
Follow = Annotated[
    bool,
    Query(
        description="true: in the order in which they were added, and `follow_cursor` leads to "
        "those that are added later; without filters and sorts"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followable(Listing):
    """`follows`: it is asked for in the order in which rows were added."""

    follows: bool
    tenant_id: int

    async def followed(self, conn: Connection, kind: type[P], rows_of: AddedList) -> P:
        """The rows that no row can come before any more. `conn` is rolled back afterwards."""
        seen, known = self._place(rows_of)
        now = await added.mark(conn, rows_of, self.tenant_id)
        oldest = await added.oldest_open(conn)
        if oldest == now.transaction:
            known = now
        elif known is None or known.transaction > now.transaction:
            # The first page; or the database was restored from a copy and counts anew.
            known, oldest = now, 0
        if oldest < known.transaction:
            return self._up_to(kind, [], seen, known)
        rows = await rows_of.rows(conn, self.tenant_id, seen, known.last, self.limit)
        if len(rows) == self.limit:
            return self._up_to(kind, rows, rows[-1].id, known)
        return self._up_to(kind, rows, known.last, now)

    def _place(self, rows_of: AddedList) -> tuple[Key, Mark | None]:
        """The last key that was read, and the mark up to which the pages go."""
        if self.cursor is None:
            return rows_of.first, None
        seen, last, transaction = self.own.place(self.cursor)
        key = type(rows_of.first)
        return key(seen), Mark(key(last), int(transaction))  # type: ignore[arg-type]

    def _up_to(self, kind: type[P], rows: list[object], seen: Key, known: Mark) -> P:
        follow = self.own.cursor((seen, known.last, known.transaction))
        next_cursor = follow if len(rows) == self.limit else None
        return kind.of(rows, next_cursor=next_cursor, follow_cursor=follow)


async def _followable(
    request: Request,
    caller: Authenticated,
    own: OwnCursors,
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    follow: Follow = False,
) -> Followable:
    others = request.query_params.keys() - ALONE
    if follow and others:
        field = min(others)
        raise Refused("not_followed", "a list that is followed has no filter", field=(field,))
    return Followable(
        limit=limit, cursor=cursor, own=own, follows=follow, tenant_id=caller.tenant_id
    )


AskedToFollow = Annotated[Followable, Depends(_followable)]
