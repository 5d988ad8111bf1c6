"""The names under which the code knows asyncpg's pool and connection, one place for its stubs.

A query takes a `Connection`; a pool serves where one statement is the whole transaction. A
`Session` can hold a transaction of several.
"""

from typing import TYPE_CHECKING

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Session = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Connection = Session | Pool
else:
    Pool = asyncpg.Pool
    Session = Connection = asyncpg.Connection
