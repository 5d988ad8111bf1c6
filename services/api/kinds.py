"""Resources that a tenant keeps by kind: read, changed under a lock, deleted while unused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from services.api.versions import ANYTHING, Seen
from shared.db.types import Connection

Key = TypeVar("Key")
Row = TypeVar("Row")

NAMED = "campaigns that have not ended name it: {}; end or delete those first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Key, Row]):
    """Use cases that are the same for each kind, made of its queries by tenant and key.

    `name` is for people. `lock` returns whether there is such a resource, `users` how many others
    name it, for `in_use`: the code of the refusal to delete it, and its text with the number.
    """

    name: str
    get: Callable[[Connection, int, Key], Awaitable[Row | None]]
    lock: Callable[[Connection, int, Key], Awaitable[bool]]
    users: Callable[[Connection, int, Key], Awaitable[int]]
    in_use: tuple[str, str]

    async def read(self, resources: Resources, caller: Caller, key: Key) -> Row:
        async with resources.pool.transaction(caller.tenant_id) as conn:
            return await self.owned(conn, caller, key)

    async def owned(self, conn: Connection, caller: Caller, key: Key) -> Row:
        row = await self.get(conn, caller.tenant_id, key)
        if row is None:
            raise not_found(self.name)
        return row

    async def locked(
        self, conn: Connection, caller: Caller, key: Key, seen: Seen = ANYTHING
    ) -> Row:
        """From now to the commit nothing else changes it, and no campaign begins to name it."""
        if not await self.lock(conn, caller.tenant_id, key):
            raise not_found(self.name)
        row = await self.owned(conn, caller, key)
        seen.check(row)
        return row

    async def unused(
        self, conn: Connection, caller: Caller, key: Key, seen: Seen = ANYTHING
    ) -> Row:
        """Lock a resource that is about to be deleted; refuse if others name it."""
        row = await self.locked(conn, caller, key, seen)
        users = await self.users(conn, caller.tenant_id, key)
        if users:
            code, detail = self.in_use
            raise Refused(code, detail.format(users))
        return row
