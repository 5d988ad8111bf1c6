"""The names under which the code knows asyncpg's pool and connection, one place for its stubs.

A query takes a `Connection`; a pool serves where one statement is the whole transaction.
"""

from typing import TYPE_CHECKING

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record] | Pool
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection
