"""`outdial up`, `outdial status` and `outdial down`."""

import asyncio
import json
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from outdial.stack import state as states
from outdial.stack.local_stack import LocalStack
from outdial.stack.ownership import claim, stop_recorded, stop_supervisor
from outdial.stack.processes import Child, tail
from outdial.stack.status import status

console = Console(stderr=True)
output = Console()


async def up(
    directory: Path, *, detach: bool, as_json: bool, scale: dict[str, int], time_scale: float
) -> None:
    with claim(directory):
        stack = LocalStack(
            directory,
            scale=scale,
            detached=detach,
            carrier_options=("--time-scale", str(time_scale)),
            report=lambda line: console.print(line, style="dim", highlight=False),
        )
        with console.status("starting"):
            await stack.start()
        if detach:
            show(directory, as_json=as_json)
            return
        try:
            show(directory, as_json=as_json)
            console.print("Ctrl-C stops it.")
            # From here on Ctrl-C is the way to stop, not an interruption.
            with suppress(asyncio.CancelledError):
                await report_ends(stack)
        finally:
            console.print("stopping")
            await stack.stop()


async def down(directory: Path) -> None:
    kept = states.load(directory)
    if kept is None or not (living := len(kept.living())):
        console.print(f"nothing runs in {directory}")
        return
    await stop_supervisor(kept)
    await stop_recorded(kept)
    console.print(f"{living} processes stopped")


async def report_ends(stack: LocalStack) -> None:
    """Show each process that ends by itself, with the end of what it said; never returns."""
    async with aclosing(stack.ended()) as ends:
        async for child in ends:
            show_end(child)


def show_end(child: Child) -> None:
    console.print(f"[red]{child.name} ended with code {child.exit_code}[/red]: {child.log}")
    console.print(tail(child.said()), markup=False, highlight=False)


def show(directory: Path, *, as_json: bool) -> None:
    found = status(directory)
    if as_json:
        print(json.dumps(found, indent=2))  # noqa: T201 - for programs: no colour, no wrapping
    else:
        output.print(_table(found))


def _table(found: dict[str, Any]) -> Table:
    table = Table(title=f"{found['directory']}: {found['state']}", title_justify="left")
    for column in ("process", "pid", "address", "log"):
        table.add_column(column, overflow="fold")
    rows = [(each["name"], each) for each in found.get("services", [])]
    rows += [
        (name, found[name]) for name in ("carrier", "postgres", "redis", "kafka") if name in found
    ]
    for name, each in rows:
        pid = "given" if each["alive"] is None else str(each["pid"] or "[red]ended[/red]")
        table.add_row(name, pid, each["url"], each["log"])
    return table
