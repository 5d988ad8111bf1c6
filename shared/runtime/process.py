"""The life of a service: HTTP server, periodic steps, health checks, clean stop."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import uvicorn
import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from typing_extensions import override

from shared.domain.calendar.holidays import holidays_version
from shared.domain.calendar.zones import tzdata_version
from shared.runtime.metrics import STEPS_FAILED
from shared.runtime.retries import TRANSIENT
from shared.runtime.settings import Settings

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[object]]

# New objects between two searches for garbage cycles. With Python's default of 700, the tens of
# thousands of objects of a batch are searched again and again; `make bench` shows the CPU time.
GARBAGE_THRESHOLD = 100_000

# The addresses that machines ask every few seconds.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Server(uvicorn.Server):
    """Returns from `serve` after SIGTERM instead of raising it again, so that all is closed."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def serve(app: Starlette, settings: Settings, *, default_port: int) -> None:
    """Serve until SIGTERM or SIGINT; start-up and shut-down are the application's lifespan.

    The lifespan is entered here, because uvicorn would log a start that fails with its trace.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=default_port if settings.port is None else settings.port,
        lifespan="off",
        # Without a proxy of the settings nobody can name another client than the one that connects.
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    server = Server(config)
    with server.capture_signals():
        async with app.router.lifespan_context(app):
            # A port that is taken is logged, and ends the service like a signal.
            with contextlib.suppress(SystemExit):
                await server.serve()
    if not server.started:
        raise SystemExit(1)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a service on uvloop, whose sockets cost less than asyncio's own."""
    # Imported objects live as long as the process; the collector need not visit them.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    uvloop.run(main)


def now() -> datetime:
    """The wall clock; a service reads it only here."""
    return datetime.now(UTC)


async def every(seconds: float, name: str, step: Callable[[datetime], Awaitable[bool]]) -> None:
    """Run `step` for ever: at once again while it returns that there is more, else after a pause.

    A step that raises is logged, counted and repeated; the pause grows to a second.
    """
    failures = 0
    while True:
        more = False
        try:
            more = await step(now())
            failures = 0
        except TRANSIENT as error:
            failures += 1
            STEPS_FAILED.labels(name).inc()
            logger.warning("step failed", extra={"step": name, "error": type(error).__name__})
        except Exception:  # the loop of a process: a bad step must not stop the next
            failures += 1
            STEPS_FAILED.labels(name).inc()
            logger.exception("step failed", extra={"step": name})
        if not more:
            await asyncio.sleep(
                max(seconds, min(1.0, 0.05 * (1 << min(failures, 5)) if failures else 0))
            )


@contextlib.asynccontextmanager
async def running(*loops: Awaitable[None]) -> AsyncIterator[None]:
    """Run the loops in the background; cancel them and wait at the end."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def health_routes(checks: Mapping[str, Check]) -> list[BaseRoute]:
    """`/healthz` checks nothing; `/readyz` checks the servers that the service needs."""

    async def healthz(_request: Request) -> Response:
        return _json({"status": "ok"}, 200)

    async def readyz(_request: Request) -> Response:
        results = await asyncio.gather(*(_passes(check) for check in checks.values()))
        body: dict[str, object] = dict(zip(checks, results, strict=True))
        body["tzdata_version"] = tzdata_version()
        body["holidays"] = holidays_version()
        return _json(body, 200 if all(results) else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def service_app(
    lifespan: Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]],
    checks: Mapping[str, Check],
    routes: list[BaseRoute] | None = None,
) -> Starlette:
    """The HTTP application of a service that is driven by Kafka: health, metrics and `routes`."""
    return Starlette(routes=[*health_routes(checks), *(routes or [])], lifespan=lifespan)


async def _passes(check: Check) -> bool:
    try:
        await asyncio.wait_for(check(), timeout=2)
    except TRANSIENT:
        return False
    return True


def _json(body: object, status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
