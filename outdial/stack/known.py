"""The directories of a user's stacks, so that a command in another directory can name them.

They are noted in a file of the user; without a home directory, no stack is noted and none is named.
"""

import os
from contextlib import suppress
from pathlib import Path

from outdial.own_directories import own
from outdial.stack import state as states
from outdial.stack.errors import StackError

NOTES = "stacks"


def note(directory: Path) -> None:
    """Remember the directory, and forget those whose stack has ended."""
    notes = _notes()
    if notes is None:
        return
    lines = {str(known) for known in running()} | {str(directory)}
    with suppress(OSError):
        notes.parent.mkdir(parents=True, exist_ok=True)
        part = notes.with_suffix(f".{os.getpid()}")
        part.write_text("".join(f"{line}\n" for line in sorted(lines)))
        part.rename(notes)


def running() -> list[Path]:
    """The noted directories in which a stack runs."""
    notes = _notes()
    try:
        lines = notes.read_text().splitlines() if notes else []
    except (OSError, UnicodeDecodeError):
        return []
    return [directory for directory in map(Path, lines) if _is_alive(directory)]


def _is_alive(directory: Path) -> bool:
    try:
        state = states.load(directory)
    except StackError:
        return False
    return state is not None and state.is_alive


def hint(directory: Path) -> str:
    """Names the stacks that run in other directories; empty if there is none."""
    others = [str(other) for other in running() if other != directory]
    return f"; one runs elsewhere: add --dir {' or --dir '.join(others)}" if others else ""


def _notes() -> Path | None:
    from platformdirs import user_state_path  # noqa: PLC0415 - most commands need no notes

    users = own(user_state_path)
    return users / NOTES if users else None
