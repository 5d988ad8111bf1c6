"""Bugs of I8: calls after a pause, a cancellation or a suppression."""

from tests.support.histories import BERLIN, LATER, SECOND, START, History, want
from tests.support.plants.acts import Plant


async def stopped(history: History, state: str) -> None:
    await want(history, state, at=START + 55 * SECOND)
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")
    await want(history, "running", at=START + 61 * SECOND)


async def dialed_after_pause(history: History) -> None:
    await stopped(history, "paused")


async def dialed_after_cancel(history: History) -> None:
    await stopped(history, "cancelled")


async def dialed_after_suppression(history: History) -> None:
    await history.conn.execute(
        """
        INSERT INTO suppressions (tenant_id, number, reason, created_at)
        VALUES ($1, '+4930123456', 'opt_out', $2)
        """,
        history.tenant_id,
        LATER - 5 * SECOND,
    )


BUGS: list[tuple[str, Plant]] = [
    ("I8", dialed_after_pause),
    ("I8", dialed_after_cancel),
    ("I8", dialed_after_suppression),
]
