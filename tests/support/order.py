"""The order in which the workers of pytest-xdist take the tests, so that they end together."""

from collections import defaultdict
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parents[1]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: a test whose timeout is longer takes longer."""
    longest: defaultdict[Path, float] = defaultdict(float)
    for item in items:
        marker = item.get_closest_marker("timeout")
        if marker is not None:
            longest[item.path] = max(longest[item.path], marker.args[0])
    items.sort(key=lambda item: -longest[item.path])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """A worker takes a whole file, or a whole folder whose `conftest.py` its files share."""
    # Otherwise the files with the most tests come first, which are the quick ones.
    config.option.loadscopereorder = False
    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = _shared
    return scheduler


def _shared(nodeid: str) -> str:
    file = Path(nodeid.split("::", 1)[0])
    folder = TESTS.parent / file.parent
    shares = folder != TESTS and (folder / "conftest.py").exists()
    return str(file.parent if shares else file)
