"""The Python client that a generator makes of docs/openapi.json works as it is."""

import asyncio
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from shared.db.types import Pool
from tests.support.api import DEFINITION
from tests.support.api_process import NOWHERE, Process, api_process

DOCS = Path(__file__).parents[3] / "docs"
# The second media type of a body, which takes another form of it.
LEFT_OUT = {"none/none", "application/x-ndjson"}
ROWS = b"number\n+12025550123\n+12025550124\nnonsense\n"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """What the generator says, and the package `outdial_client`, which can be imported."""
    folder = tmp_path_factory.mktemp("client")
    package = folder / "outdial_client"
    process = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", DOCS / "openapi.json", "--config", DOCS / "client.yaml"),
            *("--meta", "none", "--output-path", package),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield process.stdout + process.stderr, package


def part(name: str) -> Any:
    return importlib.import_module(f"outdial_client.{name}")


async def test_it_creates_imports_and_starts_a_campaign(
    generated: tuple[str, Path], dsn: str, pool: Pool, tmp_path: Path
) -> None:
    assert generated
    async with api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as api:
        await asyncio.to_thread(launch, api)


def launch(api: Process) -> None:
    """It sends a file only by its functions that wait."""
    models, campaigns, contacts = part("models"), "api.campaigns", "api.contacts"
    definition = models.CampaignDefinition.from_dict(DEFINITION)
    again = {"body": definition, "idempotency_key": "my own word"}

    with part("client").AuthenticatedClient(base_url=api.url, token=api.key) as client:
        created = part(f"{campaigns}.create_campaign").sync(client=client, **again)
        assert part(f"{campaigns}.create_campaign").sync(client=client, **again) == created
        file = part("types").File(payload=BytesIO(ROWS))
        report = part(f"{contacts}.import_contacts").sync(created.id, client=client, body=file)
        page = part(f"{contacts}.list_contacts").sync(created.id, client=client, limit=1)
        started = part(f"{campaigns}.start_campaign").sync(created.id, client=client)
        missing = part(f"{campaigns}.read_campaign").sync(created.id + 1, client=client)

    assert (report.imported, report.rejected, report.errors[0].reason) == (2, 1, "not_a_number")
    assert (page.contacts[0].number, bool(page.next_cursor)) == ("+12025550123", True)
    assert started.wanted_state == models.WantedState.RUNNING
    assert (missing.status, missing.code) == (404, "not_found")


def test_it_has_every_operation(generated: tuple[str, Path]) -> None:
    said, package = generated
    document = json.loads((DOCS / "openapi.json").read_text())
    named = {each["operationId"] for path in document["paths"].values() for each in path.values()}

    made = {file.stem for file in (package / "api").glob("*/*.py")}
    assert made - {"__init__"} == named
    assert set(re.findall("^Unsupported content type (.+)$", said, re.MULTILINE)) == LEFT_OUT
