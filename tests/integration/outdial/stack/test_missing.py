"""Without a server, Java or the network the error says what to install."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from outdial.stack import java, kafka, kafka_jars, postgres, redis
from outdial.stack.errors import ServerMissingError


def no_wheel(_name: str) -> ModuleSpec | None:
    return None


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("OUTDIAL_CACHE_DIR", str(tmp_path / "cache"))


def test_no_postgres_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", no_wheel)

    with pytest.raises(ServerMissingError, match=r"outdial\[local\].*OUTDIAL_POSTGRES_URL.*docker"):
        postgres.programs()


def test_no_redis_wheel_and_none_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "find_spec", no_wheel)

    with pytest.raises(ServerMissingError, match=r"redis-server.*OUTDIAL_REDIS_URL.*docker"):
        redis.find_program()


def test_a_redis_on_the_path_serves_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(redis, "find_spec", no_wheel)
    a_program(tmp_path / "redis-server", "exit 0")

    assert redis.find_program() == tmp_path / "redis-server"


def test_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "find_spec", no_wheel)

    with pytest.raises(ServerMissingError, match=r"Java 17.*OUTDIAL_KAFKA_URL.*docker"):
        java.find_java()


@pytest.mark.parametrize("version", ["17.0.15", "25", "21-ea"])
def test_a_java_on_the_path_serves_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setattr(java, "find_spec", no_wheel)
    a_program(tmp_path / "java", f"""echo 'openjdk version "{version}" 2026-01-01' >&2""")

    assert java.find_java() == tmp_path / "java"


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.2"])
def test_an_old_java_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setattr(java, "find_spec", no_wheel)
    a_program(tmp_path / "java", f"""echo 'java version "{version}"' >&2""")

    with pytest.raises(ServerMissingError):
        java.find_java()


async def test_no_network_for_kafkas_jars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("M2_REPO", raising=False)

    with pytest.raises(ServerMissingError, match=r"(?s)Maven.*OUTDIAL_KAFKA_URL.*docker"):
        await kafka.KafkaServer(tmp_path / "kafka").start()

    assert kafka_jars.cached_jars() == []


def a_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
