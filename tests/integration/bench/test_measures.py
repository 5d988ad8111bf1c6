"""The measures with SQL of their own still run; a few contacts show no figure, but each fault."""

from pathlib import Path

import pytest

from bench import (
    api,
    callbacks,
    claiming,
    export_calls,
    foreign_ids,
    idle_contacts,
    import_csv,
    neighbour,
    smartalex,
    voiceaiwrapper,
    why,
)
from outdial.stack.servers import LocalServers


@pytest.fixture
def own(servers: LocalServers, dsn: str, tmp_path: Path) -> LocalServers:
    """The session's servers, with this test's database."""
    return LocalServers(tmp_path, environment=servers.environment() | {"OUTDIAL_POSTGRES_URL": dsn})


async def test_claiming(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    # The same number twice: then the contacts are filled again before each round.
    for size, value in {"MANY": 960, "FEW": 960, "ROUND": 100, "ROUNDS": 1}.items():
        monkeypatch.setattr(claiming, size, value)

    figures = await claiming.measure(own)

    assert min(figures.values()) > 0


async def test_import_csv(dsn: str) -> None:
    figures = await import_csv.measure(dsn, rows=600)

    assert figures["contacts"] == 600


async def test_idle_contacts(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_contacts, "CONTACTS", 100)
    monkeypatch.setattr(idle_contacts, "STILL_SECONDS", 0.1)
    monkeypatch.setattr(idle_contacts, "STILL_BYTES", 1 << 40)

    figures = await idle_contacts.measure(own)

    assert figures["bytes on disk per contact, with indexes"] > 0


async def test_smartalex(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    for size, value in {"CREATED": 2, "LISTS": 1, "IN_A_LIST": 10}.items():
        monkeypatch.setattr(smartalex, size, value)

    figures = await smartalex.measure(own)

    assert figures["the slowest of them, ms"] > 0


async def test_voiceaiwrapper(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    for size, value in {"CREATED": 2, "LISTS": 1, "IN_A_LIST": 10}.items():
        monkeypatch.setattr(voiceaiwrapper, size, value)

    figures = await voiceaiwrapper.measure(own)

    assert min(figures.values()) > 0


async def test_why(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why, "CONTACTS", 240)
    monkeypatch.setattr(why, "REQUESTS", 2)

    figures = await why.measure(own)

    assert figures["contacts that wait"] == 240


async def test_callbacks(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "PROCESSES", ("dialer", "events"))
    for size, value in {"CALLBACKS": 40, "WARM_UP": 20, "CONNECTIONS": 4, "ROUNDS": 1}.items():
        monkeypatch.setattr(callbacks, size, value)

    figures = await callbacks.measure(own)

    assert figures["callbacks/s, lowest round"] > 0


async def test_export_calls(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_calls, "CALLS", 1_200)

    figures = await export_calls.measure(own)

    assert figures["lines of csv per second"] > 0


async def test_api(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    for size, value in {"CONTACTS": 300, "CREATED": 10}.items():
        monkeypatch.setattr(api, size, value)

    figures = await api.measure(own)

    assert min(figures.values()) > 0


async def test_neighbour(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"SECONDS": 0.2, "CONTACTS": 40, "CAMPAIGNS": 2, "GROUPS": 30}
    for size, value in small.items():
        monkeypatch.setattr(neighbour, size, value)
    monkeypatch.setattr(neighbour, "ABUSES", ["lists in lists"])

    figures = await neighbour.measure(own)

    assert min(figures.values()) > 0


async def test_foreign_ids(own: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_ids, "ROWS", 2)
    monkeypatch.setattr(foreign_ids, "REQUESTS", 2)

    figures = await foreign_ids.measure(own)

    assert min(figures.values()) > 0
