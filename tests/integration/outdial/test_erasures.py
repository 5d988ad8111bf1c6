"""`outdial erasures`."""

import json

import pytest

from outdial import erasures
from outdial.client import ApiError, Client
from tests.support.api import Api

Captured = pytest.CaptureFixture[str]


async def test_erasures_are_asked_for_listed_and_shown(
    client: Client, api: Api, capsys: Captured
) -> None:
    await erasures.add(client, "+12025550123", as_json=True)
    begun = json.loads(capsys.readouterr().out)["id"]
    await api.pool.execute("UPDATE operations SET waits_for = 'call'")
    await erasures.show(client, begun)
    shown = capsys.readouterr().out
    await erasures.show_all(client)
    head, line = capsys.readouterr().out.splitlines()

    assert shown == f"erasure {begun} queued, waits for a call to end\n"
    assert head.split()[:2] == ["id", "state"]
    assert line.split()[:3] == [str(begun), "queued", "call"]
    assert "2025550123" not in line


async def test_an_erasure_is_watched_to_its_end(client: Client, api: Api, capsys: Captured) -> None:
    await erasures.add(client, external_id="A1", lift=True)
    [begun] = await client.entries("/v1/operations", limit=1)
    capsys.readouterr()
    await api.post(f"/v1/operations/{begun['id']}/cancel", status=200)

    await erasures.watch(client, begun["id"])

    assert capsys.readouterr().out == f"erasure {begun['id']} cancelled\n"


async def test_a_person_must_be_named(client: Client) -> None:
    with pytest.raises(ApiError, match="number: give a number or an external_id"):
        await erasures.add(client)
