"""The local servers start in any directory, as root or another user, with or without a home."""

import shutil
import sys
from pathlib import Path

import asyncpg
import pytest

from outdial.stack import kafka_jars, postgres
from outdial.stack.kafka import KafkaServer
from outdial.stack.postgres import PostgresServer
from outdial.stack.redis import RedisServer


async def test_postgres_starts_where_its_programs_and_data_are_closed_to_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Root starts PostgreSQL as another user, who may enter neither directory."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres.programs().parents[1]
    for part in wheel.parent.glob(f"{wheel.name}*"):
        if part.is_dir():
            shutil.copytree(part, closed / part.name, symlinks=True)
    programs = closed / postgres.programs().relative_to(wheel.parent)
    monkeypatch.setattr(postgres, "programs", lambda: programs)
    server = PostgresServer(closed / "postgres", fsync=False)

    await server.start()
    try:
        conn = await asyncpg.connect(server.url)
        assert await conn.fetchval("SELECT 1") == 1
        await conn.close()
    finally:
        await server.stop(kill=True)


@pytest.mark.parametrize("server_type", [PostgresServer, RedisServer, KafkaServer])
async def test_a_server_starts_in_a_path_with_spaces_commas_and_other_letters(
    server_type: type[PostgresServer | RedisServer | KafkaServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    server = server_type(tmp_path / "a b, ü 電話" / "server")
    server.directory.parent.mkdir()

    await server.start()
    try:
        assert server.is_running
    finally:
        await server.stop(kill=True)


def test_the_environment_holds_the_cache_where_the_home_directory_cannot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jar = tmp_path / "kafka.jar"
    jar.touch()
    monkeypatch.delenv("OUTDIAL_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/dev/null/home")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(kafka_jars, "_resolve", lambda _cache: [str(jar)])

    assert kafka_jars.fetch() == [str(jar)]

    assert kafka_jars.cached_jars() == [str(jar)]
    assert list((tmp_path / "cache" / "outdial").glob("kafka-*-jars.json"))
