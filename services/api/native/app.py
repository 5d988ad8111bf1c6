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
    dialect_credentials,
    document,
    erasures,
    number_pools,
    oauth,
    operations,
    preflight,
    problems,
    reference,
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


class Native(FastAPI):
    @override
    def openapi(self) -> dict[str, Any]:
        """FastAPI's document, completed once."""
        if self.openapi_schema is None:
            self.openapi_schema = get_openapi(
                title=self.title,
                version=self.version,
                summary=self.summary,
                routes=self.routes,
                servers=document.SERVERS,
            )
            document.complete(self.openapi_schema)
        return self.openapi_schema


def create_native() -> Native:
    app = Native(
        title="Outdial",
        version="1",
        summary="Outbound voice campaigns, called inside the hours of each contact's own zone.",
        # FastAPI's own pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(slips.refuse_unknown_parameters)],
    )
    app.add_middleware(RatedRequests)
    problems.install(app)
    # In this order a path is looked for, so those that are asked most often come first.
    for module in (
        single_calls,
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
        dialect_credentials,
        why,
        audit_log,
    ):
        app.include_router(module.router, prefix="/v1")
    app.include_router(oauth.router)
    app.router.routes += reference.routes()
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
