"""The HTTP application: it composes the façades, health and metrics, and opens the resources."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from services.api.http.request_ids import NamedRequests
from services.api.http.request_metrics import MeasuredRequests
from services.api.http.resources import Opened, Resources
from services.api.http.traced_requests import TracedRequests
from services.api.http.unread_bodies import UnreadBodies
from services.api.native.app import create_native
from shared.runtime.process import health_routes

# A transaction that sees nothing.
NO_TENANT = 0


def create_app(opened: Opened, *, dialects: Mapping[str, Starlette] | None = None) -> Starlette:
    """`opened` gives the resources for as long as the application lives.

    `dialects` are more façades, each by the path that it serves. A façade is an application of
    its own, so that its authentication and its errors reach no other façade.
    """
    native = create_native()
    facades = dialects or {}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opened() as resources:
            for part in (app, native, *facades.values()):
                part.state.resources = resources
            yield

    app = Starlette(
        routes=[
            *health_routes({"postgres": lambda: _reach_database(app)}),
            *(Mount(path, facade) for path, facade in facades.items()),
        ],
        middleware=[
            Middleware(UnreadBodies),
            Middleware(NamedRequests),
            Middleware(TracedRequests),
            Middleware(MeasuredRequests),
        ],
        lifespan=lifespan,
    )
    # It answers every other path, also one with a line break, which no path of a mount fits.
    app.router.default = native
    return app


async def _reach_database(app: Starlette) -> None:
    resources: Resources = app.state.resources
    async with resources.pool.transaction(NO_TENANT, keep=False):
        pass
