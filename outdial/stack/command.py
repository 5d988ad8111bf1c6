"""`outdial up`, `outdial status` and `outdial down`."""

# ruff: noqa: PLC0415 - imported when a command runs: `outdial down` needs no Kafka client.

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json, Scale, TimeScale

if TYPE_CHECKING:
    from outdial.stack.state import State

# A second api or scheduler has nothing to do on one machine, but nothing forbids it.
SCALABLE = ("api", "scheduler", "dialer", "events")

# A stack in the foreground belongs to its terminal, where no other command can start a process.
AGAIN = "`outdial down` stops it, then `outdial up` starts all again"

Options = tuple[str, ...]

app = typer.Typer()


@app.command()
@interruptible
async def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Leave the stack running and return.")
    ] = False,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
    scale: Scale = None,
    time_scale: TimeScale = 1.0,
) -> None:
    """Start the local stack: PostgreSQL, Redis, Kafka, a simulated carrier and the services.

    If it runs already, only the processes that have ended are started again.
    """
    from outdial.stack import state as states
    from outdial.stack.ownership import claim
    from outdial.stack.report import console, show

    counts, options = _parse_scale(scale or []), ("--time-scale", str(time_scale))
    kept = states.load(directory)
    if kept is not None and kept.runs:
        _refuse_changes(kept, counts, options if time_scale != 1.0 else kept.carrier_options)
        ended = kept.ended()
        if ended and kept.is_supervised:
            names = ", ".join(process.name for process in ended)
            raise OutdialError(f"ended: {names}; the stack runs in another terminal: {AGAIN}")
        if ended:
            await _heal(directory)
        else:
            console.print("the stack runs already")
        show(directory, as_json=as_json)
        return
    with claim(directory):
        await _start(directory, detach=detach, as_json=as_json, scale=counts, options=options)


async def _heal(directory: Path) -> None:
    from outdial.stack import state as states
    from outdial.stack.local_stack import LocalStack
    from outdial.stack.ownership import claim
    from outdial.stack.report import steps

    with claim(directory):
        # Read again under the lock: another command may have healed the stack meanwhile.
        kept = states.load(directory)
        if kept is not None and kept.runs:
            await LocalStack.running(kept, report=steps()).heal()


async def _start(
    directory: Path, *, detach: bool, as_json: bool, scale: Mapping[str, int], options: Options
) -> None:
    from outdial.stack.local_stack import LocalStack
    from outdial.stack.report import console, report_ends, show, steps

    stack = LocalStack(
        directory, scale=scale, detached=detach, carrier_options=options, report=steps()
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
            await report_ends(stack, remedy=f"the others run on; {AGAIN}")
    finally:
        console.print("stopping")
        await stack.stop()


@app.command()
def status(*, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Show the processes and addresses of the local stack; the exit code is 0 if all run."""
    from outdial.stack.report import show

    if not show(directory, as_json=as_json):
        raise typer.Exit(1)


@app.command()
@interruptible
async def down(*, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Stop the processes that `outdial up` started, and keep their data."""
    from outdial.stack import known
    from outdial.stack import state as states
    from outdial.stack.ownership import stop_recorded, stop_supervisor

    state = states.load(directory)
    living = [] if state is None else [process.name for process in state.living()]
    if state is not None and living:
        await stop_supervisor(state)
        await stop_recorded(state)
    if as_json:
        typer.echo(json.dumps({"directory": str(directory), "stopped": living}))
    elif living:
        typer.echo(f"{len(living)} processes stopped", err=True)
    else:
        typer.echo(f"nothing runs in {directory}{known.hint(directory)}", err=True)


def _refuse_changes(kept: "State", scale: Mapping[str, int], options: Options) -> None:
    """A stack that runs keeps the numbers of processes and the carrier's speed of its start."""
    running = Counter(name.partition("-")[0] for name in kept.processes)
    if any(running[name] != count for name, count in scale.items()) or (
        options != kept.carrier_options
    ):
        raise OutdialError(
            "the stack runs with another --scale or --time-scale: stop it first with `outdial down`"
        )


def _parse_scale(entries: list[str]) -> dict[str, int]:
    scale = {}
    for entry in entries:
        name, _, count = entry.partition("=")
        if name not in SCALABLE or not count.isdecimal() or not int(count):
            raise typer.BadParameter(f"{entry!r}: like dialer=2, for one of {', '.join(SCALABLE)}")
        scale[name] = int(count)
    return scale
