"""Bugs of I1 and I2: a call placed twice, and calls too soon or too often for their contact."""

from tests.planted_bugs.acts import (
    Plant,
    attempt_of,
    change_definition,
    give_other_campaigns_to_another_tenant,
)
from tests.support.histories import BERLIN, LATER, SECOND, START, History


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
    first = await history.call(dora, at=START + 60 * SECOND, outcome="busy", stored="unknown")
    ended = next(line for line in history.lines[::-1] if line["reference"].endswith(str(first)))
    ended["at"] = (START + 500 * SECOND).timestamp()
    await history.call(dora, at=START + 400 * SECOND, outcome="declined")


async def called_by_two_campaigns_at_once(history: History, *, after: float = 10) -> None:
    """Each call lasts 20 seconds, and neither campaign counts its calls."""
    dora = await history.contact("+4930123457", BERLIN)
    other = await history.campaign(kind="informational")
    again = await history.contact("+4930123457", BERLIN, campaign_id=other)
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")
    await history.call(again, at=START + (60 + after) * SECOND, outcome="declined")


async def called_by_two_campaigns_in_turn(history: History) -> None:
    await called_by_two_campaigns_at_once(history, after=20)


async def called_by_two_tenants_at_once(history: History) -> None:
    await called_by_two_campaigns_at_once(history)
    await give_other_campaigns_to_another_tenant(history)


async def called_again_too_soon(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START + 60 * SECOND, outcome="busy")
    await history.call(dora, at=START + 379 * SECOND, outcome="declined")


async def called_again_after_the_last_outcome(history: History) -> None:
    dora = await history.contact("+4930123457", BERLIN)
    await history.call(dora, at=START + 60 * SECOND, outcome="declined")
    await history.call(dora, at=START + 600 * SECOND, outcome="declined")


async def more_attempts_than_allowed(history: History) -> None:
    await change_definition(history, ["attempts", "max_total"], 1)


async def more_attempts_a_day_than_allowed(history: History) -> None:
    await change_definition(history, ["attempts", "max_per_day"], 1)


BUGS: list[tuple[str, Plant]] = [
    ("I1", duplicate_originate),
    ("I1", second_call_of_an_attempt),
    ("I1", originated_again_after_a_refusal),
    ("I2", two_attempts_live_at_once),
    ("I2", two_calls_at_once),
    ("I2", called_again_during_an_unknown_call),
    ("I2", called_by_two_campaigns_at_once),
    ("I2", called_again_too_soon),
    ("I2", called_again_after_the_last_outcome),
    ("I2", more_attempts_than_allowed),
    ("I2", more_attempts_a_day_than_allowed),
]
NEAR_MISSES: list[Plant] = [called_by_two_campaigns_in_turn, called_by_two_tenants_at_once]
