"""Faults of rule packs, by file, line and rule."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override

_HEADER = re.compile(r"^[ \t]*\[\[\s*rules\s*\]\]", re.MULTILINE)
_NAME = re.compile(r"""^[ \t]*name\s*=\s*["'](.*?)["']""", re.MULTILINE)
_POSITION = re.compile(r" \(at line (\d+), column \d+\)$")
_AT_END = " (at end of document)"


@dataclass(frozen=True, slots=True)
class PackFault:
    """`rule` is the name of the faulty rule, if it has a name."""

    file: str
    line: int
    rule: str | None
    message: str

    @override
    def __str__(self) -> str:
        rule = f"{self.rule}: " if self.rule else ""
        return f"{self.file}:{self.line}: {rule}{self.message}"


class RulePackError(ValueError):
    """Packs with faults are not used at all; the text has a line for each fault."""

    def __init__(self, faults: Iterable[PackFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def of_syntax(file: str, text: str, error: tomllib.TOMLDecodeError) -> PackFault:
    message = str(error)
    match = _POSITION.search(message)
    if match:
        return PackFault(file, int(match[1]), None, message[: match.start()])
    last = max(len(text.splitlines()), 1)
    return PackFault(file, last, None, message.removesuffix(_AT_END))


def of_bytes(file: str, content: bytes, error: UnicodeDecodeError) -> PackFault:
    return PackFault(file, content.count(b"\n", 0, error.start) + 1, None, "it is not UTF-8")


def of_shape(file: str, text: str, error: ValidationError) -> list[PackFault]:
    return [_of_field(file, text, each) for each in error.errors(include_url=False)]


def of_rule(file: str, text: str, index: int, message: str, *, key: str = "name") -> PackFault:
    """A fault of the rule that comes at this place in the file."""
    begin, end = _section(text, index)
    name = _NAME.search(text, begin, end)
    at = _key(key, text, begin, end)
    if at is None:
        at = begin if name is None else name.start(1)
    return PackFault(file, _line(text, at), name[1] if name else None, message)


def of_key(file: str, text: str, key: str, message: str) -> PackFault:
    """A fault of the pack's own fields, which stand before its rules."""
    at = _key(key, text, 0, _section(text, 0)[0])
    return PackFault(file, _line(text, at or 0), None, message)


def _of_field(file: str, text: str, error: ErrorDetails) -> PackFault:
    message = error["msg"].removeprefix("Value error, ")
    match error["loc"]:
        case ("rules", int(index), *path):
            detail = f"{_path(path)}: {message}" if path else message
            return of_rule(file, text, index, detail, key=str(path[0]) if path else "name")
        case path:
            detail = f"{_path(path)}: {message}" if path else message
            return of_key(file, text, str(path[0]) if path else "", detail)


def _path(path: Iterable[Any]) -> str:
    # The location of an error in a key itself, and not in its value, ends with this mark.
    return ".".join(str(part) for part in path if part != "[key]")


def _section(text: str, index: int) -> tuple[int, int]:
    """The lines of a rule; the whole file for rules that are not written as TOML sections."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    if index >= len(starts):
        return 0, len(text)
    return starts[index], [*starts, len(text)][index + 1]


def _key(key: str, text: str, begin: int, end: int) -> int | None:
    match = re.compile(rf"^[ \t]*({re.escape(key)})\s*[=.]", re.MULTILINE).search(text, begin, end)
    return match.start(1) if match else None


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
