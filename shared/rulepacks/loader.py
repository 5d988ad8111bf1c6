"""Reads the rule packs of the package, and an operator's own packs, which replace them."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from shared.domain.policy.rules import Rule
from shared.rulepacks import faults
from shared.rulepacks.definition import RulePackDefinition
from shared.rulepacks.faults import PackFault, RulePackError


@dataclass(frozen=True, slots=True)
class RulePacks:
    """The rules of every country, and the version of each country's pack, like 2026-11-21."""

    rules: tuple[Rule, ...]
    versions: Mapping[str, str]

    def named(self, name: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.name == name), None)


@dataclass(frozen=True, slots=True)
class PackFile:
    """The text of a file; `unreadable` says why it could not be read."""

    name: str
    content: bytes
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    file: str
    text: str
    definition: RulePackDefinition


def load(directory: Path | None) -> RulePacks:
    """The packs in force. One fault anywhere raises RulePackError, which names all of them."""
    return parse(built_in(), found_in(directory) if directory else ())


@cache
def built_in() -> tuple[PackFile, ...]:
    here = resources.files("shared.rulepacks")
    packs = [file for file in here.iterdir() if file.name.endswith(".toml")]
    return tuple(
        PackFile(file.name, file.read_bytes()) for file in sorted(packs, key=lambda pack: pack.name)
    )


def found_in(directory: Path) -> tuple[PackFile, ...]:
    """The pack files of a directory; an unreadable one is listed with the reason."""
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix == ".toml")
    except OSError as error:
        return (PackFile(str(directory), b"", error.strerror or str(error)),)
    return tuple(_found(path) for path in paths)


def parse(packaged: Iterable[PackFile], own: Iterable[PackFile]) -> RulePacks:
    """Parse the files; an operator's pack replaces the packaged one of the same country."""
    wrong: list[PackFault] = []
    chosen = _by_country(packaged, wrong) | _by_country(own, wrong)
    if wrong:
        raise RulePackError(wrong)
    definitions = [chosen[country].definition for country in sorted(chosen)]
    return RulePacks(
        rules=tuple(rule.rule(pack.pack) for pack in definitions for rule in pack.rules),
        versions={pack.jurisdiction: str(pack.version) for pack in definitions},
    )


def _found(path: Path) -> PackFile:
    try:
        return PackFile(str(path), path.read_bytes())
    except OSError as error:
        return PackFile(str(path), b"", error.strerror or str(error))


def _read(files: Iterable[PackFile], wrong: list[PackFault]) -> list[_Read]:
    packs = []
    for file in files:
        text = _text(file, wrong)
        definition = None if text is None else _definition(file.name, text, wrong)
        if text is not None and definition is not None:
            packs.append(_Read(file.name, text, definition))
    return packs


def _text(file: PackFile, wrong: list[PackFault]) -> str | None:
    if file.unreadable:
        wrong.append(PackFault(file.name, 1, None, file.unreadable))
        return None
    try:
        return file.content.decode()
    except UnicodeDecodeError as error:
        wrong.append(faults.of_bytes(file.name, file.content, error))
        return None


def _definition(file: str, text: str, wrong: list[PackFault]) -> RulePackDefinition | None:
    try:
        # Validated as strict JSON: dates and enums may be text, numbers and booleans may not.
        raw = json.dumps(tomllib.loads(text), default=str)
        return RulePackDefinition.model_validate_json(raw, strict=True)
    except tomllib.TOMLDecodeError as error:
        wrong.append(faults.of_syntax(file, text, error))
    except ValidationError as error:
        wrong.extend(faults.of_shape(file, text, error))
    return None


def _disagreements(read: _Read) -> Iterator[PackFault]:
    """A pack has rules of its own country only, and no two rules have the same name."""
    country, seen = read.definition.jurisdiction, set[str]()
    for index, rule in enumerate(read.definition.rules):
        if rule.jurisdiction.partition("-")[0] != country:
            text = f"jurisdiction: {rule.jurisdiction} is not in {country}, whose pack this is"
            yield faults.of_rule(read.file, read.text, index, text, key="jurisdiction")
        if rule.name in seen:
            yield faults.of_rule(read.file, read.text, index, "another rule has this name too")
        seen.add(rule.name)


def _by_country(files: Iterable[PackFile], wrong: list[PackFault]) -> dict[str, _Read]:
    by_country: dict[str, _Read] = {}
    for pack in _read(files, wrong):
        wrong.extend(_disagreements(pack))
        country = pack.definition.jurisdiction
        if country in by_country:
            text = f"jurisdiction: {by_country[country].file} is a pack of {country} too"
            wrong.append(faults.of_key(pack.file, pack.text, "jurisdiction", text))
        by_country[country] = pack
    return by_country
