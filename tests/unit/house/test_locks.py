"""The lock files agree with each other, have hashes, and name no package registry."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DEV = ROOT / "requirements" / "dev.lock"
LOCKS = sorted([*ROOT.glob("requirements/*.lock"), ROOT / "deploy" / "requirements.lock"])

# Joined at run time, so that this file does not contain the forbidden names.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("registry", "npmjs", "org"),
    )
]
NOT_OURS = re.compile(r"^(\.(?!ci$).+|__pycache__|dist|.+\.egg-info)$")


def our_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if not NOT_OURS.match(path.name):
                yield from our_files(path)
        elif path.name != ".git":
            yield path


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.\-]+)(?:\[[^\]]+\])?==([^\s;]+)", lock.read_text(), re.M))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_lock_pins_what_the_tests_ran_with(lock: Path) -> None:
    assert pins(lock).items() <= pins(DEV).items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.MULTILINE)

    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_no_file_names_a_registry() -> None:
    named = {
        f"{path.relative_to(ROOT)}: {host}"
        for path in our_files()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    }

    assert named == set()
