"""A person is called, texted and told of, asks to be erased, and then stands nowhere any more."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from outdial import erasures
from tests.support.call_flows import SURVEY
from tests.support.everywhere import found_in
from tests.support.owner import a_campaign
from tests.support.stack import RunningStack, running_stack
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ZOE, BO, LATER = "+12025550123", "+12025550124", "+12025550125"
# The name stands in an attribute, in the text message, and in the reason of a suppression.
PERSON = (ZOE, ZOE[1:], "Zebedee", "Quux", "CRM-4711")
CALLEES: dict[str, Any] = {
    ZOE: {"outcomes": ["answered_human"], "keys": ["1"], "sms": "delivered"},
    BO: {"outcomes": ["answered_human"], "keys": ["1"], "sms": "delivered"},
    LATER: {"outcomes": ["answered_human"], "keys": ["2"], "transfer_answered": False},
}
FLOW = SURVEY | {
    "steps": SURVEY["steps"]
    | {"note": SURVEY["steps"]["note"] | {"text": "{{first_name}}: {{appointment}}."}}
}
CSV = f"""\
number,zone,appointment,first_name,external_id
{ZOE},Atlantic/Reykjavik,Monday,Zebedee Quux,CRM-4711
{BO},Atlantic/Reykjavik,Monday,Bo,CRM-4712
{LATER},Atlantic/Reykjavik,Monday,Cy,CRM-4713
"""


async def a_life(stack: RunningStack, folder: Path) -> int:
    """A campaign that calls and texts the person, with a webhook that cannot be delivered yet."""
    owner = stack.owner
    await owner.add("/v1/call-flows", {"name": "survey", "flow": FLOW})
    await owner.add("/v1/sms-senders", {"sender": "ACME", "trunk": "default"})
    definition = a_campaign(
        "survey",
        call_flow={"name": "survey"},
        sms={"sender": "ACME"},
        webhook={"url": "http://127.0.0.1:9/hook"},
        keep_open=True,
        frequency_caps=[{"max_calls": 9, "hours": 24, "by": "person"}],
    )
    campaign = int((await owner.create_campaign(definition))["id"])
    file = folder / "contacts.csv"
    file.write_text(CSV)
    await owner.import_contacts(campaign, file)
    [found] = await owner.entries("/v1/contacts", limit=1, number=ZOE)
    async with owner._answer(
        "PATCH",
        f"/v1/contacts/{found['id']}",
        json={"attributes": {"nick": "Quux"}},
        headers={"Content-Type": "application/merge-patch+json", "Idempotency-Key": "first"},
    ) as answer:
        await answer.read()
    await owner.start(campaign)

    async def all_are_called() -> bool:
        counters = await owner.counters(campaign)
        return counters.outcomes == {"answered_human": 2, "callback_requested": 1}

    await until(all_are_called, every=0.1)
    await stack.until_messages_end()
    return campaign


async def everywhere(stack: RunningStack, *texts: str) -> set[str]:
    conn = await asyncpg.connect(stack.postgres)
    try:
        return await found_in(conn, texts)
    finally:
        await conn.close()


def logs_with(stack: RunningStack, *texts: str) -> list[str]:
    """The services whose log has one of the texts."""
    logs = {service.name: service.child.log for service in stack.local.services if service.child}
    return [name for name, log in logs.items() if any(text in log.read_text() for text in texts)]


async def test_nothing_names_a_person_who_was_erased(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_stack(tmp_path / "stack", behaviour={"numbers": CALLEES}) as stack:
        owner = stack.owner
        campaign = await a_life(stack, tmp_path)
        before = await owner.counters(campaign)
        named = await everywhere(stack, *PERSON)

        await erasures.add(owner, ZOE, watch=True)
        told = capsys.readouterr().out

        assert named >= {
            "contacts.number",
            "contacts.attributes",
            "contacts.external_id",
            "person_calls.number",
            "sms_messages.text",
            "idempotency_keys.body",
        }
        for partition in ("call_records_", "public_events_"):
            assert any(place.startswith(partition) for place in named)
        assert "completed: 1 contacts, 1 attempts, 1 calls, 1 messages" in told
        assert await everywhere(stack, *PERSON) == {"suppressions.number"}
        assert logs_with(stack, *PERSON) == []
        assert await owner.counters(campaign) == before
        calls = await owner.entries("/v1/calls", limit=9)
        assert {call["number"] for call in calls} == {BO, LATER}

        # One who waits for a callback is finished at once; nobody else loses anything.
        await erasures.add(owner, external_id="CRM-4713", lift=True, watch=True)
        assert await everywhere(stack, LATER, "CRM-4713") == set()
        assert await everywhere(stack, BO) >= {"contacts.number", "person_calls.number"}
        assert (await owner.counters(campaign)).finished["excluded"] == 1
