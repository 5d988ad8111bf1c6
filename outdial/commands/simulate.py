"""`outdial simulate`: when a campaign would call whom, and when it would be done."""

# ruff: noqa: PLC0415 - every other command would wait for the calendars and the packs.

from pathlib import Path
from typing import Annotated

import typer

ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Rate = Annotated[float | None, typer.Option(metavar="SHARE", help="Of all calls, like 0.35.")]
Length = Annotated[str | None, typer.Option(metavar="SECONDS", help="Like 45, or 5-60.")]


def simulate(
    campaign: ExistingFile,
    contacts: ExistingFile,
    *,
    answer_rate: Rate = None,
    machine_rate: Rate = None,
    busy_rate: Rate = None,
    talk_seconds: Length = None,
    ring_seconds: Length = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="INSTANT", help="Like 2026-11-23T08:00Z; else now."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far to look.")] = 14,
    seed: Annotated[int, typer.Option(help="Another one is another course of chance.")] = 1,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a page with a picture, too.")
    ] = None,
    packs: Annotated[
        Path | None,
        typer.Option(envvar="OUTDIAL_RULEPACKS", help="A directory with rule packs of your own."),
    ] = None,
) -> None:
    """Play a campaign through against a virtual clock; nobody is called."""
    from outdial.simulation.run import run
    from shared.domain.outcomes import Outcome

    given = {
        Outcome.ANSWERED_HUMAN: answer_rate,
        Outcome.MACHINE_NO_MESSAGE: machine_rate,
        Outcome.BUSY: busy_rate,
    }
    run(
        campaign,
        contacts,
        rates={outcome: rate for outcome, rate in given.items() if rate is not None},
        talk=talk_seconds,
        ring=ring_seconds,
        start=start,
        days=days,
        seed=seed,
        html=html,
        packs=packs,
    )
