"""`outdial rules`: list, show, check, and the table in the documents."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from outdial.__main__ import app
from outdial.errors import OutdialError
from outdial.rules.tables import as_markdown, as_table, chosen
from outdial.rules.words import demanded
from shared.domain.policy.rules import CallKind
from shared.rulepacks.loader import load
from tests.unit.rulepacks.texts import HEAD, PACK, RULE, written

DOCUMENT = (Path(__file__).parents[4] / "docs" / "rules.md").read_text()
PACKS = load(None)


def rules(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments])


def names(jurisdiction: str | None = None, kind: CallKind | None = None) -> set[str]:
    return {rule.name for rule in chosen(PACKS.rules, jurisdiction=jurisdiction, kind=kind)}


def test_the_table_in_the_documents_is_the_listed_one() -> None:
    """After a wanted change: outdial rules list --markdown, between the two marks."""
    stored = DOCUMENT.split("<!-- rules -->\n")[1].split("\n<!-- end -->")[0]

    assert stored == as_markdown(PACKS.rules)
    assert rules("list", "--markdown").output == stored + "\n"


def test_the_documents_say_that_they_are_not_legal_advice() -> None:
    assert "This is not legal advice." in DOCUMENT


def test_the_example_in_the_documents_is_a_pack(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.+?)```", DOCUMENT, re.DOTALL)
    assert example is not None

    written(tmp_path, example[1])

    name = tomllib.loads(example[1])["rules"][0]["name"]
    assert load(tmp_path).named(name) is not None


def test_a_list_for_a_place_has_its_rules_those_of_its_parts_and_of_what_it_is_part_of() -> None:
    assert {"us.hours", "us-fl.hours", "us-fl.3in24"} <= names("US-FL")
    assert "us-ga.hours" not in names("US-FL")
    assert "us-ct.hours" not in names("US-FL")
    assert {"us.hours", "us-fl.hours", "us-ct.hours"} <= names("US")
    assert names("CA") == {name for name in names() if name.startswith("ca.")}
    assert names("NZ") == set()


def test_a_list_for_a_kind_of_call_has_the_rules_about_it() -> None:
    assert "us.regf.7in7" in names(kind=CallKind.DEBT_COLLECTION)
    assert "us.hours" not in names(kind=CallKind.DEBT_COLLECTION)


def test_the_list_shows_rules_verified_and_in_force_on_a_day() -> None:
    wanted = ["us-pa.hours-before-act-47", "us-pa.hours", "us-sd.hours"]
    rules_of_these = [rule for rule in PACKS.rules if rule.name in wanted]

    columns = as_table(rules_of_these, today=date(2026, 10, 18)).columns

    assert [list(column.cells) for column in columns[:2]] == [
        wanted,
        ["ended 2026-10-18", "in force", "unverified"],
    ]


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_the_list_is_readable_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr("outdial.rules.tables.console", Console(width=width))

    lines = rules("list", "--jurisdiction", "us-fl").output.splitlines()

    assert max(map(len, lines)) <= max(width, 70)
    assert any(line.startswith("us-fl.hours") and "in force" in line for line in lines)
    assert "…" not in "".join(lines)
    assert len(lines) <= 3 * len(names("US-FL"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("us-tx.hours", "Mon-Sat 09:00-21:00, Sun 12:00-21:00"),
        ("fr.hours", "Mon-Fri 10:00-13:00 and 14:00-20:00, except on holidays of FR"),
        (
            "us-ri.hours",
            "Mon-Fri 09:00-18:00, Sat 10:00-17:00, "
            "except on holidays of US and US-RI (with 05-04, Tue from 11-02)",
        ),
        (
            "us-la.hours",
            "Mon-Sat 08:00-20:00, "
            "except on holidays of US and US-LA (with 01-08, 08-30, 11-01, Fri from 11-23)",
        ),
        (
            "us-ne.adad",
            "Mon-Sat 08:00-21:00, Sun 13:00-21:00, "
            "13:00-21:00 on holidays of US-NE (with Fri from 11-23)",
        ),
        ("us.regf.hours", "Mon-Sun 08:00-21:00, where the number and the address are"),
        ("us-wa.adad", "no calls at all"),
        ("us-fl.3in24", "at most 3 calls in 24 hours, per person and subject"),
        ("us.exempt-hipaa", "at most 1 call in 1 local day, per person"),
        (
            "us.regf.7in7",
            "at most 7 calls in 7 local days, per person and subject, "
            "not counting busy, invalid number, network error, unobtainable",
        ),
        ("fr.refusal-60d", "no call for 61 local days after a refusal, per person"),
        ("us.ring-15s", "rings for at least 15 seconds"),
        ("us.abandon-3pct", "at most 3 % abandoned in 30 days"),
        ("fr.opt-in", "a duty"),
    ],
)
def test_a_demand_is_shown_in_words(name: str, words: str) -> None:
    rule = PACKS.named(name)

    assert rule is not None
    assert demanded(rule) == words


def test_a_rule_is_shown_with_its_source_and_version() -> None:
    shown = rules("show", "us-pa.hours")

    assert shown.exit_code == 0
    for part in ("US@2026-11-26", "Act 47 of 2026 (SB 992)", "from 2026-10-18", "US-PA"):
        assert part in shown.output


def test_a_name_that_is_not_there_is_answered_with_near_ones() -> None:
    shown = rules("show", "us-rihours")

    assert isinstance(shown.exception, OutdialError)
    assert "did you mean us-ri.hours" in str(shown.exception)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("list", "--kind", "sales"), "'sales' is not a kind of call; the kinds are sol"),
        (("list", "--jurisdiction", "NZ"), "there is no rule for NZ in the packs for AU, CA"),
        (("list", "--jurisdiction", "FL"), "a part of one like US-FL; did you mean US-FL?"),
        (("list", "--jurisdiction", "florida"), "did you mean US-FL?"),
        (("list", "--jurisdiction", "WA"), "did you mean AU-WA or US-WA?"),
        (("list", "--jurisdiction", "GA"), "FR, GB, US; did you mean US-GA?"),
        (("list", "--jurisdiction", "us_tx"), "did you mean US-TX?"),
        (("list", "--jurisdiction", "UK"), "did you mean GB?"),
        (("list", "--jurisdiction", "nowhere"), "'nowhere' is not a country like US"),
        (("list", "--jurisdiction", "NZ", "--markdown"), "there is no rule for NZ"),
        (("list", "--packs", "/nowhere"), "/nowhere:1: No such file or directory"),
    ],
)
def test_a_list_of_nothing_says_why(arguments: tuple[str, ...], text: str) -> None:
    listed = rules(*arguments)

    assert isinstance(listed.exception, OutdialError)
    assert text in str(listed.exception)


def test_sound_packs_are_counted(tmp_path: Path) -> None:
    written(tmp_path, PACK)

    checked = rules("check", str(tmp_path))

    assert checked.exit_code == 0
    assert checked.output.startswith(f"{len(PACKS.rules) + 1} rules in AU@")
    assert "NZ@2026-11-21" in checked.output


def test_every_fault_has_a_line_and_sets_the_exit_code(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + RULE + "duty = 2\nring_seconds = 0\n")

    checked = rules("check", str(tmp_path))

    assert checked.exit_code == 1
    assert sorted(line.split(" Input")[0] for line in checked.stderr.splitlines()) == [
        f"{path}:11: nz.quiet: duty:",
        f"{path}:12: nz.quiet: ring_seconds:",
    ]
