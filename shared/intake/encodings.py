"""The text of an uploaded file: its encoding is stated, marked, or sure by a rule, or the file is
refused. A wrong guess would change the letters of names.
"""

import codecs
import io
import re
from typing import BinaryIO

from shared.intake.row_errors import FileError

# How a file in doubt may be named; `windows-1252` and `latin1` are the same to Python's registry.
NAMES = tuple(
    """
    utf-8 utf-16 utf-16-le utf-16-be windows-1250 windows-1251 windows-1252
    windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 iso-8859-11
    iso-8859-1 iso-8859-2 iso-8859-5 iso-8859-7 iso-8859-9 iso-8859-15 macintosh
    ibm437 ibm850 ibm852 ibm866 koi8-r koi8-u shift_jis
    euc-jp gbk gb18030 big5 euc-kr
    """.split()  # noqa: SIM905 - a list would be long to read
)
# Programs that say these mean the code page of Windows, which has letters where these have none.
_MEANT = {
    "ascii": "utf-8",
    "utf-8-sig": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-11": "cp874",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "euc_kr": "cp949",
}
_CODECS = {codecs.lookup(name).name for name in NAMES} | set(_MEANT) | set(_MEANT.values())
# A mark at the beginning settles the encoding. UTF-32 begins as UTF-16 does, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORKBOOK = b"PK\x03\x04"
_READ_AT_ONCE = 1 << 20
# UTF-8 in which a few cells are damaged: each of them is reported by its line.
_SOUND_PER_BROKEN = 10
# Encodings with Latin letters. Bytes that are the same letter in all of them need no guess.
_LATIN = tuple(
    """
    cp1250 cp1252 cp1254 cp1257 iso8859-2 iso8859-9 iso8859-10
    iso8859-13 iso8859-15 iso8859-16
    """.split()  # noqa: SIM905 - a list would be long to read
)


def codec_of(name: str) -> str | None:
    """The codec of an encoding by any of its usual names; None if it is unknown here."""
    try:
        codec = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    return _MEANT.get(codec, codec) if codec in _CODECS else None


def as_text(file: BinaryIO, codec: str | None = None) -> io.TextIOWrapper:
    """The text of the file. `codec` is the stated one; a mark at the beginning comes before it.

    Damaged bytes of UTF-8 are kept as surrogates, those of other encodings become U+FFFD: both are
    found in their cells. Raises FileError if the encoding is in doubt.
    """
    head = file.read(4)
    file.seek(0)
    if head == _WORKBOOK:
        raise FileError(1, None, "workbook")
    found = _marked(head)
    if found is None:
        broken = _BrokenBytes(file)
        file.seek(0)
        found = _stated(codec, broken) if codec else _unstated(broken)
    errors = "surrogateescape" if found.startswith("utf-8") else "replace"
    return io.TextIOWrapper(file, found, errors, newline="")


def _marked(head: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # The first two marks of a file are nearly always of ASCII: half of their bytes are zero.
    zeros = [byte == 0 for byte in head]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zeros == [True, False, True, False] else None


def _stated(codec: str, broken: "_BrokenBytes") -> str:
    is_utf8 = broken.sound > 0 and not broken.count
    if is_utf8 and not codec.startswith("utf"):
        raise FileError(1, None, "is_utf8")
    return "utf-8-sig" if codec == "utf-8" else codec


def _unstated(broken: "_BrokenBytes") -> str:
    if broken.sound >= _SOUND_PER_BROKEN * broken.count:
        return "utf-8-sig"
    if broken.sound or broken.is_doubtful:
        raise FileError(broken.line, None, "unknown_encoding")
    return "cp1252"


def _same_letters() -> str:
    """The bytes that are one letter in all Latin encodings, as surrogateescape writes them."""
    same = ""
    for byte in range(0x80, 0x100):
        letters = {bytes([byte]).decode(encoding, "replace") for encoding in _LATIN}
        if len(letters) == 1 and letters.pop().isalpha():
            same += chr(0xDC00 + byte)
    return same


_SAME = _same_letters()
_BROKEN = re.compile("[\udc80-\udcff]")
# Another byte; or one that stands in no word with a letter of ASCII, as those of other scripts.
_DOUBTFUL = re.compile(
    f"(?![{_SAME}])[\udc80-\udcff]|(?<![A-Za-z{_SAME}])[{_SAME}]+(?![A-Za-z{_SAME}])"
)


class _BrokenBytes:
    """Counts the bytes of a file that are not UTF-8, and the other letters outside of ASCII."""

    def __init__(self, file: BinaryIO) -> None:
        self.count = 0
        self.sound = 0
        self.line = 1
        self.is_doubtful = False
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        while part := file.read(_READ_AT_ONCE):
            # To the end of a line, so that no word is cut.
            part += file.readline(_READ_AT_ONCE)
            if part.isascii() and decoder.getstate()[0] == b"":
                self.line += 0 if self.count else part.count(b"\n")
            else:
                self._count(decoder.decode(part))
        self._count(decoder.decode(b"", final=True))

    def _count(self, text: str) -> None:
        first = _BROKEN.search(text)
        if not self.count:
            self.line += text.count("\n", 0, first.start() if first else None)
        broken = len(_BROKEN.findall(text)) if first else 0
        self.count += broken
        self.sound += len(text) - broken - len(text.encode("ascii", "ignore"))
        self.is_doubtful = self.is_doubtful or bool(first and _DOUBTFUL.search(text))
