"""`outdial rules list`, `show` and `check`; the rules are read when one of them runs."""

# ruff: noqa: PLC0415 - every other command would wait for calendars and packs.

from pathlib import Path
from typing import Annotated

import typer

rules = typer.Typer(no_args_is_help=True, help="The rules of law about calling.")

Packs = Annotated[
    Path | None,
    typer.Option(
        "--packs", envvar="OUTDIAL_RULEPACKS", help="A directory with rule packs of your own."
    ),
]


@rules.command("list")
def list_rules(
    *,
    jurisdiction: Annotated[str | None, typer.Option(help="A place, like US or US-FL.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of calls, like debt_collection.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For documents.")] = False,
    packs: Packs = None,
) -> None:
    """List the rules of all packs, or those of a place or for a kind of call."""
    from outdial import rule_tables

    rule_tables.show_all(packs, jurisdiction=jurisdiction, kind=kind, markdown=markdown)


@rules.command("show")
def show_rule(name: str, *, packs: Packs = None) -> None:
    """Show what a rule says, who says so, and when it holds."""
    from outdial import rule_tables

    rule_tables.show(name, packs)


@rules.command("check")
def check_packs(
    directory: Annotated[Path | None, typer.Argument(envvar="OUTDIAL_RULEPACKS")] = None,
) -> None:
    """Check the packs of a directory; every fault is told with its file, line and rule."""
    from outdial import rule_tables

    rule_tables.check(directory)
