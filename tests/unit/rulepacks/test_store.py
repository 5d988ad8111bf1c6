"""The rule packs of a running process: it loads changes; after a fault it keeps the old packs."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import load
from shared.rulepacks.store import RulePackStore
from tests.unit.rulepacks.texts import HEAD, PACK, RULE, written


def refusals() -> float:
    return REGISTRY.get_sample_value("outdial_rule_packs_refused_total") or 0


def test_a_store_takes_a_changed_file_and_says_so(tmp_path: Path) -> None:
    written(tmp_path, PACK)
    store = RulePackStore(tmp_path)

    assert store.refresh() is False
    written(tmp_path, (PACK).replace("2026-11-21", "2026-12-01"))
    assert store.refresh() is True
    assert store.packs.versions["NZ"] == "2026-12-01"
    assert store.refresh() is False


def test_a_store_takes_new_files_and_goes_back_to_the_package_without_them(tmp_path: Path) -> None:
    store = RulePackStore(tmp_path)
    path = written(tmp_path, PACK)

    assert store.refresh() is True
    path.unlink()
    assert store.refresh() is True
    assert store.packs == load(None)


def test_a_comment_changes_no_rule(tmp_path: Path) -> None:
    written(tmp_path, PACK)
    store = RulePackStore(tmp_path)
    written(tmp_path, PACK + "# as before\n")

    assert store.refresh() is False


def test_a_faulty_change_leaves_the_old_packs_in_force_and_is_logged_once(tmp_path: Path) -> None:
    written(tmp_path, PACK)
    store, before = RulePackStore(tmp_path), refusals()
    old = store.packs
    path = written(tmp_path, HEAD + RULE + "hours = 7\n")

    assert [store.refresh(), store.refresh()] == [False, False]

    assert store.packs is old
    assert str(store.error).startswith(f"{path}:11: nz.quiet: hours: ")
    assert refusals() == before + 1


def test_a_mended_file_clears_the_error(tmp_path: Path) -> None:
    good = PACK
    written(tmp_path, good)
    store = RulePackStore(tmp_path)
    written(tmp_path, HEAD)
    store.refresh()

    written(tmp_path, good)

    assert store.refresh() is False
    assert store.error is None
    assert store.packs.versions["NZ"] == "2026-11-21"


def test_a_directory_that_is_gone_leaves_the_old_packs_in_force(tmp_path: Path) -> None:
    directory = tmp_path / "packs"
    directory.mkdir()
    path = written(directory, PACK)
    store = RulePackStore(directory)
    path.unlink()
    directory.rmdir()

    assert store.refresh() is False
    assert str(store.error) == f"{directory}:1: No such file or directory"
    assert "NZ" in store.packs.versions


def test_a_store_without_a_directory_has_the_packs_of_the_package() -> None:
    store = RulePackStore(None)

    assert store.refresh() is False
    assert store.packs == load(None)


def test_a_store_does_not_begin_with_faulty_packs(tmp_path: Path) -> None:
    written(tmp_path, HEAD)

    with pytest.raises(RulePackError):
        RulePackStore(tmp_path)
