"""A campaign through a carrier of Twilio's protocol with all its faults, and a dialer is killed."""

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.db import trunks
from shared.domain.capacity.scopes import Caps
from tests.oracle.checker import check
from tests.support.owner import a_campaign, numbers
from tests.support.stack import RunningStack, dead_letter_counts, print_figures, running_stack
from tests.support.twilio_carrier.judged import LoggedCall, calls_of, failures, judged_log
from tests.support.twilio_carrier.process import TOKEN, RunningTwilio, running_twilio

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

CONTACTS = int(os.environ.get("OUTDIAL_TEST_TWILIO_CONTACTS") or 400)
CAPS = Caps(max_concurrent=150, calls_per_second=100)
BEHAVIOUR = {
    "faults": {
        "lost_reply": 0.03,
        "failed_placed": 0.03,
        "failed_not_placed": 0.02,
        "too_many": 0.03,
    },
    "deliveries": {"doubled": 0.05, "late": 0.05, "reversed": 0.05, "lost": 0.03},
    "statuses": {
        "busy 486": 0.1,
        "busy 603": 0.05,
        "no-answer": 0.1,
        "failed 404": 0.05,
        "failed 484": 0.03,
        "failed 503": 0.05,
    },
    "answered_by": {"machine_start": 0.3, "fax": 0.05, "unknown": 0.05},
    "ring_seconds": 0.3,
    "talk_seconds": 0.3,
}
# A callback that is a second late comes before the reconciler asks.
ENVIRONMENT = {"OUTDIAL_CLAIM_LEASE_SECONDS": "2", "OUTDIAL_RECONCILE_SECONDS": "5"}
DIALERS = 4


async def test_each_call_is_placed_once_and_recorded_as_the_carrier_logged_it(
    tmp_path: Path,
) -> None:
    scale = {"dialer": DIALERS}
    async with (
        running_stack(
            tmp_path / "stack", scale=scale, behaviour={}, environment=ENVIRONMENT
        ) as stack,
        running_twilio(tmp_path / "twilio.jsonl", BEHAVIOUR) as carrier,
    ):
        conn = await asyncpg.connect(stack.postgres)
        try:
            await trunks.upsert(
                conn,
                name="us",
                provider="twilio",
                settings=carrier.settings,
                secret=TOKEN,
                caps=CAPS,
            )
            began = time.monotonic()
            definition = a_campaign("us", trunk="us", machine={"action": "hang_up"})
            rows = [(number, "Atlantic/Reykjavik") for number in numbers(CONTACTS)]
            campaign = await stack.owner.launch(definition, rows, tmp_path)
            await stack.owner.until_attempts(campaign, CONTACTS // 4)
            # It also serves the callbacks of all calls, so many of these are lost.
            stack.note("a dialer is killed")
            await stack.local.service("dialer-1").restart(kill=True)
            await stack.owner.until_state(campaign, "completed", seconds=60 + CONTACTS / 10)
            await stack.until_quiet()
            seconds = time.monotonic() - began

            await judge(conn, stack, carrier, tmp_path)
            counters = await stack.owner.counters(campaign)
            print_figures(f"{seconds:.0f} s, {figures(carrier)}, {counters.outcomes}")
        finally:
            await conn.close()
    assert counters.contacts["finished"] == CONTACTS


async def judge(
    conn: "asyncpg.Connection[Any]", stack: RunningStack, carrier: RunningTwilio, folder: Path
) -> None:
    calls = calls_of(carrier)
    assert len(calls) == len(carrier.lines("originate"))
    records = {
        row["reference"]: (row["outcome"], json.loads(row["facts"]))
        for row in await conn.fetch(
            "SELECT tenant_id || '.' || attempt_id AS reference, outcome, facts FROM call_records"
        )
    }
    known = {reference for reference, (outcome, _) in records.items() if outcome != "unknown"}
    assert known == calls.keys()
    assert [wrong for call in calls.values() for wrong in differences(call, records)] == []

    outcomes = {reference: outcome for reference, (outcome, _) in records.items()}
    log = judged_log(carrier, folder, outcomes)
    violations = await check(conn, log, faults=[*stack.faults, *failures(carrier)])
    assert [str(violation) for violation in violations[:20]] == []
    assert await dead_letter_counts(stack.local.servers.kafka.url) == {}


def differences(call: LoggedCall, records: dict[str, tuple[str, dict[str, Any]]]) -> list[str]:
    """What the record of a call says otherwise than the carrier's log."""
    outcome, facts = records[call.reference]
    wrong = [] if outcome in call.outcomes else [f"{outcome} instead of {call.outcomes}"]
    wrong += [
        f"{name} is {facts.get(name)} instead of {value}"
        for name, value in call.facts.items()
        if facts.get(name) != value
    ]
    if call.is_told_early and facts.get("sip_code") != call.sip_code:
        wrong.append(f"sip_code is {facts.get('sip_code')} instead of {call.sip_code}")
    return [f"{call.reference}: {text}" for text in wrong]


def figures(carrier: RunningTwilio) -> str:
    kinds = Counter(
        line["kind"] for line in carrier.lines("originate", "not_placed", "callback_lost")
    )
    early = sum(call.is_told_early for call in calls_of(carrier).values())
    return f"{dict(kinds)}, {early} told by a callback within 4 s"
