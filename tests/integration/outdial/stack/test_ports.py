"""If another program takes a port first, the server uses another; no port is given out twice."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from outdial.stack import ports, server
from outdial.stack.kafka import KafkaServer
from outdial.stack.postgres import PostgresServer
from outdial.stack.redis import RedisServer


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port in use; every server tries it first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        offers = iter([port])
        monkeypatch.setattr(server, "free_port", lambda: next(offers, None) or ports.free_port())
        yield port


@pytest.mark.parametrize("kind", [PostgresServer, RedisServer, KafkaServer])
async def test_a_server_whose_port_was_taken_comes_up_on_another(
    tmp_path: Path, taken: int, kind: type[PostgresServer | RedisServer | KafkaServer]
) -> None:
    local = kind(tmp_path / "server")

    await local.start()
    try:
        assert local.is_running
        assert local.port != taken
        assert str(taken) in local.log.read_text()
    finally:
        await local.stop(kill=True)


def test_ports_are_free_and_all_different() -> None:
    given = [ports.free_port() for _ in range(50)]

    assert len(set(given)) == 50
    assert all(map(ports.is_free, given))


def test_a_listener_makes_its_port_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not ports.is_free(listener.getsockname()[1])
