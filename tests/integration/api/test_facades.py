"""A façade beside the native API: own authentication and error shape, the same use cases."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import httpx2
import pytest_asyncio
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.api import campaigns
from services.api.http.auth import Caller, identify
from services.api.http.resources import In, Now
from services.api.refusals import FieldPath, Refused
from shared.db import trunks
from shared.db.types import Pool
from shared.definitions.campaign import CampaignDefinition
from shared.domain.access import Denial
from shared.kafka.messages.envelope import Message
from tests.support.api import ALWAYS, Api, a_tenant, serving

# The field names of this façade, by the paths of the definition.
FIELDS: dict[FieldPath, str] = {("trunk",): "gateway", ("calendar", "end_date"): "lastDay"}


async def _caller(resources: In, api_key: str = "") -> Caller:
    caller = await identify(resources, api_key)
    if isinstance(caller, Denial):
        raise HTTPException(403)
    return caller


def a_facade() -> FastAPI:
    app = FastAPI()

    @app.post("/dialerJobs")
    async def create_job(
        job: dict[str, Any], resources: In, caller: Annotated[Caller, Depends(_caller)], now: Now
    ) -> dict[str, str]:
        definition = CampaignDefinition.model_validate(
            {
                "name": job["title"],
                "trunk": job.get("gateway", "default"),
                "calendar": {"windows": [ALWAYS], "end_date": job.get("lastDay")},
            }
        )
        created = await campaigns.create(resources, caller, definition, now=now)
        return {"jobId": f"J{created.campaign.id}"}

    @app.exception_handler(Refused)
    async def refuse(_request: Request, refused: Refused) -> JSONResponse:
        fault = {"errorCode": refused.code, "parameter": FIELDS.get(refused.field or ())}
        return JSONResponse({"success": False} | fault, 400)

    return app


@pytest_asyncio.fixture(loop_scope="session")
async def api(pool: Pool) -> AsyncIterator[Api]:
    async def publish(_messages: Sequence[Message]) -> None:
        return

    async with pool.acquire() as conn:
        await trunks.upsert(
            conn, name="default", provider="simulated", settings={"url": "http://127.0.0.1:9"}
        )
    tenant_id, key = await a_tenant(pool, "tenant")
    async with serving(pool, publish, dialects={"/other": a_facade()}) as http:
        yield Api(http=http, pool=pool, tenant_id=tenant_id, key=key)


async def ask(api: Api, job: dict[str, Any], key: str | None = None) -> httpx2.Response:
    return await api.http.post(
        "/other/dialerJobs", params={"api_key": key or api.key}, json={"title": "Reminders"} | job
    )


async def test_it_creates_a_campaign_that_the_native_api_shows(api: Api) -> None:
    created = await ask(api, {})

    assert created.status_code == 200, created.text
    shown = await api.get(f"/v1/campaigns/{created.json()['jobId'].removeprefix('J')}")
    assert shown["name"] == "Reminders"


async def test_a_refusal_has_its_shape_and_its_field_names(api: Api) -> None:
    unknown = await ask(api, {"gateway": "none"})
    past = await ask(api, {"lastDay": "2020-01-01"})

    assert (unknown.status_code, past.status_code) == (400, 400)
    assert unknown.json() == {
        "success": False,
        "errorCode": "unknown_trunk",
        "parameter": "gateway",
    }
    assert past.json() == {"success": False, "errorCode": "in_the_past", "parameter": "lastDay"}


async def test_the_native_api_answers_the_same_refusal_as_a_problem(api: Api) -> None:
    body = {"name": "Reminders", "calendar": {"windows": [ALWAYS]}, "trunk": "none"}

    problem = await api.post("/v1/campaigns", body, status=422)

    (error,) = problem["errors"]
    assert (error["pointer"], error["reason"]) == ("/trunk", "unknown_trunk")


async def test_a_key_counts_where_its_facade_looks_for_it(api: Api) -> None:
    in_header = await api.http.post(
        "/other/dialerJobs", json={}, headers={"Authorization": f"Bearer {api.key}"}
    )
    in_query = await api.http.get("/v1/campaigns", params={"api_key": api.key})

    assert in_header.status_code == 403
    assert in_header.json() == {"detail": "Forbidden"}
    assert (in_query.status_code, in_query.json()["code"]) == (401, "unauthenticated")
