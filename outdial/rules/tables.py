"""The rules of law in the terminal: the list, one rule, the faults of packs."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from outdial.errors import OutdialError
from outdial.rules import words
from outdial.terminal import counted
from shared.domain.places.jurisdictions import covers
from shared.domain.policy.rules import CallKind, Rule, holds_on
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import RulePacks, load

console = Console()


def show_all(
    directory: Path | None, *, jurisdiction: str | None, kind: str | None, markdown: bool
) -> None:
    packs = _loaded(directory)
    rules = list(chosen(packs.rules, jurisdiction=jurisdiction, kind=_kind(kind)))
    if markdown:
        typer.echo(as_markdown(rules))
        return
    if not rules:
        raise OutdialError("no such rule: `outdial rules list` shows all")
    console.print(as_table(rules, today=datetime.now(UTC).date()))
    console.print(f"packs: {_versions(packs)}", highlight=False)


def show(name: str, directory: Path | None) -> None:
    packs = _loaded(directory)
    rule = packs.named(name)
    if rule is None:
        near = get_close_matches(name, [known.name for known in packs.rules], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise OutdialError(f"there is no rule {name}{hint}")
    for field, text in facts(rule, today=datetime.now(UTC).date()):
        console.print(f"{field:<16}{text}", highlight=False, soft_wrap=True, markup=False)


def check(directory: Path | None) -> None:
    """Print one fault per line; the exit code is 1 if there is one."""
    try:
        packs = load(directory)
    except RulePackError as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{counted(len(packs.rules), 'rule')} in {_versions(packs)}")


def chosen(
    rules: Iterable[Rule], *, jurisdiction: str | None, kind: CallKind | None
) -> Iterable[Rule]:
    """The rules of a place, of the places in it and around it, and for a kind of call."""
    for rule in rules:
        here = jurisdiction is None or _related(rule.jurisdiction, jurisdiction.upper())
        if here and (kind is None or kind in rule.kinds):
            yield rule


def as_table(rules: Iterable[Rule], *, today: date) -> Table:
    table = Table("rule", "place", "what", "verified", "in force today")
    table.columns[0].no_wrap = True
    for rule in rules:
        table.add_row(
            rule.name,
            rule.jurisdiction,
            words.demanded(rule.demand),
            "yes" if rule.verified else "no",
            _in_force(rule, today),
        )
    return table


def as_markdown(rules: Iterable[Rule]) -> str:
    rows = ["| rule | what | calls | in effect | grade | source |", "|---|---|---|---|---|---|"]
    for rule in rules:
        cells = (
            f"`{rule.name}`",
            words.summary(rule),
            words.calls(rule),
            words.dates(rule),
            rule.grade if rule.verified else f"{rule.grade}, unverified",
            rule.source,
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def facts(rule: Rule, *, today: date) -> list[tuple[str, str]]:
    return [
        ("rule", rule.name),
        ("pack", rule.pack),
        ("place", rule.jurisdiction),
        ("says", rule.says),
        ("demands", words.demanded(rule.demand)),
        ("for calls of", words.calls(rule)),
        ("source", rule.source),
        ("grade", rule.grade),
        ("verified", "yes" if rule.verified else "no: off until a tenant turns it on"),
        ("in effect", words.dates(rule) or "always"),
        ("in force today", _in_force(rule, today)),
    ]


def _loaded(directory: Path | None) -> RulePacks:
    try:
        return load(directory)
    except RulePackError as error:
        raise OutdialError(f"the rule packs are faulty\n{error}") from error


def _in_force(rule: Rule, today: date) -> str:
    if not holds_on(rule, day=today):
        return f"no: {words.dates(rule)}"
    return "yes" if rule.verified else "off"


def _kind(text: str | None) -> CallKind | None:
    try:
        return None if text is None else CallKind(text)
    except ValueError:
        raise OutdialError(
            f"{text!r} is no kind of call: use one of {', '.join(CallKind)}"
        ) from None


def _related(place: str, asked: str) -> bool:
    return covers(place, (asked,)) or covers(asked, (place,))


def _versions(packs: RulePacks) -> str:
    return ", ".join(f"{country}@{version}" for country, version in packs.versions.items())
