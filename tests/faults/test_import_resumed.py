"""An api is killed in the middle of a large import; another one goes on, and no row comes twice."""

import os
from pathlib import Path

import pytest

from outdial.client import Client, contacts_import
from shared.db.types import Pool
from tests.support.api import DEFINITION
from tests.support.api_process import NOWHERE, api_process
from tests.support.waiting import until

# `OUTDIAL_TEST_IMPORT_ROWS=1000000` makes the file as large.
ROWS = int(os.environ.get("OUTDIAL_TEST_IMPORT_ROWS", "120000"))
BAD_EACH = 100
MEMORY_MOST = 300 * 1024 * 1024


def write_contacts(file: Path) -> None:
    with file.open("w") as lines:
        lines.write("number,name,external_id\n")
        for n in range(ROWS):
            number = "12" if n % BAD_EACH == 0 else f"+1202{2_000_000 + n}"
            lines.write(f"{number},Ada Berg,K{n}\n")


def peak_of(pid: int) -> int:
    """The most memory that the process had at once, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_a_killed_import_is_resumed_without_doubles(
    dsn: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "contacts.csv"
    write_contacts(file)
    monkeypatch.setenv("OUTDIAL_FAILPOINT", "after_import_batch:2")

    async with api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "first.log") as first:
        async with first.client() as client:
            campaign = await client.create_campaign(DEFINITION)
            begun = await client.begin_import(
                contacts_import(campaign["id"]), file, on_error="keep"
            )
        await until(lambda: first.process.exit_code is not None)
    left = await pool.fetchrow("SELECT state, imported FROM operations")
    monkeypatch.delenv("OUTDIAL_FAILPOINT")
    await pool.execute("UPDATE operations SET leased_until = now()")
    async with (
        api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "second.log") as second,
        Client(second.url, first.key) as client,
    ):
        await until(lambda: _has_ended(client, begun["id"]), seconds=300)
        shown = await client.operation(begun["id"])
        rows = b"".join([part async for part in client.operation_rows(begun["id"])])
        peak = peak_of(second.process.pid)

    bad = ROWS // BAD_EACH
    assert left is not None
    assert left["state"] == "running"
    assert 0 < left["imported"] < ROWS - bad
    assert shown["state"] == "completed"
    assert shown["counts"]["imported"] == ROWS - bad
    assert (shown["counts"]["duplicates"], shown["counts"]["rejected"]) == (0, bad)
    told = [line.split(",")[:4] for line in rows.decode().splitlines()[1:]]
    assert told == [
        [str(n + 2), "refused", "number", "no_country"] for n in range(0, ROWS, BAD_EACH)
    ]
    assert await pool.fetchval("SELECT count(*) FROM contacts") == ROWS - bad
    assert peak < MEMORY_MOST


async def _has_ended(client: Client, operation_id: int) -> bool:
    found = await client.operation(operation_id)
    return found["state"] in ("completed", "failed", "cancelled")
