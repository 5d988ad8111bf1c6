"""`outdial up`, `outdial status` and `outdial down`."""

# ruff: noqa: PLC0415 - imported when a command runs: `outdial down` needs no Kafka client.

import asyncio
from contextlib import suppress
from typing import Annotated

import typer

from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json, TimeScale

# A second api or scheduler has nothing to do on one machine, but nothing forbids it.
SCALABLE = ("api", "scheduler", "dialer", "events")

Scale = Annotated[
    list[str] | None, typer.Option("--scale", metavar="SERVICE=N", help="Like dialer=2.")
]

app = typer.Typer()


@app.command()
@interruptible
async def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running.")] = False,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
    scale: Scale = None,
    time_scale: TimeScale = 1.0,
) -> None:
    """Start PostgreSQL, Redis, Kafka, a simulated carrier and the four services."""
    from outdial.stack.local_stack import LocalStack
    from outdial.stack.ownership import claim
    from outdial.stack.report import console, report_ends, show

    counts = _parse_scale(scale or [])
    with claim(directory):
        stack = LocalStack(
            directory,
            scale=counts,
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


@app.command()
def status(*, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Show every address and process of the local stack."""
    from outdial.stack.report import show

    show(directory, as_json=as_json)


@app.command()
@interruptible
async def down(*, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Stop the processes that `outdial up` started, and no others."""
    from outdial.stack import state as states
    from outdial.stack.ownership import stop_recorded, stop_supervisor

    state = states.load(directory)
    if state is None or not (living := len(state.living())):
        typer.echo(f"nothing runs in {directory}", err=True)
        return
    await stop_supervisor(state)
    await stop_recorded(state)
    typer.echo(f"{living} processes stopped", err=True)


def _parse_scale(entries: list[str]) -> dict[str, int]:
    scale = {}
    for entry in entries:
        name, _, count = entry.partition("=")
        if name not in SCALABLE or not count.isdecimal() or not int(count):
            raise typer.BadParameter(f"{entry!r}: like dialer=2, for one of {', '.join(SCALABLE)}")
        scale[name] = int(count)
    return scale
