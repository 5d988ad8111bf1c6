"""The HTTP application: routes, error table, health, metrics and the OpenAPI document."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.api import problems
from services.api.http.body_limit import LimitedBodies
from services.api.http.request_metrics import MeasuredRequests
from services.api.http.resources import Opened, Resources
from services.api.native import (
    attempts,
    blackouts,
    callbacks,
    campaigns,
    contacts,
    preflight,
    rules,
    suppressions,
    webhooks,
    why,
)
from shared.runtime.process import health_routes


def create_app(opened: Opened) -> FastAPI:
    """`opened` gives the resources for as long as the application lives."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened() as resources:
            app.state.resources = resources
            yield

    app = FastAPI(
        title="Outdial",
        version="1",
        summary="Outbound voice campaigns, called inside the hours of each contact's own zone.",
        lifespan=lifespan,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.add_middleware(LimitedBodies)
    app.add_middleware(MeasuredRequests)
    problems.install(app)
    for module in (
        campaigns,
        preflight,
        contacts,
        callbacks,
        attempts,
        suppressions,
        blackouts,
        rules,
        webhooks,
        why,
    ):
        app.include_router(module.router, prefix="/v1")
    app.router.routes.extend(health_routes({"postgres": lambda: _reaches_database(app)}))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _reaches_database(app: FastAPI) -> None:
    resources: Resources = app.state.resources
    await resources.pool.fetchval("SELECT 1")


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        shapes = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components = schema["components"]["schemas"]
        components |= shapes.pop("$defs")
        components["Problem"] = shapes
        app.openapi_schema = schema
    return app.openapi_schema
