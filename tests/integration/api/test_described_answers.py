"""Requests made of the OpenAPI document, alone and in chains, get the answers it describes."""

import asyncio
import os
import sys
from pathlib import Path

import httpx2
import pytest

from shared.db.types import Pool
from tests.support.api import Api
from tests.support.api_process import NOWHERE, api_process
from tests.support.every_write import AGENT, CALLER_ID, OWN_FLOW
from tests.support.likely_requests import MADE

ROOT = Path(__file__).parents[3]
HOOKS = {"SCHEMATHESIS_HOOKS": "tests.support.likely_requests", "PYTHONPATH": str(ROOT)}
# So many requests for each operation, and as many chains of requests.
CASES = int(os.environ.get("OUTDIAL_TEST_CASES", "1"))
# The requests at all bounds of all fields are thousands. A run of few is the same each time.
PHASES = "examples,coverage,fuzzing,stateful" if CASES > 1 else "examples,fuzzing,stateful"
CHANCE = ("--generation-database", "none") if CASES > 1 else ("--generation-deterministic",)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
)


@pytest.mark.timeout(900 + 60 * CASES)
async def test_every_answer_is_as_the_document_says(dsn: str, pool: Pool, tmp_path: Path) -> None:
    async with (
        api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as process,
        httpx2.AsyncClient(base_url=process.url) as http,
    ):
        api = Api(http=http, pool=pool, tenant_id=1, key=process.key)
        await make_some(api)
        # The last key, which no request revokes.
        body = {"name": "the last one", "scopes": ["read", "write", "admin"]}
        api.key = (await api.post("/v1/api-keys", body, status=201))["api_key"]

        code, said = await ask(process.url, api.key, tmp_path)

        assert code == 0, said
        assert (await api.get("/v1/tenant"))["id"] == 1


async def make_some(api: Api) -> None:
    """Some resources of each kind, with the ids from 1 on."""
    await api.pool.execute("UPDATE tenants SET is_partner = true")
    for n in range(MADE):
        number = f"{CALLER_ID[:-2]}{n:02}"
        path = f"/v1/campaigns/{await api.campaign(name=f'Campaign {n}')}/contacts"
        await api.post(path, [{"number": f"+120255501{n:02}"}], status=200)
        file = {
            "content": b"number\n",
            "headers": {"Content-Type": "text/csv", "Prefer": "respond-async"},
        }
        assert (await api.ask("POST", f"{path}/import", **file)).status_code == 202
        for kind, body in (
            ("call-flows", OWN_FLOW | {"name": f"flow {n}"}),
            ("caller-ids", {"number": number}),
            ("number-pools", {"name": f"pool {n}", "numbers": [number]}),
            ("agents", AGENT | {"name": f"agent {n}"}),
            ("sms-senders", {"sender": number, "trunk": "default"}),
            ("blackouts", {"reason": "storm"}),
            ("tenants", {"name": f"client {n}"}),
            ("api-keys", {"name": f"key {n}", "scopes": ["read"]}),
        ):
            await api.post(f"/v1/{kind}", body, status=201)


async def ask(url: str, key: str, folder: Path) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(ROOT / "docs" / "openapi.json")),
        *("--url", url, "--header", f"Authorization: Bearer {key}"),
        *("--checks", ",".join(CHECKS), "--phases", PHASES),
        *("--max-examples", str(CASES), *CHANCE, "--continue-on-failure", "--no-color"),
        cwd=folder,
        env=os.environ | HOOKS,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()[-20_000:]
