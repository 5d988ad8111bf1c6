"""Bugs of I4: more calls at once, or in a second, than a cap allows."""

from uuid import uuid4

from tests.planted_bugs.acts import Plant, change_definition
from tests.support.histories import BERLIN, SECOND, START, History


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


BUGS: list[tuple[str, Plant]] = [
    ("I4", three_calls_at_once),
    ("I4", three_at_once_for_the_tenant),
    ("I4", three_at_once_on_the_trunk),
    ("I4", a_third_call_that_the_carrier_refused),
    ("I4", three_calls_in_a_second),
]
