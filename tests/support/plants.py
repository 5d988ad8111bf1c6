"""Bugs to plant into a correct history, each with the one invariant that it breaks."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from tests.support.histories import BERLIN, LATER, NEW_YORK, SECOND, START, History, want

Plant = Callable[[History], Awaitable[None]]


async def attempt_of(history: History, outcome: str) -> UUID:
    found = await history.conn.fetchval("SELECT id FROM attempts WHERE outcome = $1", outcome)
    return UUID(str(found))


async def duplicate_originate(history: History) -> None:
    reference = await attempt_of(history, "busy")
    history.originate(reference, "+4930123456", at=START + 40 * SECOND, verdict="duplicate")


async def second_call_of_an_attempt(history: History) -> None:
    history.originate(await attempt_of(history, "busy"), "+4930123456", at=START + SECOND)


async def originated_again_after_a_refusal(history: History) -> None:
    reference, before = await attempt_of(history, "busy"), START - 5 * SECOND
    history.originate(reference, "+4930123456", at=before, verdict="refused", code="unavailable")


async def two_attempts_live_at_once(history: History) -> None:
    await history.conn.execute(
        "UPDATE attempts SET claimed_at = $1 WHERE outcome = 'answered_human'", START + SECOND
    )


async def two_calls_at_once(history: History) -> None:
    ended = next(line for line in history.lines if line.get("outcome") == "busy")
    ended["at"] = (LATER + 5 * SECOND).timestamp()


async def called_again_during_an_unknown_call(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    first = await history.call(dora, at=START + 60 * SECOND, outcome="busy", told="unknown")
    ended = next(line for line in history.lines[::-1] if line["reference"] == str(first))
    ended["at"] = (START + 500 * SECOND).timestamp()
    await history.call(dora, at=START + 400 * SECOND, outcome="declined")


async def called_again_too_soon(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START + 60 * SECOND, outcome="busy")
    await history.call(dora, at=START + 379 * SECOND, outcome="declined")


async def called_again_after_the_last_outcome(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")
    await history.call(dora, at=START + 600 * SECOND, outcome="declined")


async def change_definition(history: History, path: list[str], value: object) -> None:
    await history.conn.execute(
        "UPDATE campaigns SET definition = jsonb_set(definition, $1, $2)", path, json.dumps(value)
    )


async def more_attempts_than_allowed(history: History) -> None:
    await change_definition(history, ["attempts", "max_total"], 1)


async def more_attempts_a_day_than_allowed(history: History) -> None:
    await change_definition(history, ["attempts", "max_per_day"], 1)


async def called_before_opening(history: History) -> None:
    dora = await history.contact("+13035550101", "America/Denver", source="number")
    opening = datetime(2026, 11, 2, 16, tzinfo=UTC)
    await history.call(dora, at=opening - timedelta(milliseconds=1), outcome="declined")


async def called_at_closing(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    closing = datetime(2026, 11, 2, 19, tzinfo=UTC)
    await history.call(dora, at=closing, outcome="declined")


async def called_by_the_offset_of_the_day_before(history: History) -> None:
    dora = await history.contact("+12125550103", NEW_YORK, source="number")
    half_past_eight = datetime(2026, 11, 1, 13, 30, tzinfo=UTC)
    await history.call(dora, at=half_past_eight, outcome="declined")


async def called_after_the_last_day(history: History) -> None:
    await change_definition(history, ["calendar", "end_date"], "2026-11-01")


async def called_by_one_of_two_zones(history: History) -> None:
    dora = await history.contact("+16055550101", "America/Chicago", source="number")
    await history.call(dora, at=LATER + timedelta(minutes=5), outcome="declined")


async def called_in_an_unknown_zone(history: History) -> None:
    dora = await history.contact("+8811234568", source="unknown")
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")


async def three_calls_at_once(history: History, *, apart: float = 2) -> None:
    for n in range(3):
        contact = await history.contact(f"+493012346{n}", BERLIN)
        await history.call(contact, at=START + (100 + n * apart) * SECOND, outcome="declined")


async def three_at_once_for_the_tenant(history: History) -> None:
    await change_definition(history, ["caps"], {})
    await history.conn.execute("UPDATE tenants SET max_concurrent = 2")
    await three_calls_at_once(history)


async def three_at_once_on_the_trunk(history: History) -> None:
    await change_definition(history, ["caps"], {})
    await history.conn.execute("UPDATE trunks SET max_concurrent = 2")
    await three_calls_at_once(history)


async def a_third_call_that_the_carrier_refused(history: History) -> None:
    for n in range(2):
        contact = await history.contact(f"+493012346{n}", BERLIN)
        await history.call(contact, at=START + (100 + n) * SECOND, outcome="declined")
    contact = await history.contact("+4930123462", BERLIN)
    refused, at = uuid4(), START + 105 * SECOND
    await history.attempt(contact, refused, at=at, seconds=1, outcome="dropped")
    code = "concurrency_exceeded"
    history.originate(refused, "+4930123462", at=at, verdict="refused", code=code)


async def three_calls_in_a_second(history: History, *, span: float = 0.999) -> None:
    await change_definition(history, ["caps", "max_concurrent"], 3)
    await three_calls_at_once(history, apart=span / 2)


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
    found = await history.conn.fetchval("SELECT id FROM attempts WHERE state = 'dropped'")
    reference = UUID(str(found))
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


async def counter_off_by_one(history: History) -> None:
    await history.conn.execute(
        "UPDATE campaign_counters SET value = value - 1 WHERE name LIKE '%declined'"
    )


async def outcome_counted_twice(history: History) -> None:
    await history.conn.execute(
        "UPDATE campaign_counters SET value = value * 2 WHERE name LIKE '%answered_human'"
    )


async def contact_counted_twice(history: History) -> None:
    await history.conn.execute("UPDATE contacts SET attempts = 3 WHERE attempts = 2")


async def counter_that_nobody_knows(history: History) -> None:
    await history.conn.execute(
        "INSERT INTO campaign_counters SELECT campaign_id, 'stray', 1 FROM contacts LIMIT 1"
    )


async def waiting_where_nobody_waits(history: History) -> None:
    await history.conn.execute(
        """
        INSERT INTO waiting_contacts
        SELECT campaign_id, calling_group_id, 'retry', 5, 1 FROM contacts LIMIT 1
        """
    )


IN_THE_HISTORY: list[tuple[str, Plant]] = [
    ("I1", duplicate_originate),
    ("I1", second_call_of_an_attempt),
    ("I1", originated_again_after_a_refusal),
    ("I2", two_attempts_live_at_once),
    ("I2", two_calls_at_once),
    ("I2", called_again_during_an_unknown_call),
    ("I2", called_again_too_soon),
    ("I2", called_again_after_the_last_outcome),
    ("I2", more_attempts_than_allowed),
    ("I2", more_attempts_a_day_than_allowed),
    ("I3", called_before_opening),
    ("I3", called_at_closing),
    ("I3", called_by_the_offset_of_the_day_before),
    ("I3", called_after_the_last_day),
    ("I3", called_by_one_of_two_zones),
    ("I3", called_in_an_unknown_zone),
    ("I4", three_calls_at_once),
    ("I4", three_at_once_for_the_tenant),
    ("I4", three_at_once_on_the_trunk),
    ("I4", a_third_call_that_the_carrier_refused),
    ("I4", three_calls_in_a_second),
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
    ("I8", dialed_after_pause),
    ("I8", dialed_after_cancel),
    ("I8", dialed_after_suppression),
]
AFTER_THE_END: list[tuple[str, Plant]] = [
    ("I6", counter_off_by_one),
    ("I6", outcome_counted_twice),
    ("I6", contact_counted_twice),
    ("I6", counter_that_nobody_knows),
    ("I6", waiting_where_nobody_waits),
]
