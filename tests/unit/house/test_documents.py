"""The documents are true: the files, commands, links, settings and locks in them exist."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from outdial.carrier.behaviour import (
    Behaviour,
    Fault,
    NumberBehaviour,
    Outcome,
    Seconds,
    Tariff,
)
from shared.db import locks
from shared.runtime.settings import Settings
from tests.support.containers import IMAGES

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
MIGRATIONS = ROOT / "shared" / "db" / "migrations" / "versions"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DECISIONS])

TARGETS = dict(re.findall(r"^([a-z]+):.*?## (.+)$", MAKEFILE, re.MULTILINE))


def test_readme_names_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `(OUTDIAL_\w+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)

    assert {name: default for name, default, _ in rows} == {
        f"OUTDIAL_{name.upper()}": default_text(field)
        for name, field in Settings.model_fields.items()
    }


def default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None:
        return "unset"
    text = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return f"`{text.removesuffix('.0')}`"


def test_the_page_of_the_carrier_names_every_field_fault_and_outcome() -> None:
    named = set(re.findall(r"`([a-zA-Z_.]+)`", (ROOT / "docs" / "carrier.md").read_text()))
    fields = {
        *Behaviour.model_fields,
        *(f"seconds.{name}" for name in Seconds.model_fields),
        *(f"tariff.{name}" for name in Tariff.model_fields),
        *(f"numbers.NUMBER.{name}" for name in NumberBehaviour.model_fields),
    }

    assert fields - {"tariff", "numbers"} <= named
    assert {*map(str, Fault), *map(str, Outcome)} <= named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_a_document_names_exist(document: Path) -> None:
    named = re.findall(r"(?:`|^)make ([a-z]+)", document.read_text(), re.MULTILINE)

    assert set(named) <= set(TARGETS)


def test_the_containers_of_the_tests_are_those_of_compose() -> None:
    images = set(re.findall(r"^    image: (\S+)$", COMPOSE, re.MULTILINE))

    assert set(IMAGES.values()) <= images


def test_every_target_explains_itself() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) == set(TARGETS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(document: Path) -> None:
    pattern = (
        r"`((?:services|shared|outdial|tests|deploy|bench|docs|examples|requirements)/[^`\s]*)`"
    )
    named = re.findall(pattern, document.read_text())

    assert [name for name in named if not any(ROOT.glob(name.rstrip("/")))] == []


def test_the_path_of_an_attempt_enters_each_file_once() -> None:
    section = ARCHITECTURE.split("## The path of one attempt")[1].split("\n## ")[0]
    steps = re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)

    assert 10 <= len(steps) <= 20
    assert len(steps) == len(set(steps))


def test_every_table_of_the_schema_has_its_writers() -> None:
    section = ARCHITECTURE.split("## Who writes which table")[1].split("\n## ")[0]
    schema = "".join(path.read_text() for path in sorted(MIGRATIONS.glob("*.sql")))
    tables = re.findall(r"^CREATE TABLE (\w+) \(", schema, re.MULTILINE)

    assert [table for table in tables if f"`{table}`" not in section] == []


def test_locks_are_listed_in_the_order_of_the_code() -> None:
    order = dict(re.findall(r"^(\d+)\. (?:advisory )?`?(\w+)`?", str(locks.__doc__), re.MULTILINE))
    ranks = {name: int(rank) for rank, name in order.items()}
    words = {
        "advisory import": "IMPORT",
        "advisory spend": "SPEND",
        "counters": "campaign_counters",
        "waiting": "waiting_contacts",
        "heads": "event_heads",
        "spend": "spend_days",
        "endpoints": "webhook_endpoints",
    }
    section = ARCHITECTURE.split("## Locks and their order")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)[1:]

    assert len(rows) >= 10
    for row in rows:
        taken = [re.sub(r" \(.+\)", "", lock).strip("` ") for lock in row.split("·")]
        ranked = [ranks[words.get(lock, lock)] for lock in taken if words.get(lock, lock) in ranks]
        assert ranked == sorted(ranked)
        assert ranked


def test_lines_of_the_map_fit_on_a_screen() -> None:
    assert [line for line in ARCHITECTURE.splitlines() if len(line) > 120] == []


def test_decisions_are_numbered_without_gaps_and_have_one_shape() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    shapes = {tuple(re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)) for path in DECISIONS}

    assert numbers == list(range(1, len(DECISIONS) + 1))
    assert shapes == {("Context", "Decision", "Consequences", "Alternatives")}


def test_the_example_environment_is_what_compose_reads() -> None:
    example = (ROOT / ".env.example").read_text()

    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) == set(
        re.findall(r"\$\{(\w+)", COMPOSE)
    )


def test_compose_publishes_on_loopback_only() -> None:
    published = re.findall(r'ports: \["([^"]+)"\]', COMPOSE)

    assert len(published) == COMPOSE.count("ports:")
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_compose_runs_several_dialers() -> None:
    assert 'ports: ["127.0.0.1::8002"]' in COMPOSE
