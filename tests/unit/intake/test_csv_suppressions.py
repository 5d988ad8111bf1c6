"""A list of suppressions takes every number that a list of contacts takes, in the same forms."""

import csv
import io
from datetime import UTC, datetime
from random import Random

import pytest

from shared.domain.places.numbers import Numbers
from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CONTACT_COLUMNS, CsvContacts
from shared.intake.csv_file import CsvFile
from shared.intake.csv_suppressions import SUPPRESSION_COLUMNS, CsvSuppressions
from shared.intake.encodings import as_text
from tests.unit.domain.places.test_damaged_cells import cells

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NO_VALUE = ["", " ", "-", "N/A", "NULL"]
CELLS = 2_000

Found = list[tuple[int, str]]


def called(file: str, region: str | None, numbers: Numbers | None = None) -> Found:
    """Line and number of each row, read as a contact."""
    rows = Rows(default_region=region, default_zone=None, numbers=numbers)
    table = CsvFile(as_text(io.BytesIO(file.encode())), CONTACT_COLUMNS)
    return [(line, row.number) for line, row in CsvContacts(table, rows).rows()]


def suppressed(file: str, region: str | None, numbers: Numbers | None = None) -> Found:
    """Line and number of each row, read as a suppression."""
    table = CsvFile(as_text(io.BytesIO(file.encode())), SUPPRESSION_COLUMNS)
    reader = CsvSuppressions(table, now=NOW, default_region=region, numbers=numbers)
    return [(line, number) for line, number, _, _ in reader.rows()]


@pytest.mark.parametrize(
    "file",
    [
        "0301234567\n+49 30 1234568\n",
        "\ufeffTelefon\r\n0301234567\r\n",
        "sep=;\nName;Handy\nZoë;0171 2345678\n",
        "Rufnummer|Land\n2125550120|US\n0301234567|\n0301234568|-\n0301234569|N/A\n",
        'name, Phone, note\n"Zoë", 030/1234567, "tall, blond"\nBo, "0301234568"\n',
        "number,name,city\n0301234567\n0301234568,Bo,Ulm,,\n,,\n0301234569,Cy\n",
        "name\tTel.\nZoë\t(030) 1234567\n",
    ],
    ids=["no header", "BOM", "sep", "country", "quotes", "ragged", "tabs"],
)
def test_a_file_of_contacts_is_a_file_of_suppressions(file: str) -> None:
    found = called(file, "DE")

    assert found
    assert suppressed(file, "DE") == found


@pytest.mark.parametrize("numbers", [None, "national", "international"])
def test_a_number_that_can_be_called_can_be_suppressed(numbers: Numbers | None) -> None:
    random = Random(14)
    rows = [(cell, home or random.choice(NO_VALUE)) for _, cell, home, _ in cells(random, CELLS)]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("number", "country"), *rows])

    found = called(text.getvalue(), "US", numbers)

    assert len(found) > CELLS / 20
    assert set(found) <= set(suppressed(text.getvalue(), "US", numbers))
