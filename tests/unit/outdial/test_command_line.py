"""All commands: their options, their ids, and how little they import until they run."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from outdial.__main__ import app

HEAVY = ("aiohttp", "aiokafka", "asyncpg", "holidays", "phonenumbers", "pydantic", "rich.console")


# They run until they are stopped, for a person or beside other processes.
WITHOUT_JSON = {"demo", "carrier"}


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield path + name, command


def test_every_command_has_json_for_programs() -> None:
    without = {
        name
        for name, command in commands(get_command(app))
        if not any("--json" in parameter.opts for parameter in command.params)
    }

    assert without == WITHOUT_JSON


@pytest.mark.parametrize(
    "command",
    [
        ["contacts", "show"],
        ["campaigns", "start"],
        ["attempts", "list"],
        ["tenant", "key"],
        ["keys", "revoke"],
        ["blackout", "end"],
        ["blackout", "list", "--tenant"],
        ["suppressions", "list", "--campaign"],
        ["why", "--campaign"],
        ["flows", "show"],
        ["campaigns", "list", "--limit"],
    ],
)
@pytest.mark.parametrize("number", ["abc", "1.5", "0", str(2**63)])
def test_an_id_that_no_row_can_have_is_refused(command: list[str], number: str) -> None:
    result = CliRunner().invoke(app, [*command, number])

    assert result.exit_code == 2
    assert f"must be a whole number from 1 to {2**63 - 1}" in said(result)


def test_a_call_is_named_by_the_uuid_of_its_attempt() -> None:
    result = CliRunner().invoke(app, ["calls", "show", "17"])

    assert result.exit_code == 2
    assert "must be the UUID of an attempt, as `outdial attempts list` shows it" in said(result)


def said(result: Result) -> str:
    """The output in one line, without the frame around it."""
    return " ".join(result.output.replace("│", " ").split())


def test_the_list_of_commands_needs_no_heavy_import() -> None:
    program = "import sys, outdial.__main__; print(*sys.modules)"
    command = [sys.executable, "-c", program]

    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert "outdial.stack.command" in modules
    assert set(HEAVY).isdisjoint(modules)
