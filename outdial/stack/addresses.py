"""Addresses of the local stack, or of the servers that the environment names."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from outdial.errors import OutdialError
from outdial.stack import known
from outdial.stack import state as states
from outdial.stack.state import State

if TYPE_CHECKING:
    from shared.db.types import Session

POSTGRES = "OUTDIAL_POSTGRES_URL"
NO_SCHEMA = "the database has no tables of Outdial: `python -m shared.db.migrate` makes them"


def postgres_url(directory: Path) -> str:
    given = os.environ.get(POSTGRES)
    return given or _found(
        directory, lambda state: state.addresses.get("postgres"), f"set {POSTGRES}"
    )


@asynccontextmanager
async def connected(directory: Path) -> AsyncIterator["Session"]:
    """A connection to that database; an OutdialError if it is away or without a schema."""
    import asyncpg

    from shared.runtime.faults import in_words

    try:
        conn = await asyncpg.connect(postgres_url(directory), timeout=10)
    except ValueError as error:
        # Its text may contain a part of the password.
        raise OutdialError(
            f"{POSTGRES} is not an address like postgresql://user:password@127.0.0.1:5432/outdial"
        ) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        place = "OUTDIAL_POSTGRES_URL names" if os.environ.get(POSTGRES) else "the stack started"
        text = f"the database that {place} does not take connections: {in_words(error)}"
        raise OutdialError(text) from error
    try:
        yield conn
    except asyncpg.UndefinedTableError as error:
        raise OutdialError(NO_SCHEMA) from error
    finally:
        await conn.close()


def api_url(directory: Path) -> str:
    return _found(directory, lambda state: state.api, "give --api and --key")


def _found(directory: Path, address: Callable[[State], str | None], remedy: str) -> str:
    """The address in the state of the stack that runs there."""
    state = states.load(directory)
    found = address(state) if state is not None and state.is_alive else None
    if found is None:
        raise OutdialError(
            f"no stack runs in {directory}: start one with `outdial up --detach`, or {remedy}"
            f"{known.hint(directory)}"
        )
    return found
