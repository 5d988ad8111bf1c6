"""Shows a local stack in the terminal."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console

from outdial.options import DEFAULT_DIRECTORY
from outdial.stack import known
from outdial.stack.processes import Child, tail
from outdial.stack.status import status

if TYPE_CHECKING:
    from outdial.stack.local_stack import LocalStack

console = Console(stderr=True)


def show(directory: Path, *, as_json: bool) -> bool:
    """Print the state, in JSON with the password of the database; whether the stack is running."""
    stack = status(directory)
    if as_json:
        typer.echo(json.dumps(stack, indent=2))
    else:
        # Not by rich, which would break long addresses over lines.
        typer.echo("\n".join(lines(stack, directory)))
    return bool(stack["state"] == "running")


def steps() -> Callable[[str], None]:
    """Shows each step of a start with the seconds since now."""
    began_at = time.monotonic()

    def report(step: str) -> None:
        seconds = time.monotonic() - began_at
        console.print(f"{step} ({seconds:.1f} s)", style="dim", highlight=False, markup=False)

    return report


async def report_ends(stack: "LocalStack", *, remedy: str = "") -> None:
    """Show each process that ends by itself, with the end of its log; never returns."""
    async with aclosing(stack.ended()) as ends:
        async for child in ends:
            _show_end(child)
            if remedy:
                console.print(remedy, style="bold", markup=False, highlight=False)


def lines(stack: dict[str, Any], directory: Path) -> Iterator[str]:
    """One line per process, the addresses that end in no password, and the next commands."""
    elsewhere = known.hint(directory) if stack["state"] == "stopped" else ""
    yield f"{stack['state']}: the stack in {_short(directory)}{elsewhere}"
    processes = list(_processes(stack))
    for name, process in processes:
        pid = "given" if process["alive"] is None else str(process["pid"] or "ended")
        yield f"  {name:<12}{pid:<9}{_public(process['url'] or '')}"
    ended = [process["log"] for _, process in processes if process["alive"] is False]
    if stack["state"] == "running":
        yield f"logs: {_short(directory / 'logs')}, and those of the servers beside their data"
    elif processes and len(ended) < len(processes):
        yield from (f"log: {_short(Path(log))}" for log in ended)
    yield from _next(stack, directory)


def _processes(stack: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((service["name"], service) for service in stack.get("services", []))
    for name in ("carrier", "postgres", "redis", "kafka"):
        if name in stack:
            yield name, stack[name]


def _next(stack: dict[str, Any], directory: Path) -> Iterator[str]:
    where = "" if directory == DEFAULT_DIRECTORY.resolve() else f" --dir {_short(directory)}"
    commands = {
        "running": [
            ("outdial tenant create NAME", "a tenant and its API key"),
            ("outdial run CAMPAIGN.json CONTACTS.csv", "call the contacts"),
            ("outdial down", "stop it; its data stay"),
        ],
        "starting": [("outdial status", "look again")],
        "degraded": [("outdial up --detach", "start what has ended")],
        "stopped": [("outdial up --detach", "start the stack")],
    }[stack["state"]]
    if stack["state"] == "degraded" and stack["supervisor"] is not None:
        # The terminal of `outdial up` owns its processes: another command cannot start them.
        commands = [("outdial down", "stop it"), ("outdial up", "start all of it again")]
    for index, (command, purpose) in enumerate(commands):
        yield f"{'' if index else 'next:':<6}{command + where:<42}{purpose}"


def _public(address: str) -> str:
    """The address without its password and without the options of the driver."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return f"{parts.scheme}://{f'{name}@' if name else ''}{host}{parts.path}"


def _short(path: Path) -> str:
    """Relative to the working directory if it lies in it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _show_end(child: Child) -> None:
    console.print(f"[red]{child.name} ended with code {child.exit_code}[/red]: {child.log}")
    console.print(tail(child.said()), markup=False, highlight=False)
