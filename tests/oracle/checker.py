"""The checker: compares the carrier's log with the database after a run, invariant by invariant.

It imports no code of the product, so that both do not share a mistake.
`python -m tests.oracle.checker --postgres URL --log FILE` prints the violations, and exits with 1
if there are any.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from shared.db.types import Session
from tests.oracle import counters, dialing, endings, frequency, hours, limits, stops
from tests.oracle.facts import Caps, Facts, Fault, Violation
from tests.oracle.rows import read_facts

NO_CAPS = Caps()
# The promise is 1 s for 99 of 100 and 2 s for all of them.
STOP_SECONDS = 2.0


async def check(
    conn: Session,
    log: Path,
    *,
    caps: Caps = NO_CAPS,
    stop_seconds: float = STOP_SECONDS,
    faults: list[Fault] | None = None,
) -> list[Violation]:
    """`caps` are those of the installation; the noted `faults` may explain unknown attempts."""
    facts = await read_facts(conn, log, faults=faults or [])
    return list(judge(facts, caps=caps, stop_seconds=stop_seconds))


def judge(facts: Facts, *, caps: Caps, stop_seconds: float) -> Iterator[Violation]:
    yield from i1_one_originate(facts)
    yield from i2_one_live_attempt(facts)
    yield from i3_inside_hours(facts, stop_seconds)
    yield from i4_under_caps(facts, caps)
    yield from i5_none_lost(facts)
    yield from i6_counted_once(facts)
    yield from i8_stops_obeyed(facts, stop_seconds)
    yield from i9_one_tenant(facts)


def i1_one_originate(facts: Facts) -> Iterator[Violation]:
    return dialing.originated_twice(facts)


def i2_one_live_attempt(facts: Facts) -> Iterator[Violation]:
    yield from dialing.calls_at_once(facts)
    yield from dialing.attempts_at_once(facts)
    yield from dialing.policy_broken(facts)
    yield from frequency.called_too_often(facts)


def i3_inside_hours(facts: Facts, stop_seconds: float) -> Iterator[Violation]:
    yield from hours.outside_hours(facts)
    yield from stops.dialed_in_blackout(facts, within_seconds=stop_seconds)


def i4_under_caps(facts: Facts, installation: Caps) -> Iterator[Violation]:
    return limits.over_caps(facts, installation)


def i5_none_lost(facts: Facts) -> Iterator[Violation]:
    yield from endings.attempts_lost(facts)
    yield from endings.contacts_lost(facts)
    yield from endings.wrong_number(facts)


def i6_counted_once(facts: Facts) -> Iterator[Violation]:
    yield from counters.differ(facts)
    yield from endings.contacts_miscounted(facts)
    yield from endings.outcomes_differ(facts)
    yield from endings.ended_twice(facts)
    yield from endings.ends_untold(facts)


def i8_stops_obeyed(facts: Facts, within_seconds: float) -> Iterator[Violation]:
    return stops.dialed_after_stop(facts, within_seconds=within_seconds)


def i9_one_tenant(facts: Facts) -> Iterator[Violation]:
    return endings.wrong_tenant(facts)


async def _run(arguments: argparse.Namespace) -> int:
    conn = await asyncpg.connect(arguments.postgres)
    try:
        violations = await check(
            conn,
            arguments.log,
            caps=Caps(
                max_concurrent=arguments.max_concurrent,
                calls_per_second=arguments.calls_per_second,
            ),
            stop_seconds=arguments.stop_seconds,
            faults=arguments.fault,
        )
    finally:
        await conn.close()
    for violation in violations:
        sys.stdout.write(f"{violation}\n")
    sys.stdout.write(f"{len(violations)} violations\n")
    return 1 if violations else 0


def _fault(text: str) -> Fault:
    at, _, what = text.partition(":")
    return Fault(at=float(at), what=what)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="checker", description="Judge a run after it.")
    parser.add_argument("--postgres", required=True, metavar="URL")
    parser.add_argument("--log", required=True, type=Path, metavar="FILE")
    parser.add_argument("--max-concurrent", type=int, help="the installation's cap")
    parser.add_argument("--calls-per-second", type=int, help="the installation's cap")
    parser.add_argument("--stop-seconds", type=float, default=STOP_SECONDS)
    parser.add_argument(
        "--fault", type=_fault, action="append", default=[], metavar="EPOCH:WHAT", help="repeatable"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(_arguments())))
