"""Reads a campaign and its contacts as the API would, and names the faults in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonenumbers import SUPPORTED_REGIONS
from pydantic import ValidationError

from outdial.errors import OutdialError
from outdial.json_file import read_object
from outdial.terminal import with_options
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.validation import in_words
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.places.numbers import Numbers
from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CONTACT_COLUMNS, CsvContacts
from shared.intake.csv_file import CsvFile
from shared.intake.csv_header import ColumnMapError, column_map
from shared.intake.encodings import as_text
from shared.intake.row_errors import FileError, RowError
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import RulePacks, load

SHOWN_ERRORS = 10


@dataclass(frozen=True, slots=True)
class People:
    """Distinct numbers, each with the index of its group; the other rows are only counted."""

    groups: list[CallingGroup]
    numbers: list[tuple[str, int]]
    duplicates: int
    duplicate_lines: list[int]
    rejected: int
    errors: list[str]
    warnings: list[str]


def read_campaign(path: Path) -> CampaignDefinition:
    try:
        definition = CampaignDefinition.model_validate(read_object(path))
    except ValidationError as error:
        raise OutdialError(
            f"{path} is not a valid campaign:\n" + "\n".join(_faults(error))
        ) from error
    region = definition.default_region
    if region is not None and region not in SUPPORTED_REGIONS:
        fault = "default_region: not a country with phone numbers of its own; write it like US"
        raise OutdialError(f"{path} is not a valid campaign:\n  {fault}")
    return definition


def read_packs(directory: Path | None) -> RulePacks:
    try:
        return load(directory)
    except RulePackError as error:
        raise OutdialError(f"the rule packs are faulty\n{error}") from error


def read_people(
    path: Path,
    definition: CampaignDefinition,
    *,
    columns: Sequence[str] | None = None,
    numbers: Numbers | None = None,
) -> People:
    """`columns` are entries such as number:Mobile; `numbers` says what numbers without + are."""
    rows = Rows(
        default_region=definition.default_region,
        default_zone=definition.default_zone,
        numbers=numbers,
    )
    groups: dict[str, int] = {}
    duplicates: list[int] = []
    try:
        chosen = column_map(columns or (), CONTACT_COLUMNS)
        with as_text(path.open("rb")) as file:
            table = CsvFile(file, CONTACT_COLUMNS, chosen=chosen)
            for line, row in CsvContacts(table, rows).rows():
                if row.number in groups:
                    duplicates.append(line)
                else:
                    groups[row.number] = row.group - 1
    except ColumnMapError as error:
        raise OutdialError(f"--column: {error}") from error
    except FileError as error:
        raise OutdialError(f"{path}, {_text(error.error)}") from error
    errors = [_text(error) for error in table.errors.first[:SHOWN_ERRORS]]
    if not groups:
        text = "\n".join(f"  {error}" for error in errors) or "  it has no rows"
        raise OutdialError(f"{path} has no contact to call:\n{text}")
    return People(
        groups=rows.groups,
        numbers=list(groups.items()),
        duplicates=len(duplicates),
        duplicate_lines=duplicates[:SHOWN_ERRORS],
        rejected=table.errors.count,
        errors=errors,
        warnings=[_text(warning) for warning in table.warnings.first[:SHOWN_ERRORS]],
    )


def _text(error: RowError) -> str:
    field = f", {error.field}" if error.field else ""
    return with_options(f"line {error.line}{field}: {error.remedy}")


def _faults(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False):
        place = ".".join(str(part) for part in each["loc"])
        yield f"  {place or 'it'}: {in_words(each)}"
