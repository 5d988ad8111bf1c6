"""Tables as spreadsheets and scripts write them: short and long rows, `sep=`, blanks, no header."""

import pytest

from shared.intake.row_errors import FileError, RowError
from tests.support.contact_files import ContactFile

A, B, C = "+442079460123", "+442079460124", "+442079460125"

Found = list[tuple[int, str, str | None]]


def read(file: str, *, delimiter: str | None = None) -> tuple[Found, list[RowError]]:
    """Line, number and attributes of each contact, and the errors."""
    read = ContactFile(file, default_region="GB", delimiter=delimiter)
    found = [(line, row.number, row.attributes) for line, row in read.rows]
    return found, read.file.errors.first


def test_cells_that_are_missing_at_the_end_are_empty_and_empty_ones_too_many_are_cut() -> None:
    file = f"number,name,city\n{A},Zoë,Leeds\n{B},Bob\n{C}\n020 7946 0126,Cy,Hull,, ,\n,,\n\n  \n"

    assert read(file) == (
        [
            (2, A, '{"name":"Zoë","city":"Leeds"}'),
            (3, B, '{"name":"Bob"}'),
            (4, C, None),
            (5, "+442079460126", '{"name":"Cy","city":"Hull"}'),
        ],
        [],
    )


def test_a_surplus_cell_with_a_text_refuses_its_row() -> None:
    found, errors = read(f"number,name\n{A},Doe, Zoë\n{B},Bo\n")

    assert [number for _, number, _ in found] == [B]
    assert errors == [RowError(line=2, field=None, reason="too_many_cells")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("opening", ["sep={}", "SEP={}", '"sep={}"', "\ufeffsep={}"])
def test_a_first_line_names_the_separator(opening: str, separator: str) -> None:
    lines = [opening.format(separator), f"number{separator}name", f"{A}{separator}Zoë", "12"]

    found, errors = read("\r\n".join(lines))

    assert found == [(3, A, '{"name":"Zoë"}')]
    assert [error.line for error in errors] == [4]


def test_a_given_delimiter_comes_before_that_of_the_first_line() -> None:
    assert read(f"sep=,\nnumber;a,b\n{A};x\n", delimiter=";")[0] == [(3, A, '{"a,b":"x"}')]


def test_a_first_line_with_another_separator_is_refused() -> None:
    with pytest.raises(FileError) as refused:
        read(f"sep=:\nnumber:name\n{A}:x\n")

    assert (refused.value.error.line, refused.value.error.reason) == (1, "unknown_separator")


def test_a_blank_before_a_quote_belongs_to_no_cell() -> None:
    file = f'number, name, note\n{A}, "Zoë", "tall, blond"\n{B},  "B ""o""",x\n{C}, "a\nb", \n'

    assert read(file) == (
        [
            (2, A, '{"name":"Zoë","note":"tall, blond"}'),
            (3, B, '{"name":"B \\"o\\"","note":"x"}'),
            (4, C, '{"name":"a\\nb"}'),
        ],
        [],
    )


@pytest.mark.parametrize("first", ["020 7946 0123", "(+44) 20-7946-0123", '"+442079460123"'])
def test_numbers_alone_need_no_header(first: str) -> None:
    assert read(f"\n{first}\n{B}\n")[0] == [(2, A, None), (3, B, None)]


def test_the_first_number_of_a_bare_list_is_refused_by_its_line_if_it_is_damaged() -> None:
    found, errors = read(f"+44207946012345678\n{B}\n")

    assert [number for _, number, _ in found] == [B]
    assert [(error.line, error.field) for error in errors] == [(1, "number")]


def test_a_damaged_cell_costs_a_person_only_if_the_call_could_be_wrong() -> None:
    lines = [
        b"\xef\xbb\xbfnumber,external_id,zone,name",
        b"+442079460123,\xff,,Zo",
        b"+442079460124," + b"7" * 257 + b",,Bo",
        b"+442079460125,K3,,M\xfcller",
        b"+442079460126,K4,Europe/L\xf6ndon,Cy",
        b"+442079460127,K5,Here,Di",
    ]

    read = ContactFile(b"\n".join(lines))
    found = [(line, row.external_id, row.attributes) for line, row in read.rows]

    assert found == [(2, None, '{"name":"Zo"}'), (3, None, '{"name":"Bo"}'), (4, "K3", None)]
    assert [(each.line, each.field, each.reason) for each in read.file.warnings.first] == [
        (2, "external_id", "not_utf8"),
        (3, "external_id", "too_long"),
        (4, "name", "not_utf8"),
    ]
    assert [(each.line, each.field, each.reason) for each in read.file.errors.first] == [
        (5, "zone", "not_utf8"),
        (6, "zone", "unknown_zone"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_the_unicode_text_of_excel_is_read(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    text = f"{mark}Téléphone\tNom\r\n{A}\tZoë\r\n{B}\t東京\r\n"

    read = ContactFile(text.encode(encoding))

    assert [(row.number, row.attributes) for _, row in read.rows] == [
        (A, '{"Nom":"Zoë"}'),
        (B, '{"Nom":"東京"}'),
    ]


def test_half_a_character_of_utf_16_spoils_only_its_cell() -> None:
    content = f"\ufeffnumber,name\n{A},Zo\n{B},".encode("utf-16-le") + b"\x3d\xd8A\x00\n\x00?"

    read = ContactFile(content)

    assert [row.number for _, row in read.rows] == [A, B]


@pytest.mark.parametrize(
    "nothing", ["-", "N/A", "#N/A", "NaN", "null", "NULL", "None", " ", "\\N", "unknown"]
)
def test_a_mark_for_no_value_is_no_value(nothing: str) -> None:
    row = f"{A},{nothing},{nothing},{nothing},{nothing},{nothing}"

    found, errors = read(f"number,zone,zip,country,state,expires\n{row}\n")

    assert (found, errors) == ([(2, A, None)], [])


def test_the_code_of_namibia_is_a_value_in_the_column_of_the_country_alone() -> None:
    assert read(f"number,zone,zip,state\n{A},NA,NA,NA\n")[0] == [(2, A, None)]
    assert read("number,country\n61 2345678,NA\n")[0] == [(2, "+264612345678", None)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_columns_of_a_file_without_a_header_are_named_by_their_places(separator: str) -> None:
    file = f"Zoë{separator}{A}\nBo{separator}{B}\n"

    read = ContactFile(file, header=False)
    named = ContactFile(file.replace("Bo", "K2"), "number:2", "external_id:1", header=False)

    assert [(line, row.number, row.attributes) for line, row in read.rows] == [
        (1, A, '{"1":"Zoë"}'),
        (2, B, '{"1":"Bo"}'),
    ]
    assert [(row.number, row.external_id) for _, row in named.rows] == [(A, "Zoë"), (B, "K2")]


@pytest.mark.parametrize(
    ("file", "chosen", "reason"),
    [
        (f"{A},{B}\n", (), "unnamed_number"),
        ("Zoë,Bo\n", (), "unknown_delimiter"),
        (f"{A};Doe, Zoë;{B}\n", (), "unnamed_number"),
        (f"{A},x;{B}\n", (), "unknown_delimiter"),
        (f"{A},x\n", ("number:3",), "unknown_column"),
    ],
)
def test_a_file_without_a_header_that_could_be_read_in_two_ways_is_refused(
    file: str, chosen: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(FileError) as refused:
        ContactFile(file, *chosen, header=False)

    assert refused.value.error.reason == reason


def test_a_first_line_that_is_said_to_be_a_header_is_never_a_row() -> None:
    with pytest.raises(FileError) as refused:
        ContactFile(f"{A}\n{B}\n", header=True)

    assert refused.value.error.reason == "missing_column"


@pytest.mark.parametrize("delimiter", [":", "^", "~", "\x01"])
def test_any_other_delimiter_may_be_given(delimiter: str) -> None:
    file = f"number{delimiter}name\n{A}{delimiter}Zoë\n"

    assert read(file, delimiter=delimiter)[0] == [(2, A, '{"name":"Zoë"}')]
