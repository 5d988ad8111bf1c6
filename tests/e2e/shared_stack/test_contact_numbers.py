"""Contacts with several numbers are called at one after another, by the carrier's own log."""

from collections import defaultdict
from pathlib import Path
from uuid import UUID

import pytest

from tests.oracle.facts import Originate, read_log
from tests.support.owner import RETRIED, a_campaign, numbers
from tests.support.stack import RunningStack
from tests.support.subscribers import WebhookInbox, webhook_inbox
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PEOPLE, EACH, MOST = 60, 3, 6
AGAIN = ("declined", "machine_no_message", *RETRIED)
POLICY = {"max_total": MOST, "retry": {outcome: {"delay_seconds": 0} for outcome in AGAIN}}
Calls = list[tuple[str, str]]


def calls_of(log: Path, contact_of: dict[UUID, int]) -> dict[int, Calls]:
    """The calls to each contact in the order of the carrier: the numbers and the outcomes."""
    called: dict[UUID, str] = {}
    calls = defaultdict[int, Calls](list)
    up: set[int] = set()
    for line in read_log(log):
        contact = contact_of.get(line.reference)
        if contact is None or (isinstance(line, Originate) and line.verdict != "accepted"):
            continue
        if isinstance(line, Originate):
            assert contact not in up, f"contact {contact} is in two calls"
            assert line.reference not in called
            called[line.reference] = line.to
            up.add(contact)
        elif contact in up:
            up.remove(contact)
            calls[contact].append((called[line.reference], line.outcome))
    return calls


def expected(own: list[str], suppressed: set[str], made: Calls) -> tuple[list[str], bool]:
    """The numbers in their turns as the outcomes lead to them, and whether the contact is done."""
    dead, at, order = set(suppressed), 0, list[str]()
    for _, outcome in made:
        while own[at] in dead:
            at = (at + 1) % len(own)
        order.append(own[at])
        if outcome == "unobtainable":
            dead.add(own[at])
        elif outcome not in AGAIN:
            return order, True
        if dead.issuperset(own):
            return order, True
        at = (at + 1) % len(own)
    return order, len(made) == MOST


def finished(inbox: WebhookInbox) -> set[str]:
    events = [event["data"] for event in inbox.taken.values()]
    return {event["external_id"] for event in events if event.get("contact_finished")}


async def test_each_contact_is_called_at_its_numbers_in_turn(
    stack: RunningStack, tmp_path: Path
) -> None:
    owner, all_numbers = stack.owner, numbers(PEOPLE * EACH, first=39_300)
    people = [all_numbers[at * EACH : (at + 1) * EACH] for at in range(PEOPLE)]
    # Some share their last number with the next one.
    for at in range(0, PEOPLE, 10):
        people[at][2] = people[at + 1][2]
    suppressed = {own[0] for own in people[:6]} | {own[1] for own in people[3:9]}
    suppressed |= set(people[-1])
    file = tmp_path / "people.csv"
    rows = [",".join([*own, f"C{at}"]) for at, own in enumerate(people)]
    file.write_text("\n".join(["phone,phone2,phone3,external_id", *rows, ""]))
    async with webhook_inbox() as inbox:
        definition = a_campaign("several", attempts=POLICY, webhook={"url": inbox.url})
        created = await owner.create_campaign(definition)
        inbox.secret = created["webhook"]["secret"]
        report = await owner.import_contacts(created["id"], file)
        assert report["imported"] == PEOPLE
        for number in sorted(suppressed):
            await owner.suppress(number)
        await owner.start(created["id"])
        await owner.until_state(created["id"], "completed")
        await stack.until_quiet()
        await until(lambda: len(finished(inbox)) == PEOPLE)

    contacts = await owner.entries(f"/v1/campaigns/{created['id']}/contacts", limit=PEOPLE)
    at_of = {contact["id"]: int(contact["external_id"][1:]) for contact in contacts}
    pairs = await stack.ask(
        "SELECT array_agg(id::text || ' ' || contact_id) FROM attempts WHERE campaign_id = $1",
        created["id"],
    )
    contact_of = {UUID(pair.split()[0]): int(pair.split()[1]) for pair in pairs}
    calls = calls_of(stack.log, contact_of)
    for contact_id, at in at_of.items():
        made = calls.get(contact_id, [])
        order, is_done = expected(people[at], suppressed, made)
        assert [number for number, _ in made] == order
        assert is_done or at == PEOPLE - 1
    assert at_of.keys() - calls.keys() == {id_ for id_, at in at_of.items() if at == PEOPLE - 1}
    called = {number for made in calls.values() for number, _ in made}
    assert len(called) > PEOPLE
    assert called.isdisjoint(suppressed)
    await stack.judge()
