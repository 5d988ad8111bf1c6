"""A process logs JSON to standard output, with phone numbers masked."""

import json
import subprocess
import sys

import pytest

from shared.runtime.logs import masked

PROGRAM = """
import logging
import structlog
from shared.runtime.logs import configure_logs
configure_logs("test", "INFO")
logging.getLogger("library").warning("cannot reach +12025550147", extra={"to": "+447700900123"})
structlog.get_logger("retries").warning("retry", number="+12025550147")
"""


def test_lines_of_all_loggers_are_json_with_masked_numbers() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)

    first, second = (json.loads(line) for line in done.stdout.splitlines())

    assert first["event"] == "cannot reach +…0147"
    assert first["to"] == "+…0123"
    assert first["service"] == second["service"] == "test"
    assert second["number"] == "+…0147"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+12025550147", "+…0147"),
        ("a +12025550147, b +447700900123", "a +…0147, b +…0123"),
        ("2026-11-18T12:00:00+00:00", "2026-11-18T12:00:00+00:00"),
        ("0198f5c2-7d3e-7a10-8c41-5b1f0a6d2e01", "0198f5c2-7d3e-7a10-8c41-5b1f0a6d2e01"),
    ],
)
def test_only_numbers_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
