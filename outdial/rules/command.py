"""`outdial rules list`, `show` and `check`."""

# ruff: noqa: PLC0415 - imported when a command runs: calendars and packs take a while to read.

from pathlib import Path
from typing import Annotated

import typer

from outdial.options import Packs

app = typer.Typer(no_args_is_help=True, help="The rules of law about calling.")


@app.command("list")
def show_all(
    *,
    jurisdiction: Annotated[str | None, typer.Option(help="A place, like US or US-FL.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of calls, like debt_collection.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For documents.")] = False,
    packs: Packs = None,
) -> None:
    """List the rules of all packs, or those of a place or for a kind of call."""
    from outdial.rules import tables

    tables.show_all(packs, jurisdiction=jurisdiction, kind=kind, markdown=markdown)


@app.command()
def show(name: str, *, packs: Packs = None) -> None:
    """Show one rule: its text, its source, and when it is in force."""
    from outdial.rules import tables

    tables.show(name, packs)


@app.command()
def check(
    directory: Annotated[Path | None, typer.Argument(envvar="OUTDIAL_RULEPACKS")] = None,
) -> None:
    """Check the packs of a directory; print every fault with its file, line and rule."""
    from outdial.rules import tables

    tables.check(directory)
