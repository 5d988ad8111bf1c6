"""A campaign plays a call flow: keys, a machine, an opt-out and a callback reach the counts.

Text messages are sent at a step of the flow, and when nobody is reached on the last attempt.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.support.call_flows import SURVEY
from tests.support.owner import a_campaign
from tests.support.stack import running_stack
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

CONFIRMS, STOPS, LATER, MACHINE, BUSY, LUCKY, LACKS = (
    f"+120255501{number:02}" for number in range(7)
)
HUMAN = ["answered_human"]
CALLEES: dict[str, Any] = {
    CONFIRMS: {"outcomes": HUMAN, "keys": ["1"], "sms": "delivered"},
    STOPS: {"outcomes": HUMAN, "keys": ["5", "9"]},
    LATER: {"outcomes": HUMAN, "keys": ["2"], "transfer_answered": False},
    MACHINE: {"outcomes": ["machine_no_message"]},
    BUSY: {"outcomes": ["busy"], "sms": "undelivered"},
    LUCKY: {"outcomes": ["busy", "answered_human"], "keys": [""]},
}
RETRIES = {
    "max_total": 2,
    "retry": {outcome: {"delay_seconds": 1} for outcome in ("machine_no_message", "busy")},
}
SMS = {
    "sender": "ACME",
    "on": ["busy", "no_answer"],
    "only_on": "last",
    "text": "We could not reach you about {{appointment}}.",
    "variables": {"appointment": {}},
}


async def test_each_callee_hears_the_flow_and_is_counted_by_what_was_pressed(
    tmp_path: Path,
) -> None:
    async with running_stack(tmp_path / "stack", behaviour={"numbers": CALLEES}) as stack:
        owner = stack.owner
        await owner.add("/v1/call-flows", {"name": "survey", "flow": SURVEY})
        await owner.add("/v1/sms-senders", {"sender": "ACME", "trunk": "default"})
        definition = a_campaign(
            "survey",
            call_flow={"name": "survey"},
            machine={"action": "leave_message", "only_on": "last"},
            attempts=RETRIES,
            sms=SMS,
        )
        campaign = (await owner.create_campaign(definition))["id"]
        rows = [f"{number},Atlantic/Reykjavik,Monday" for number in CALLEES]
        rows.append(f"{LACKS},Atlantic/Reykjavik,")
        file = tmp_path / "contacts.csv"
        file.write_text("\n".join(["number,zone,appointment", *rows, ""]))
        await owner.import_contacts(campaign, file)
        forecast = await owner.preflight(campaign)
        await owner.start(campaign)

        async def all_but_the_callback_are_done() -> bool:
            return (await owner.counters(campaign)).contacts["finished"] == 6

        await until(all_but_the_callback_are_done, every=0.1)
        await stack.until_quiet()
        await stack.until_messages_end()
        counters = await owner.counters(campaign)
        messages = await owner.entries("/v1/sms-messages", limit=9, campaign_id=campaign)
        suppressed = [entry["number"] for entry in await owner.entries("/v1/suppressions", limit=9)]

        assert [len(one["variables"]) for one in forecast["missing_variables"]] == [1]
        assert counters.outcomes == {
            "answered_human": 2,
            "busy": 3,
            "opt_out": 1,
            "callback_requested": 1,
            "machine_no_message": 1,
            "machine_message_left": 1,
        }
        assert counters.finished["excluded"] == 1
        assert suppressed == [STOPS]
        assert {(one["step"], one["text"], one["state"]) for one in messages} == {
            ("note", "See you Monday.", "delivered"),
            (None, "We could not reach you about Monday.", "undelivered"),
        }
        assert stack.messages_sent() == sorted(
            [(CONFIRMS, "See you Monday."), (BUSY, "We could not reach you about Monday.")]
        )
        assert len(messages) == 2
        await stack.judge()
