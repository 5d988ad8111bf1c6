"""A dialer calls a further number only while its contact has it, in its calling group."""

import pytest

from shared.db import dialing
from shared.db.calling_groups import CallingGroups
from tests.support.contact_numbers import SECOND, TOKYO, give_numbers
from tests.support.dialing import Bench

CHANGES = {
    None: True,
    "DELETE FROM contact_numbers WHERE number = $1": False,
    "UPDATE contact_numbers SET is_passed_over = true WHERE number = $1": False,
    "UPDATE contact_numbers SET calling_group_id = calling_group_id + 1 WHERE number = $1": False,
    "UPDATE contact_numbers SET is_passed_over = true WHERE number <> $1": True,
}


@pytest.mark.parametrize(("change", "holds"), CHANGES.items())
async def test_a_number_that_an_import_changed_during_a_fold_is_not_called(
    bench: Bench, change: str | None, holds: bool
) -> None:
    [message] = await bench.claimed()
    _, group_id = await give_numbers(bench.pool, message.data.contact_id, [(SECOND, TOKYO)])
    await bench.pool.execute(
        "UPDATE contacts SET next_number = $1, calling_group_id = $2", SECOND, group_id
    )
    await bench.pool.execute("UPDATE attempts SET phone = $1", SECOND)
    if change is not None:
        await bench.pool.execute(change, SECOND)

    [due] = await dialing.due(bench.pool, [message.data.reference], CallingGroups())

    assert (due.number, due.holds_number) == (SECOND, holds)


async def test_a_contact_with_one_number_holds_it(bench: Bench) -> None:
    [message] = await bench.claimed()

    [due] = await dialing.due(bench.pool, [message.data.reference], CallingGroups())

    assert due.holds_number
