"""A process logs JSON to standard output, with phone numbers masked."""

import json
import subprocess
import sys

import pytest

from shared.runtime.logs import masked, without_rows

PROGRAM = """
import logging
import structlog
from shared.runtime.logs import configure_logs
configure_logs("test", "INFO")
logging.getLogger("library").warning("cannot reach +12025550147", extra={"to": "+447700900123"})
structlog.get_logger("retries").warning("retry", number="+12025550147")
"""

FAULTY_ROW = """
import logging
from asyncpg.exceptions import CheckViolationError
from shared.runtime.logs import configure_logs
configure_logs("test", "INFO")
try:
    try:
        fault = CheckViolationError("new row violates a check")
        fault.detail = "Failing row contains (7, +491234567890123456, Ada\\n\\nBerg)."
        fault.hint = "Look at the row."
        raise fault
    except CheckViolationError as error:
        raise RuntimeError("import failed") from error
except RuntimeError:
    logging.getLogger("library").exception("request failed")
"""


def test_the_faulty_row_of_a_statement_is_not_logged() -> None:
    done = subprocess.run([sys.executable, "-c", FAULTY_ROW], capture_output=True, check=True)

    exception = json.loads(done.stdout)["exception"]

    assert "new row violates a check\nDETAIL: …\nHINT:  Look at the row." in exception
    assert exception.endswith("RuntimeError: import failed")
    assert not any(text in exception for text in ("+49", "3456", "Ada", "Berg"))


def test_a_detail_at_the_end_is_left_out_to_the_end() -> None:
    assert without_rows("E: x\nDETAIL:  (1,\n\n2)") == "E: x\nDETAIL: …"
    assert without_rows("no DETAIL: here") == "no DETAIL: here"


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
