"""The rules of law in the terminal: the list, one rule, the faults of packs."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from outdial.errors import OutdialError
from outdial.places import hint, near, place_of
from outdial.rules import words
from outdial.terminal import counted, plain_table
from shared.domain.places.jurisdictions import covers
from shared.domain.policy.rules import CallKind, Rule, holds_on
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import RulePacks, load

# A table needs so much; in a narrower terminal, each rule has a line for its demand.
WIDE = 80

# The texts of packs are an operator's: nothing in them is markup.
console = Console(markup=False, highlight=False, emoji=False)


def show_all(
    directory: Path | None,
    *,
    jurisdiction: str | None,
    kind: str | None,
    markdown: bool,
    as_json: bool,
) -> None:
    packs = _loaded(directory)
    place = None if jurisdiction is None else place_of("--jurisdiction", jurisdiction)
    rules = list(chosen(packs.rules, jurisdiction=place, kind=_kind(kind)))
    if not rules:
        raise OutdialError(_nothing(packs, place, kind))
    if markdown:
        typer.echo(as_markdown(rules))
        return
    today = datetime.now(UTC).date()
    if as_json:
        typer.echo(json.dumps([entry(rule, today=today) for rule in rules]))
        return
    if console.width < WIDE:
        for rule in rules:
            console.print(f"{rule.name}: {_today(rule, today)}", soft_wrap=True)
            console.print(Padding(words.demanded(rule), (0, 0, 0, 4)))
    else:
        console.print(as_table(rules, today=today))
    console.print(f"\npacks: {_versions(packs)}")
    if not all(rule.verified for rule in rules):
        console.print("unverified: off until a tenant turns it on")
    console.print("`outdial rules show NAME` shows the text and the source of a rule")


def show(name: str, directory: Path | None, *, as_json: bool) -> None:
    packs = _loaded(directory)
    rule = packs.named(name)
    if rule is None:
        alike = get_close_matches(name, [known.name for known in packs.rules], n=3)
        raise OutdialError(f"there is no rule {name}{hint(alike)}")
    today = datetime.now(UTC).date()
    if as_json:
        typer.echo(json.dumps(entry(rule, today=today)))
        return
    for field, text in facts(rule, today=today):
        console.print(f"{field:<16}{text}", soft_wrap=True)


def check(directory: Path | None, *, as_json: bool) -> None:
    """Print one fault per line, or all as JSON; the exit code is 1 if there is one."""
    try:
        packs = load(directory)
    except RulePackError as error:
        faults = [str(fault) for fault in error.faults]
        if as_json:
            typer.echo(json.dumps({"faults": faults}))
        else:
            typer.echo("\n".join(faults), err=True)
        raise typer.Exit(1) from None
    if as_json:
        counts = {"rules": len(packs.rules), "packs": dict(packs.versions)}
        typer.echo(json.dumps({"faults": [], **counts}))
        return
    typer.echo(f"{counted(len(packs.rules), 'rule')} in {_versions(packs)}")


def chosen(
    rules: Iterable[Rule], *, jurisdiction: str | None, kind: CallKind | None
) -> Iterable[Rule]:
    """The rules of a place, of the places in it and around it, and for a kind of call."""
    for rule in rules:
        here = jurisdiction is None or _related(rule.jurisdiction, jurisdiction)
        if here and (kind is None or kind in rule.kinds):
            yield rule


def as_table(rules: Iterable[Rule], *, today: date) -> Table:
    table = plain_table("rule", "today", "demand")
    for column in table.columns[:2]:
        column.no_wrap = True
    for rule in rules:
        table.add_row(rule.name, _today(rule, today), words.demanded(rule))
    return table


def as_markdown(rules: Iterable[Rule]) -> str:
    rows = ["| rule | what | calls | in effect | grade | source |", "|---|---|---|---|---|---|"]
    for rule in rules:
        cells = (
            f"`{rule.name}`",
            words.summary(rule),
            words.calls(rule),
            words.dates(rule),
            rule.grade if rule.verified else f"{rule.grade}, off",
            rule.source,
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def entry(rule: Rule, *, today: date) -> dict[str, object]:
    """A rule for programs, with the fields of `facts` under the names of the packs."""
    return {
        "name": rule.name,
        "pack": rule.pack,
        "jurisdiction": rule.jurisdiction,
        "says": rule.says,
        "demands": words.demanded(rule),
        "kinds": sorted(rule.kinds),
        "automated_only": rule.automated_only,
        "source": rule.source,
        "grade": rule.grade,
        "verified": rule.verified,
        "effective_from": _date(rule.effective_from),
        "effective_until": _date(rule.effective_until),
        "today": _today(rule, today),
    }


def facts(rule: Rule, *, today: date) -> list[tuple[str, str]]:
    return [
        ("rule", rule.name),
        ("pack", rule.pack),
        ("place", rule.jurisdiction),
        ("says", rule.says),
        ("demands", words.demanded(rule)),
        ("for calls of", words.calls(rule)),
        ("source", rule.source),
        ("grade", rule.grade),
        ("verified", "yes" if rule.verified else "no: off until a tenant turns it on"),
        ("in effect", words.dates(rule) or "always"),
        ("today", _today(rule, today)),
    ]


def _loaded(directory: Path | None) -> RulePacks:
    try:
        return load(directory)
    except RulePackError as error:
        raise OutdialError(f"the rule packs are faulty\n{error}") from error


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _today(rule: Rule, today: date) -> str:
    """Unverified rules are off until a tenant turns them on."""
    if not holds_on(rule, day=today):
        begins = rule.effective_from
        return f"from {begins}" if begins and begins > today else f"ended {rule.effective_until}"
    return "in force" if rule.verified else "unverified"


def _nothing(packs: RulePacks, place: str | None, kind: str | None) -> str:
    about = f" about {kind} calls" if kind else ""
    where, alike = (f" for {place}", near(place)) if place else ("", [])
    covered = ", ".join(packs.versions)
    return f"there is no rule{about}{where} in the packs for {covered}{hint(alike)}"


def _kind(text: str | None) -> CallKind | None:
    try:
        return None if text is None else CallKind(text)
    except ValueError:
        raise OutdialError(
            f"--kind: {text!r} is not a kind of call; the kinds are {', '.join(CallKind)}"
        ) from None


def _related(place: str, asked: str) -> bool:
    return covers(place, (asked,)) or covers(asked, (place,))


def _versions(packs: RulePacks) -> str:
    return ", ".join(f"{country}@{version}" for country, version in packs.versions.items())
