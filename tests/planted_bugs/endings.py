"""Bugs of I5 and I6: lost attempts, and ends that differ from those of the carrier."""

from uuid import UUID, uuid4

from tests.planted_bugs.acts import Plant, attempt_of
from tests.support.histories import BERLIN, SECOND, START, History


async def attempt_left_dialing(history: History) -> None:
    await history.conn.execute(
        """
        UPDATE attempts SET state = 'dialing', outcome = NULL, ended_at = NULL, revisit_at = now()
        WHERE outcome = 'answered_human'
        """
    )
    await history.conn.execute("UPDATE contacts SET state = 'active' WHERE attempts = 2")


async def contact_left_active(history: History) -> None:
    await history.conn.execute("UPDATE contacts SET state = 'active' WHERE attempts = 2")


async def placed_but_not_in_the_database(history: History) -> None:
    reference = uuid4()
    history.originate(reference, "+4930123456", at=START + 60 * SECOND)
    history.end(reference, at=START + 61 * SECOND, outcome="busy")


async def dropped_but_placed(history: History) -> None:
    attempt_id = await history.conn.fetchval("SELECT id FROM attempts WHERE state = 'dropped'")
    reference = UUID(str(attempt_id))
    history.originate(reference, "+12125550102", at=START)
    history.end(reference, at=START + SECOND, outcome="busy")


async def another_number_called(history: History) -> None:
    history.lines[0]["to"] = "+4930123499"


async def another_outcome_than_the_carriers(history: History) -> None:
    ended = next(line for line in history.lines if line.get("outcome") == "declined")
    ended["outcome"] = "no_answer"


async def ended_twice_by_the_carrier(history: History) -> None:
    history.end(await attempt_of(history, "busy"), at=START + 21 * SECOND, outcome="busy")


async def ended_but_up_at_the_carrier(history: History) -> None:
    history.lines = [line for line in history.lines if line.get("outcome") != "answered_human"]


async def ended_but_never_placed(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    await history.attempt(dora, uuid4(), at=START, seconds=1, outcome="busy")


async def unknown_for_no_reason(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    await history.attempt(dora, uuid4(), at=START, seconds=1, outcome="unknown")


async def end_told_by_nobody(history: History) -> None:
    await history.conn.execute("DELETE FROM public_events WHERE position = 1")


async def end_told_twice(history: History) -> None:
    await history.tell_ends()


async def called_for_another_tenant(history: History) -> None:
    _, _, attempt = history.lines[0]["reference"].partition(".")
    history.lines[0]["reference"] = f"{history.tenant_id + 1}.{attempt}"


# Planted after the history is finished.
STORED_BUGS: list[tuple[str, Plant]] = [("I6", end_told_by_nobody), ("I6", end_told_twice)]

BUGS: list[tuple[str, Plant]] = [
    ("I5", attempt_left_dialing),
    ("I5", contact_left_active),
    ("I5", placed_but_not_in_the_database),
    ("I5", dropped_but_placed),
    ("I5", another_number_called),
    ("I6", another_outcome_than_the_carriers),
    ("I6", ended_twice_by_the_carrier),
    ("I6", ended_but_up_at_the_carrier),
    ("I6", ended_but_never_placed),
    ("I6", unknown_for_no_reason),
    ("I9", called_for_another_tenant),
]
