"""The command line imports little until a command runs."""

import subprocess
import sys

HEAVY = ("aiohttp", "aiokafka", "asyncpg", "holidays", "phonenumbers", "pydantic", "rich.console")


def test_the_list_of_commands_needs_no_heavy_import() -> None:
    program = "import sys, outdial.__main__; print(*sys.modules)"
    command = [sys.executable, "-c", program]

    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert "outdial.stack.command" in modules
    assert set(HEAVY).isdisjoint(modules)
