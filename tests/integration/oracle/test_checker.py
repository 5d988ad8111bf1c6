"""Planted bugs prove the checker: each violates exactly the expected invariant."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.db.types import Session
from tests.oracle.checker import check
from tests.oracle.facts import Caps, Fault
from tests.planted_bugs import calls, caps, counters, endings, frequency, hours, law, stops
from tests.planted_bugs.acts import Plant
from tests.support.histories import START, History, usual_history

IN_THE_HISTORY = [
    *calls.BUGS,
    *frequency.BUGS,
    *hours.BUGS,
    *law.BUGS,
    *caps.BUGS,
    *endings.BUGS,
    *stops.BUGS,
]
IN_STORED_ROWS = [*counters.BUGS, *endings.STORED_BUGS]
NEAR_MISSES = [
    *calls.NEAR_MISSES,
    *frequency.NEAR_MISSES,
    *hours.NEAR_MISSES,
    *law.NEAR_MISSES,
    *stops.NEAR_MISSES,
]


@pytest.fixture
async def conn(dsn: str) -> AsyncIterator[Session]:
    conn = await asyncpg.connect(dsn)
    yield conn
    await conn.close()


@pytest.fixture
async def history(conn: Session, tmp_path: Path) -> History:
    return await usual_history(conn, tmp_path / "carrier.jsonl")


async def broken(history: History) -> set[str]:
    return {violation.invariant for violation in await check(history.conn, history.log)}


async def test_a_correct_history_has_no_violation(history: History) -> None:
    await history.finish()

    assert await check(history.conn, history.log) == []


@pytest.mark.parametrize(
    ("invariant", "plant"), IN_THE_HISTORY, ids=[p.__name__ for _, p in IN_THE_HISTORY]
)
async def test_a_bug_in_the_history_is_found(
    history: History, invariant: str, plant: Plant
) -> None:
    await plant(history)
    await history.finish()

    assert await broken(history) == {invariant}


@pytest.mark.parametrize("plant", NEAR_MISSES, ids=[p.__name__ for p in NEAR_MISSES])
async def test_a_call_that_is_just_allowed_is_no_violation(history: History, plant: Plant) -> None:
    await plant(history)
    await history.finish()

    assert await check(history.conn, history.log) == []


@pytest.mark.parametrize(
    ("invariant", "plant"), IN_STORED_ROWS, ids=[p.__name__ for _, p in IN_STORED_ROWS]
)
async def test_a_bug_in_stored_rows_is_found(
    history: History, invariant: str, plant: Plant
) -> None:
    await history.finish()
    await plant(history)

    assert await broken(history) == {invariant}


async def test_the_installations_caps_are_those_that_are_given(history: History) -> None:
    await history.finish()

    violations = await check(history.conn, history.log, caps=Caps(max_concurrent=1))

    assert {(v.invariant, v.id) for v in violations} == {("I4", "installation")}
    assert await check(history.conn, history.log, caps=Caps(max_concurrent=2)) == []


async def test_calls_over_a_whole_second_keep_the_rate(history: History) -> None:
    await caps.three_calls_in_a_second(history, span=1.0)
    await history.finish()

    assert await check(history.conn, history.log) == []


async def test_a_call_within_the_bound_of_a_pause_is_no_violation(history: History) -> None:
    await stops.dialed_after_pause(history)
    await history.finish()

    assert await check(history.conn, history.log, stop_seconds=5.5) == []


async def test_a_noted_fault_explains_an_unknown_attempt(history: History) -> None:
    await endings.unknown_for_no_reason(history)
    await history.finish()
    killed = Fault(at=START.timestamp() + 3, what="kill -9 dialer")
    elsewhere = Fault(at=START.timestamp() + 300, what="kill -9 dialer")

    assert await check(history.conn, history.log, faults=[killed]) == []
    assert len(await check(history.conn, history.log, faults=[elsewhere])) == 1


async def test_evidence_holds_no_whole_number(history: History) -> None:
    await endings.another_number_called(history)
    await hours.called_by_one_of_two_zones(history)
    await history.finish()

    violations = await check(history.conn, history.log)

    assert len(violations) == 2
    assert not any("+" in v.evidence.replace("+00:00", "") for v in violations)


async def test_a_torn_last_line_is_left_out(history: History) -> None:
    await history.finish()
    with history.log.open("a") as file:
        file.write('{"kind": "origi')

    assert await check(history.conn, history.log) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_the_command_line_leaves_with_one_when_anything_is_violated(
    history: History, dsn: str, planted: bool
) -> None:
    if planted:
        await calls.duplicate_originate(history)
    await history.finish()
    command = ("-m", "tests.oracle.checker", "--postgres", dsn, "--log", history.log)

    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == int(planted)
    assert said.decode().splitlines()[-1] == f"{int(planted)} violations"
    assert (b"I1" in said) == planted
