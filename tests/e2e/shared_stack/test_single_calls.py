"""Single calls from the request to their ends, each as a contact of its own."""

import asyncio

import pytest

from outdial.client import Json
from tests.support.owner import numbers
from tests.support.stack import RunningStack
from tests.support.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

CALL = {"kind": "informational", "automated": False, "wait": True}


async def test_single_calls_are_placed_counted_and_repeated(stack: RunningStack) -> None:
    owner = stack.owner
    first, *others = numbers(20, first=39_200)

    async def place(number: str, external_id: str) -> Json:
        return await owner.add("/v1/calls", {"number": number, "external_id": external_id, **CALL})

    placed = [await place(first, "0")]
    # Those to one number wait for each other.
    placed += await asyncio.gather(*(place(number, "0") for number in others))
    placed += [await place(first, "1"), await place(first, "2")]
    [campaign] = {call["campaign_id"] for call in placed}

    async def all_ended() -> bool:
        return (await owner.counters(campaign)).contacts["finished"] == 22

    await until(all_ended, every=0.1)
    await stack.until_quiet()
    found = await owner.entries("/v1/contacts", limit=9, number=first)

    assert {contact["id"] for contact in found} == {
        call["contact_id"] for call in placed if call["number"] == first
    }
    assert (await owner.campaign(campaign))["state"] == "running"
    await stack.check_records()
    await stack.judge()
