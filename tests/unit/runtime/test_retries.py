"""The errors after which a query is tried again."""

import asyncpg
import pytest

from shared.runtime.retries import patiently


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
        asyncpg.ConnectionDoesNotExistError("connection was closed"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        ConnectionRefusedError(),
    ],
)
async def test_a_query_that_a_restart_of_postgres_broke_is_tried_again(fault: Exception) -> None:
    faults = [fault]

    async def act() -> str:
        if faults:
            raise faults.pop()
        return "done"

    assert await patiently("test", act) == "done"
