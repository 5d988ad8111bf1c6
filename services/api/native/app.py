"""The native API as a separate application: routes, error table and OpenAPI document."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from typing_extensions import override

from services.api.http.request_limits import RatedRequests
from services.api.native import (
    agents,
    api_keys,
    attempts,
    audit_log,
    blackouts,
    call_flows,
    caller_ids,
    calls,
    campaigns,
    client_tenants,
    contact_edits,
    contact_files,
    contact_times,
    contacts,
    copies,
    destinations,
    erasures,
    number_pools,
    oauth,
    operations,
    patches,
    preflight,
    problems,
    rules,
    single_calls,
    slips,
    sms,
    spend,
    suppressions,
    tenants,
    webhooks,
    why,
)
from services.api.native.auth import IDEMPOTENCY_KEY, SECURITY_SCHEMES


class Native(FastAPI):
    @override
    def openapi(self) -> dict[str, Any]:
        """FastAPI's document, and the schema of problems, which no route returns as a model."""
        if self.openapi_schema is None:
            schema = get_openapi(
                title=self.title, version=self.version, summary=self.summary, routes=self.routes
            )
            shapes = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schema["components"]["securitySchemes"] = SECURITY_SCHEMES
            patches.documented_twice(schema)
            components = schema["components"]["schemas"]
            components |= shapes.pop("$defs")
            components["Problem"] = shapes
            _document_common_errors(schema)
            self.openapi_schema = schema
        return self.openapi_schema


def _document_common_errors(schema: dict[str, Any]) -> None:
    """The answers that operations have because of their key, their body or an Idempotency-Key."""
    for path in schema["paths"].values():
        for operation in path.values():
            if operation["operationId"] != "issue_token":
                operation["responses"]["429"] = problems.documented(429)[429]
            if IDEMPOTENCY_KEY in operation.get("parameters", ()):
                operation["responses"]["409"] = problems.documented(409)[409]
            if "requestBody" in operation:
                operation["responses"]["408"] = problems.documented(408)[408]


def create_native() -> Native:
    app = Native(
        title="Outdial",
        version="1",
        summary="Outbound voice campaigns, called inside the hours of each contact's own zone.",
        # These pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(slips.refuse_unknown_parameters)],
    )
    app.add_middleware(RatedRequests)
    problems.install(app)
    for module in (
        campaigns,
        copies,
        call_flows,
        caller_ids,
        number_pools,
        agents,
        preflight,
        contacts,
        contact_edits,
        contact_files,
        operations,
        erasures,
        contact_times,
        attempts,
        calls,
        single_calls,
        sms,
        suppressions,
        blackouts,
        rules,
        destinations,
        spend,
        webhooks,
        tenants,
        client_tenants,
        api_keys,
        why,
        audit_log,
    ):
        app.include_router(module.router, prefix="/v1")
    app.include_router(oauth.router)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
