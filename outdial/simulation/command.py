"""`outdial simulate`: when a campaign would call its contacts, and when it would be done."""

# ruff: noqa: PLC0415 - imported when the command runs: calendars and packs take a while to read.

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from outdial.errors import OutdialError
from outdial.options import ExistingFile, Packs

FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)

Rate = Annotated[float | None, typer.Option(metavar="SHARE", help="Of all calls, like 0.35.")]
Length = Annotated[str | None, typer.Option(metavar="SECONDS", help="Like 45, or 5-60.")]

app = typer.Typer()


@app.command()
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
        typer.Option("--from", metavar="INSTANT", help="Like 2026-11-23T08:00Z. Default: now."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="The days to simulate.")] = 14,
    seed: Annotated[int, typer.Option(help="Another seed draws other outcomes.")] = 1,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also write a page with a chart.")
    ] = None,
    packs: Packs = None,
) -> None:
    """Run a campaign on a virtual clock, without placing a call."""
    from rich.console import Console

    from outdial.simulation.call_outcomes import call_outcomes, parse_seconds
    from outdial.simulation.html_report import html_report
    from outdial.simulation.inputs import read_campaign, read_packs, read_people
    from outdial.simulation.scenario import Scenario, run_scenario
    from outdial.simulation.text_report import text_report
    from shared.domain.outcomes import Outcome

    rates = {
        Outcome.ANSWERED_HUMAN: answer_rate,
        Outcome.MACHINE_NO_MESSAGE: machine_rate,
        Outcome.BUSY: busy_rate,
    }
    definition = read_campaign(campaign)
    people = read_people(contacts, definition)
    scenario = Scenario(
        definition=definition,
        people=people,
        packs=read_packs(packs),
        outcomes=call_outcomes(
            {outcome: rate for outcome, rate in rates.items() if rate is not None},
            talk=parse_seconds(talk_seconds, option="--talk-seconds") if talk_seconds else None,
            ring=parse_seconds(ring_seconds, option="--ring-seconds") if ring_seconds else None,
            seed=seed,
        ),
        start=instant_of_option(start),
        days=days,
    )
    console = Console(highlight=False)
    with console.status("simulating"):
        result = run_scenario(scenario)
    console.print(text_report(result, name=definition.name, people=people), markup=False)
    if html is not None:
        try:
            html.write_text(html_report(result, name=definition.name, people=people), "utf-8")
        except OSError as error:
            raise OutdialError(f"{html} cannot be written: {error.strerror}") from error
        console.print(f"\nThe same with a chart is in {html}", markup=False)


def instant_of_option(text: str | None) -> datetime:
    """The instant that the option names; without one, the present minute."""
    if text is None:
        return datetime.now(UTC).replace(second=0, microsecond=0)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise OutdialError(f"--from: {text!r} is no instant; write it like 2026-11-23T08:00Z")
    if not FIRST <= at <= LAST:
        raise OutdialError(f"--from: {text!r} is not from {FIRST:%Y} to {LAST:%Y}")
    return at.astimezone(UTC)
