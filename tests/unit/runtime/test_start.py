"""A service that cannot start ends with one line, and not with a trace."""

import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from outdial.stack.ports import free_port
from shared.db import pool
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.faults import in_words
from shared.runtime.settings import Settings

FAILS = """
import contextlib
from shared.runtime.logs import configure_logs
from shared.runtime.process import run, serve, service_app
from shared.runtime.settings import read_settings
@contextlib.asynccontextmanager
async def lifespan(app):
    raise SystemExit("the database is away")
    yield
configure_logs("test", "INFO")
run(serve(service_app(lifespan, {}), read_settings(), default_port=0))
"""

AWAY = """
import sys
from shared.kafka import broker
from shared.runtime.logs import configure_logs
from shared.runtime.process import run
from tests.unit.runtime.test_start import settings
async def main():
    async with broker.started(broker.make_broker(settings(int(sys.argv[1])), "test")):
        raise AssertionError("Kafka answers")
configure_logs("test", "INFO")
broker.START_SECONDS = 0.3
run(main())
"""


def settings(port: int) -> Settings:
    return Settings.model_validate(
        {
            "postgres_url": f"postgresql://dialer:hidden@127.0.0.1:{port}/outdial",
            "redis_url": f"redis://127.0.0.1:{port}/0",
            "kafka_url": f"127.0.0.1:{port}",
        }
    )


def test_a_start_that_fails_in_the_lifespan_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POSTGRES_URL", "REDIS_URL", "KAFKA_URL"):
        value = getattr(settings(1), name.lower())
        monkeypatch.setenv(f"OUTDIAL_{name}", str(value))

    ended = subprocess.run(
        [sys.executable, "-c", FAILS], check=False, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stderr) == (1, "the database is away\n")
    assert "Traceback" not in ended.stdout


async def test_a_database_that_is_away_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool, "START_SECONDS", 0.3)
    port = free_port()

    with caplog.at_level(logging.WARNING), pytest.raises(SystemExit) as ended:
        async with pool.database(settings(port)):
            pass

    assert str(ended.value) == (
        f"the database at 127.0.0.1:{port}, as OUTDIAL_POSTGRES_URL names it, "
        "does not take connections: Connection refused"
    )
    (line, *more) = [record for record in caplog.records if record.name.endswith("retries")]
    assert (line.what, line.error) == ("postgres", "Connection refused")  # type: ignore[attr-defined]
    assert len(more) <= 1


def test_a_kafka_that_is_away_is_named() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AWAY, str(free_port())], check=False, capture_output=True, text=True
    )

    line = "Kafka, as OUTDIAL_KAFKA_URL names it, does not take connections\n"
    assert (ended.returncode, ended.stderr) == (1, line)
    assert "Traceback" not in ended.stdout


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (
            "shared.db.migrate",
            "the database at 127.0.0.1:1, as OUTDIAL_POSTGRES_URL names it, does",
        ),
        ("shared.kafka.topics", "Kafka, as OUTDIAL_KAFKA_URL names it, does not take connections"),
    ],
)
def test_a_program_that_prepares_a_server_that_is_away_ends_with_a_line(
    monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    for name in ("POSTGRES_URL", "KAFKA_URL"):
        monkeypatch.setenv(f"OUTDIAL_{name}", str(getattr(settings(1), name.lower())))

    ended = subprocess.run(
        [sys.executable, "-m", program], check=False, capture_output=True, text=True
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(said)
    assert "Traceback" not in ended.stderr
    assert "hidden" not in ended.stderr


def test_faulty_rule_packs_are_named_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "nz.toml").write_text("country = ")

    with pytest.raises(SystemExit, match=r"the rule packs are faulty\n.*nz\.toml:1: "):
        RuleBook.at_start(tmp_path)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), "Connection refused"),
        (OSError("Multiple exceptions: one, two"), "Multiple exceptions: one, two"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (TimeoutError(), "no answer in time"),
    ],
)
def test_a_fault_is_told_in_words(fault: OSError, words: str) -> None:
    assert in_words(fault) == words
