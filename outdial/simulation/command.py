"""`outdial simulate`: when a campaign would call its contacts, and when it would be done."""

# ruff: noqa: PLC0415 - imported when the command runs: calendars and packs take a while to read.

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from outdial.errors import OutdialError
from outdial.options import CampaignFile, Columns, ContactsFile, Json, Numbers, Packs


def _rate(calls: str) -> Any:
    return typer.Option(metavar="SHARE", help=f"The share of calls that {calls}, like 0.35.")


def _seconds(what: str) -> Any:
    return typer.Option(metavar="SECONDS", help=f"How long {what}: 45, or from 5 to 60 as 5-60.")


app = typer.Typer()


@app.command()
def simulate(
    campaign: CampaignFile,
    contacts: ContactsFile,
    *,
    columns: Columns = None,
    numbers: Numbers = None,
    answer_rate: Annotated[float | None, _rate("a person answers")] = None,
    machine_rate: Annotated[float | None, _rate("a machine answers")] = None,
    busy_rate: Annotated[float | None, _rate("find the line busy")] = None,
    talk_seconds: Annotated[str | None, _seconds("a person talks")] = None,
    ring_seconds: Annotated[str | None, _seconds("a phone rings")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="The start, like 2026-11-23T08:00Z. Default: now."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days to simulate.")] = 14,
    seed: Annotated[
        int, typer.Option(help="Outcomes are drawn by this number; another one draws others.")
    ] = 1,
    html: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="Also write the result to this file, as a page with a chart."
        ),
    ] = None,
    as_json: Json = False,
    packs: Packs = None,
) -> None:
    """Run a campaign on a virtual clock, without placing a call."""
    from rich.console import Console

    from outdial.simulation.call_outcomes import call_outcomes, parse_seconds
    from outdial.simulation.html_report import html_report
    from outdial.simulation.inputs import read_campaign, read_packs, read_people
    from outdial.simulation.json_report import json_report
    from outdial.simulation.scenario import Scenario, run_scenario
    from outdial.simulation.text_report import text_report
    from shared.domain.outcomes import Outcome

    rates = {
        Outcome.ANSWERED_HUMAN: answer_rate,
        Outcome.MACHINE_NO_MESSAGE: machine_rate,
        Outcome.BUSY: busy_rate,
    }
    definition = read_campaign(campaign)
    people = read_people(contacts, definition, columns=columns, numbers=numbers)
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
    with Console(stderr=True).status("simulating"):
        result = run_scenario(scenario)
    if as_json:
        typer.echo(json.dumps(json_report(result, name=definition.name, people=people)))
    else:
        report = text_report(result, name=definition.name, people=people)
        Console(highlight=False).print(report, markup=False)
    if html is not None:
        _write(html, html_report(result, name=definition.name, people=people))


def _write(html: Path, page: str) -> None:
    try:
        html.write_text(page, "utf-8")
    except OSError as error:
        raise OutdialError(f"{html} cannot be written: {error.strerror}") from error
    typer.echo(f"the same with a chart is in {html}", err=True)


def instant_of_option(text: str | None) -> datetime:
    """The instant that the option names; without one, the present minute."""
    from outdial.terminal import instant_of

    if text is None:
        return datetime.now(UTC).replace(second=0, microsecond=0)
    return instant_of("--from", text)
