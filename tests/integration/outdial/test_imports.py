"""`outdial contacts import --detach` and `--watch`, and `outdial imports`."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outdial import contacts, imports
from outdial.client import Client
from outdial.errors import OutdialError
from services.api.http.resources import Resources
from services.api.operation_runner import OperationRunner
from shared.kafka.messages.envelope import Message
from shared.runtime.process import every, running
from tests.support.api import Api
from tests.support.campaigns import a_rulebook
from tests.support.database import api_pool

Captured = pytest.CaptureFixture[str]


@asynccontextmanager
async def operations_run(api: Api) -> AsyncIterator[None]:
    async def publish(_messages: Sequence[Message]) -> None:
        raise AssertionError

    async with api_pool(api.pool) as own:
        runner = OperationRunner(Resources(pool=own, publish=publish, rulebook=a_rulebook()))
        async with running(every(0.01, "operations", runner.step)):
            yield
        await runner.stop()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.csv"
    path.write_text("number,name\n+12125550101,Zoë\n12,Bo\n+12125550101,Cy\n")
    return path


async def test_an_import_is_left_shown_and_cancelled(
    client: Client, api: Api, file: Path, capsys: Captured
) -> None:
    campaign = await api.campaign()

    await contacts.import_file(client, campaign, file, detach=True, as_json=True)
    begun = json.loads(capsys.readouterr().out)["id"]
    await imports.show_all(client, campaign=campaign)
    head, line = capsys.readouterr().out.splitlines()
    await imports.cancel(client, begun)
    await imports.show(client, begun)
    shown = capsys.readouterr().out

    assert head.split()[:4] == ["id", "campaign", "id", "state"]
    assert line.split()[:3] == [str(begun), str(campaign), "queued"]
    assert f"import {begun} cancelled, 0 % read: 0 imported, 0 refused" in shown


async def test_an_import_is_watched_to_its_end_and_its_rows_are_listed(
    client: Client, api: Api, file: Path, capsys: Captured
) -> None:
    campaign = await api.campaign()

    async with operations_run(api):
        with pytest.raises(OutdialError, match="rows were refused\n  line 3, number: "):
            await contacts.import_file(client, campaign, file, watch=True)
    capsys.readouterr()
    async with operations_run(api):
        await contacts.import_file(client, campaign, file, allow_refused=True, watch=True)
    counted = capsys.readouterr().out
    (newest, _) = await client.entries("/v1/operations", limit=2)
    await imports.show(client, newest["id"], as_csv=True)
    rows = capsys.readouterr().out.splitlines()

    assert "completed, 100 % read: 1 imported, 1 duplicate, 1 refused" in counted
    assert [row.split(",")[:2] for row in rows[1:]] == [["3", "refused"], ["4", "duplicate"]]


async def test_an_unreadable_file_says_why(client: Client, api: Api, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_bytes("number,name\n+12125550101,Hélène\n".encode("cp1252"))

    async with operations_run(api):
        with pytest.raises(OutdialError, match="--encoding windows-1252"):
            await contacts.import_file(client, await api.campaign(), file, watch=True)
