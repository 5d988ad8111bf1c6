"""Reads the two files of a campaign and refuses faulty ones before anything is created."""

from collections.abc import Sequence
from pathlib import Path

import typer

from outdial.errors import OutdialError
from outdial.simulation.inputs import People, read_campaign, read_people
from outdial.simulation.text_report import left_out
from outdial.terminal import counted
from shared.domain.places.numbers import Numbers


def check(
    campaign: Path,
    contacts: Path,
    *,
    columns: Sequence[str] | None = None,
    numbers: Numbers | None = None,
    allow_refused: bool,
) -> None:
    """Read both files as the API would, and say what would be left out.

    OutdialError if the campaign is not valid, if there is no contact to call, or if a row is
    refused and that is not allowed.
    """
    definition = read_campaign(campaign)
    people = read_people(contacts, definition, columns=columns, numbers=numbers)
    if people.rejected and not allow_refused:
        raise OutdialError(
            f"nothing was created, because rows of {contacts} are refused: "
            f"{people.rejected:,} of {_rows(people):,}\n{_listed(people)}\n"
            "Mend the file, or call the other contacts with --allow-refused"
        )
    count = f"{contacts}: {counted(len(people.numbers), 'contact')}"
    typer.echo("\n".join([count, *left_out(people)]), err=True)


def _rows(people: People) -> int:
    return len(people.numbers) + people.duplicates + people.rejected


def _listed(people: People) -> str:
    left = people.rejected - len(people.errors)
    more = [f"  and {left:,} more"] if left else []
    return "\n".join([*(f"  {error}" for error in people.errors), *more])
