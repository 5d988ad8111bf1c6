"""CSV files: rows equal those of the csv module; each bad row has a reason and its line."""

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.contact_rows import Rows
from shared.intake.csv_contacts import CONTACT_COLUMNS, CsvContacts
from shared.intake.csv_file import LONGEST_CELL, LONGEST_RECORD, CsvFile, Record
from shared.intake.encodings import as_text
from shared.intake.row_errors import Errors, FileError
from tests.support.contact_files import ContactFile

A, B = "+12025550123", "+12025550124"


def rows_of(file: bytes) -> list[Record]:
    return list(CsvFile(as_text(io.BytesIO(file)), CONTACT_COLUMNS).rows())


def read(file: bytes) -> tuple[list[tuple[int, str]], Errors]:
    """(line, number) of each contact, and the errors."""
    read = ContactFile(file)
    return [(line, row.number) for line, row in read.rows], read.file.errors


def contacts(file: bytes) -> tuple[list[str], list[tuple[int, str | None, str]]]:
    """The numbers, and (line, field, reason) of the bad rows."""
    rows, errors = read(file)
    assert errors.count == len(errors.first)
    return [number for _, number in rows], [
        (error.line, error.field, error.reason) for error in errors.first
    ]


cells = st.text(
    # Without a mark in the middle, and without the traces of a wrong encoding.
    st.characters(codec="utf-8", exclude_characters="\x00\ufeff\ufffd").filter(
        lambda mark: not "\x80" <= mark <= "\x9f"
    ),
    max_size=6,
) | st.sampled_from(['"', '""', ",", "\r", "\n", "\r\n", 'a"b', " ", "é"])


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.booleans(),
)
def test_rows_that_csv_writes_are_read(
    rows: list[list[str]], delimiter: str, ending: str, bom: bool
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([["number", "other"], *rows])
    file = ("\ufeff" if bom else "").encode() + text.getvalue().encode()

    assert [cells for _, cells in rows_of(file)] == [row for row in rows if any(row)]


@given(file=st.binary(max_size=200) | st.text('",;\r\na\x00é', max_size=60).map(str.encode))
def test_any_bytes_give_rows_and_errors_or_are_refused(file: bytes) -> None:
    try:
        numbers, errors = contacts(b"number,name\n" + file)
        lines = [line for line, _, _ in errors]
    except FileError as error:
        numbers, lines = [], [error.error.line]

    assert numbers == []
    assert lines == sorted(lines)
    assert all(line >= 2 for line in lines)


@pytest.mark.parametrize(
    "file",
    [
        f"number,name\n{A},x\n{B},y\n",
        f"number,name\r\n{A},x\r\n{B},y\r\n",
        f"number,name\r{A},x\r{B},y",
        f"number,name\n{A},x\r\n{B},y",
        f"\ufeffnumber,name\n{A},x\n{B},y\n",
        f"\ufeffnumber;name\n{A};x\n{B};y\n",
        f"name\tPhone\nx\t{A}\ny\t{B}\n",
        f"name| Phone_Number |\nx|{A}|\ny|{B}|\n",
        f'"number","name"\n"{A}","x"\n"{B}","y"\n',
        f'number,name\n{A},"x,""y"""\n{B},"line\nline"\n',
        f"\n\nnumber\n\n{A}\n\n{B}\n\n",
        f'number,name\n{A},5" pipe\n,\n{B},\n',
        "number\n+1 (202) 555-0123\n+1.202.555.0124\n",
    ],
    ids=[
        "LF",
        "CRLF",
        "CR",
        "mixed",
        "BOM",
        "BOM and semicolons",
        "tabs",
        "pipes",
        "quotes",
        "quoted separators",
        "blank lines",
        "stray quote",
        "written numbers",
    ],
)
def test_files_as_programs_write_them_are_read(file: str) -> None:
    assert contacts(file.encode()) == ([A, B], [])


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (b"12,x", (2, "Number", "no_country")),
        (b"hello,x", (2, "Number", "not_a_number")),
        (b",x", (2, "Number", "empty")),
        (b"+1202555,x", (2, "Number", "too_short")),
        (b"+12025\x00550123,a", (2, "Number", "nul_byte")),
        (b"+12025550123,a,b", (2, None, "too_many_cells")),
        (b'+12025550123,"a"b', (2, None, "bad_quoting")),
        (b"+12025550123," + b"x" * (LONGEST_CELL + 1), (2, "name", "too_long")),
        (b'+12025550123,"' + b"x\n" * LONGEST_CELL + b'"', (2, "name", "too_long")),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else value[2],
)
def test_a_bad_row_is_named_and_its_neighbours_are_kept(
    row: bytes, error: tuple[int, str | None, str]
) -> None:
    file = b"Number,name\n" + row + b"\n" + f"{B},b\n".encode()

    assert contacts(file) == ([B], [error])


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "quoted"])
def test_a_cell_of_ten_megabytes_costs_no_memory(quote: bytes, tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    cell = quote + b"x" * 10_000_000 + quote
    path.write_bytes(b"number,name\n" + A.encode() + b"," + cell + f"\n{B},b\n".encode())
    del cell
    with as_text(path.open("rb")) as file:
        table = CsvFile(file, CONTACT_COLUMNS)
        reader = CsvContacts(table, Rows(default_region=None, default_zone=None))
        tracemalloc.start()
        rows = [(line, row.number) for line, row in reader.rows()]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 2_000_000
    assert rows == [(3, B)]
    assert [(error.line, error.field, error.reason) for error in table.errors.first] == [
        (2, "name", "too_long")
    ]


def test_contacts_inside_a_long_quoted_cell_are_no_contacts() -> None:
    notes = '"' + f"{A},called\n" * (LONGEST_RECORD // 10) + '"'

    assert contacts(f"number,name\n{A},{notes}\n{B},b\n".encode()) == (
        [B],
        [(2, "name", "too_long")],
    )


def test_a_quote_where_none_may_be_spoils_only_what_it_swallows() -> None:
    file = f'number,name\n{A},"open\n{A},"again"\n{B},b\n'

    assert contacts(file.encode()) == ([B], [(2, None, "bad_quoting"), (3, None, "bad_quoting")])


def test_lines_are_counted_through_a_long_cell() -> None:
    long = '"' + "x\r\n" * LONGEST_CELL + '"'
    file = f"number,name\n{A},{long}\nhello,x\n".encode()

    assert contacts(file)[1] == [
        (2, "name", "too_long"),
        (3 + LONGEST_CELL, "number", "not_a_number"),
    ]


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (b"", (1, "number", "missing_column")),
        (b"\n\n", (1, "number", "missing_column")),
        (b"name,zone\nx,y\n", (1, "number", "missing_column")),
        (b"number,name,Name,number\n", (1, "number", "duplicate_column")),
        (b"number,phone\n", (1, "number", "duplicate_column")),
        (b"number,zone,timezone\n", (1, "zone", "duplicate_column")),
        (b"number,name,name\n", (1, "name", "duplicate_column")),
        (b"number,n\x00me\n", (1, None, "nul_byte")),
        (b"\xef\xbb\xbfnumber,str\xe4\xdfe\n", (1, None, "not_utf8")),
        (b"number,str\xe8\n", (1, None, "unknown_encoding")),
        (b'number,"name"x\n', (1, None, "bad_quoting")),
        (
            b'number,name\n+12025550123,x\n+12025550124,"y\n+12025550125,z\n',
            (3, "name", "unclosed_quote"),
        ),
        (b'number,"name', (1, None, "unclosed_quote")),
        (b"number," + b"x" * 300, (1, None, "too_long")),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    file: bytes, error: tuple[int, str | None, str]
) -> None:
    with pytest.raises(FileError) as refused:
        contacts(file)

    fault = refused.value.error
    assert (fault.line, fault.field, fault.reason) == error


def test_a_header_without_end_is_refused_before_it_fills_memory() -> None:
    with pytest.raises(FileError) as refused:
        contacts(b"x" * 1_000_000)

    assert (refused.value.error.line, refused.value.error.reason) == (1, "too_long")


def test_an_unclosed_quote_is_found_however_long_what_follows() -> None:
    file = b'number,name\n+12025550123,"x\n' + b"+12025550124,y\n" * 50_000

    with pytest.raises(FileError) as refused:
        contacts(file)

    assert refused.value.error.line == 2
    assert refused.value.error.field == "name"


def test_errors_never_repeat_a_value() -> None:
    _, errors = read(b"number,zone\n999888777666,x\n+12025550123,999888777666\n")

    assert errors.count == 2
    assert "999888777666" not in str(errors)
