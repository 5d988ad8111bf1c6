"""What a machine hears depends on the attempt."""

import pytest

from shared.domain.call_flows.machines import MachineAction, MachinePolicy, OnlyOn


@pytest.mark.parametrize(
    ("only_on", "number", "is_last", "acts"),
    [
        (None, 1, False, True),
        (None, 3, True, True),
        (OnlyOn.FIRST, 1, False, True),
        (OnlyOn.FIRST, 1, True, True),
        (OnlyOn.FIRST, 2, False, False),
        (OnlyOn.LAST, 1, False, False),
        (OnlyOn.LAST, 2, True, True),
    ],
)
def test_on_other_attempts_the_call_hangs_up(
    *, only_on: OnlyOn | None, number: int, is_last: bool, acts: bool
) -> None:
    policy = MachinePolicy(action=MachineAction.LEAVE_MESSAGE, only_on=only_on)

    action = policy.action_on(number, is_last=is_last)

    assert action is (MachineAction.LEAVE_MESSAGE if acts else MachineAction.HANG_UP)
