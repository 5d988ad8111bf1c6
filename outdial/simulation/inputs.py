"""Reads a campaign and its contacts as the API would, and names the faults in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phonenumbers import SUPPORTED_REGIONS
from pydantic import ValidationError

from outdial.errors import OutdialError
from shared.definitions.campaign import CampaignDefinition
from shared.domain.places.calling_groups import CallingGroup
from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CsvContacts
from shared.intake.csv_file import FileError, RowError, as_text
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import RulePacks, load

SHOWN_ERRORS = 10


@dataclass(frozen=True, slots=True)
class People:
    """Distinct numbers, each with the index of its group; the other rows are only counted."""

    groups: list[CallingGroup]
    numbers: list[tuple[str, int]]
    duplicates: int
    rejected: int
    errors: list[str]


def read_campaign(path: Path) -> CampaignDefinition:
    try:
        definition = CampaignDefinition.model_validate(json.loads(path.read_bytes()))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise OutdialError(f"{path} is not JSON: {place}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise OutdialError(f"{path} is not JSON: it is not written in UTF-8") from error
    except ValidationError as error:
        raise OutdialError(f"{path} is no campaign:\n" + "\n".join(_faults(error))) from error
    region = definition.default_region
    if region is not None and region not in SUPPORTED_REGIONS:
        fault = "default_region: no country with phone numbers of its own"
        raise OutdialError(f"{path} is no campaign:\n  {fault}")
    return definition


def read_packs(directory: Path | None) -> RulePacks:
    try:
        return load(directory)
    except RulePackError as error:
        raise OutdialError(f"the rule packs are faulty\n{error}") from error


def read_people(path: Path, definition: CampaignDefinition) -> People:
    rows = Rows(default_region=definition.default_region, default_zone=definition.default_zone)
    groups: dict[str, int] = {}
    valid = 0
    try:
        with as_text(path.open("rb")) as file:
            reader = CsvContacts(file, rows)
            for _, row in reader.rows():
                valid += 1
                groups.setdefault(row.number, row.group - 1)
    except FileError as error:
        raise OutdialError(f"{path}, {_text(error.error)}") from error
    errors = [_text(error) for error in reader.errors.first[:SHOWN_ERRORS]]
    if not groups:
        text = "\n".join(f"  {error}" for error in errors) or "  it has no rows"
        raise OutdialError(f"{path} has no contact to call:\n{text}")
    return People(
        groups=reader.groups,
        numbers=list(groups.items()),
        duplicates=valid - len(groups),
        rejected=reader.errors.count,
        errors=errors,
    )


def _text(error: RowError) -> str:
    field = f", {error.field}" if error.field else ""
    return f"line {error.line}{field}: {error.reason.replace('_', ' ')}"


def _faults(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part) for part in each["loc"])
        yield f"  {place or 'it'}: {each['msg'].removeprefix('Value error, ')}"
