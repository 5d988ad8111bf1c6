"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer

DEFAULT_DIRECTORY = Path(".outdial")
# The largest id that the database can store.
LARGEST_ID = 2**63 - 1


def _file(name: str, contents: str) -> Any:
    """An argument that must be a file which exists."""
    return typer.Argument(metavar=name, exists=True, dir_okay=False, readable=True, help=contents)


def _repeated(name: str, entry: str, purpose: str) -> Any:
    """An option that may be given several times, each with one entry."""
    return typer.Option(name, metavar=entry, help=purpose)


def whole_number(text: object) -> int:
    """Read an id or a count; the refusal says what would be right."""
    digits = str(text)
    number = int(digits) if digits.isascii() and digits.isdigit() else 0
    if not 1 <= number <= LARGEST_ID:
        raise typer.BadParameter(f"must be a whole number from 1 to {LARGEST_ID}")
    return number


def attempt_id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise typer.BadParameter(
            "must be the UUID of an attempt, as `outdial attempts list` shows it"
        ) from None


def id_option(name: str, purpose: str) -> Any:
    return typer.Option(name, metavar="ID", parser=whole_number, help=purpose)


def id_argument(name: str, purpose: str) -> Any:
    return typer.Argument(metavar=name, parser=whole_number, help=purpose)


Directory = Annotated[
    Path,
    typer.Option(
        "--dir", file_okay=False, resolve_path=True, help="Where the local stack keeps its data."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Api = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="OUTDIAL_API_URL",
        help="The address of the API. Default: that of the local stack.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="OUTDIAL_API_KEY",
        help="The API key. Default: the one stored by `outdial login`, else that of the local "
        "stack's own tenant.",
    ),
]
CampaignId = Annotated[int, id_argument("CAMPAIGN", "The campaign's id.")]
ListOf = Annotated[
    int | None, id_option("--campaign", "The list of one campaign. Default: of all.")
]
Limit = Annotated[
    int, typer.Option(metavar="N", parser=whole_number, help="The most lines to print.")
]
AllowRefused = Annotated[
    bool,
    typer.Option(
        "--allow-refused", help="Import the good rows of a file although others are refused."
    ),
]
CampaignFile = Annotated[
    Path, _file("CAMPAIGN.json", "A campaign, as `POST /v1/campaigns` takes it.")
]
PartsFile = Annotated[
    Path, _file("PARTS.json", "The parts to change, as in the file of a campaign.")
]
FlowFile = Annotated[
    Path, _file("FLOW.json", "A call flow: the part `flow` of `POST /v1/call-flows`.")
]
ContactsFile = Annotated[
    Path,
    _file(
        "CONTACTS.csv",
        "Contacts: a header, then a row for each. NAME.ndjson has one JSON object per line; "
        "either may be packed by gzip.",
    ),
]
NumbersFile = Annotated[Path, _file("NUMBERS.csv", "Phone numbers, one per line.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be imported, and store nothing.")
]
Columns = Annotated[
    list[str] | None,
    _repeated(
        "--column",
        "FIELD:NAME",
        "Which column of the file is a field, like number:Mobile; once for each field.",
    ),
]
NumberKind = Literal["national", "international"]
Numbers = Annotated[
    NumberKind | None,
    typer.Option(help="What numbers without + are. Default: one that may be both is refused."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Of the file, like windows-1252. Default: as it is sure, else refused."
    ),
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Between cells. Default: as the header has.")
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line names the columns; without, --column number:1 is the first.",
    ),
]
AsCsv = Annotated[
    bool,
    typer.Option(
        "--csv", help="Print each row that is not taken as it is as CSV, instead of the counts."
    ),
]
Scale = Annotated[
    list[str] | None,
    _repeated(
        "--scale",
        "SERVICE=N",
        "Start N processes of a service, like dialer=2; once for each service.",
    ),
]
TimeScale = Annotated[
    float, typer.Option(min=0, help="How long the simulated calls last: 0.1 is a tenth.")
]
Packs = Annotated[
    Path | None,
    typer.Option(
        "--packs", envvar="OUTDIAL_RULEPACKS", help="A directory with rule packs of your own."
    ),
]
