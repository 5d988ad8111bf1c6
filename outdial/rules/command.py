"""`outdial rules list`, `show` and `check`."""

# ruff: noqa: PLC0415 - imported when a command runs: calendars and packs take a while to read.

from pathlib import Path
from typing import Annotated

import typer

from outdial.options import Json, Packs

app = typer.Typer(no_args_is_help=True, help="The rules of law by country and state.")


@app.command("list")
def show_all(
    *,
    jurisdiction: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="A country like US, or a part of one like US-FL."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="A kind of call: solicitation, debt_collection, informational or research."
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a Markdown table with all columns.")
    ] = False,
    as_json: Json = False,
    packs: Packs = None,
) -> None:
    """List the rules of all packs, or those of a place or for a kind of call."""
    from outdial.rules import tables

    tables.show_all(packs, jurisdiction=jurisdiction, kind=kind, markdown=markdown, as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Like us-fl.hours, as `rules list` shows it.")],
    *,
    as_json: Json = False,
    packs: Packs = None,
) -> None:
    """Show one rule: its text, its source, and when it is in force."""
    from outdial.rules import tables

    tables.show(name, packs, as_json=as_json)


@app.command()
def check(
    directory: Annotated[
        Path | None,
        typer.Argument(
            envvar="OUTDIAL_RULEPACKS", help="Default: only the packs that come with Outdial."
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check the rule packs in a directory: each fault is a line with file, line and rule."""
    from outdial.rules import tables

    tables.check(directory, as_json=as_json)
