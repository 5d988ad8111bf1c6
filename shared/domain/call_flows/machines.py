"""What a call does when an answering machine takes it."""

from dataclasses import dataclass
from enum import StrEnum


class MachineAction(StrEnum):
    """`leave_message` goes to the flow's step for machines; `go_on` treats it like a person."""

    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"
    GO_ON = "go_on"


class OnlyOn(StrEnum):
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePolicy:
    """The action, on each attempt or on one of them only; on the others the call hangs up."""

    action: MachineAction
    only_on: OnlyOn | None = None

    def action_on(self, attempt_number: int, *, is_last: bool) -> MachineAction:
        match self.only_on:
            case OnlyOn.FIRST if attempt_number > 1:
                return MachineAction.HANG_UP
            case OnlyOn.LAST if not is_last:
                return MachineAction.HANG_UP
            case _:
                return self.action
