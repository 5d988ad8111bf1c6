"""The encoding of a file: read when it is sure or stated, refused when a letter could be wrong."""

import io

import pytest

from shared.intake.encodings import NAMES, as_text, codec_of
from shared.intake.row_errors import FileError
from tests.support.contact_files import ContactFile

A, B = "+442079460123", "+442079460124"
GERMAN = f"number,name\n{A},Müller\n{B},Jörg Weiß\n"


def read(content: bytes, encoding: str | None = None) -> str:
    return as_text(io.BytesIO(content), encoding and codec_of(encoding)).read()


def refusal(content: bytes, encoding: str | None = None) -> tuple[int, str]:
    with pytest.raises(FileError) as refused:
        read(content, encoding)
    return refused.value.error.line, refused.value.error.reason


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "iso8859-15"],
)
def test_the_encoding_is_found_where_it_is_sure(encoding: str) -> None:
    assert read(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        (f"number,name\n{A},Bo\n{B},Hélène\n", "cp1252", 3),
        (f"number,name\n{A},Łukasz\n", "cp1250", 2),
        (f"number,name\n{A},Иван\n", "cp1251", 2),
        (f"number,name\n{A},Öl\n{B},Ö\n", "cp1252", 2),
        (f"number,name\n{A},Müller\n", "mac-roman", 2),
        (f"number,name\n{A},Müller\n", "cp850", 2),
        (f"number,名前\n{A},東京\n", "shift_jis", 1),
        (f"number,name\n{A},张伟\n", "gbk", 2),
    ],
)
def test_a_file_that_could_be_read_in_two_ways_is_refused_with_its_line(
    text: str, encoding: str, line: int
) -> None:
    assert refusal(text.encode(encoding)) == (line, "unknown_encoding")
    assert read(text.encode(encoding), encoding) == text


@pytest.mark.parametrize("name", NAMES)
def test_each_encoding_that_an_error_names_can_be_stated(name: str) -> None:
    codec = codec_of(name)

    assert codec is not None
    assert read(f"number\n{A}\n".encode(name), name) == f"number\n{A}\n"


@pytest.mark.parametrize("name", ["latin1", "Latin-1", "ISO-8859-1", "cp1252", "WINDOWS-1252"])
def test_latin1_means_what_windows_writes(name: str) -> None:
    assert read("O’Hara €".encode("cp1252"), name) == "O’Hara €"


@pytest.mark.parametrize("name", ["rot13", "hex", "utf-7", "idna", "no such", "", "\x00"])
def test_other_codecs_of_python_are_no_encodings_of_files(name: str) -> None:
    assert codec_of(name) is None


def test_a_stated_encoding_of_a_file_in_utf8_is_a_slip() -> None:
    assert refusal(GERMAN.encode(), "windows-1252") == (1, "is_utf8")


def test_a_mark_comes_before_the_stated_encoding() -> None:
    assert read(GERMAN.encode("utf-8-sig"), "windows-1252") == GERMAN


def test_a_workbook_is_refused() -> None:
    assert refusal(b"PK\x03\x04" + bytes(100)) == (1, "workbook")


def test_a_few_damaged_cells_of_a_file_in_utf8_are_warned_of() -> None:
    content = (GERMAN * 10).encode() + f"{A},H".encode() + b"\xe9lo\n"

    read = ContactFile(content)

    assert [(each.line, each.field, each.reason) for each in read.file.warnings.first] == [
        (31, "name", "not_utf8")
    ]


@pytest.mark.parametrize("name", ["Zo\ufffd", "Zo\x92"])
def test_a_letter_that_was_lost_before_is_no_name(name: str) -> None:
    read = ContactFile(f"number,name\n{A},{name}\n{B},Bo\n")

    assert [row.attributes for _, row in read.rows] == [None, '{"name":"Bo"}']
    assert [each.reason for each in read.file.warnings.first] == ["lost_letter"]


def test_a_letter_across_two_parts_of_the_file_is_no_fault() -> None:
    content = ("x" * ((1 << 20) - 1) + "ü" * (1 << 20)).encode()

    assert read(content) == content.decode()
