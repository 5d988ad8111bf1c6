"""Shows a local stack in the terminal."""

import json
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from outdial.stack.processes import Child, tail
from outdial.stack.status import status

if TYPE_CHECKING:
    from outdial.stack.local_stack import LocalStack

console = Console(stderr=True)
output = Console()


def show(directory: Path, *, as_json: bool) -> None:
    stack = status(directory)
    if as_json:
        print(json.dumps(stack, indent=2))  # noqa: T201 - for programs: no colour, no wrapping
    else:
        output.print(_table(stack))


async def report_ends(stack: "LocalStack") -> None:
    """Show each process that ends by itself, with the end of its log; never returns."""
    async with aclosing(stack.ended()) as ends:
        async for child in ends:
            _show_end(child)


def _show_end(child: Child) -> None:
    console.print(f"[red]{child.name} ended with code {child.exit_code}[/red]: {child.log}")
    console.print(tail(child.said()), markup=False, highlight=False)


def _table(stack: dict[str, Any]) -> Table:
    table = Table(title=f"{stack['directory']}: {stack['state']}", title_justify="left")
    for column in ("process", "pid", "address", "log"):
        table.add_column(column, overflow="fold")
    rows = [(service["name"], service) for service in stack.get("services", [])]
    rows += [
        (name, stack[name]) for name in ("carrier", "postgres", "redis", "kafka") if name in stack
    ]
    for name, process in rows:
        pid = "given" if process["alive"] is None else str(process["pid"] or "[red]ended[/red]")
        table.add_row(name, pid, process["url"], process["log"])
    return table
