"""The API as a process: `python -m services.api`."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from faststream.kafka import KafkaBroker
from redis.asyncio import Redis

from services.api.app import create_app
from services.api.dialects.served import served
from services.api.http.cursors import Cursors
from services.api.http.fair_pool import FairPool
from services.api.http.request_limits import RequestRates, RequestsAtOnce
from services.api.http.resources import Resources
from services.api.http.slots import FairSlots
from services.api.http.upload import Uploads
from services.api.http.used_keys import WRITE_SECONDS, UsedKeys
from services.api.operation_runner import OperationRunner
from services.api.quotas import Quotas
from shared.db.api import secrets
from shared.db.api.pool import ROLE, ApiPool
from shared.db.pool import database
from shared.domain.capacity.scopes import Caps
from shared.kafka.broker import make_broker, publish
from shared.kafka.messages.envelope import Message
from shared.rulepacks.rulebook import REFRESH_SECONDS, RuleBook
from shared.runtime.logs import configure_logs
from shared.runtime.process import every, run, running, serve
from shared.runtime.retries import patiently
from shared.runtime.settings import Settings, read_settings
from shared.runtime.traces import configure_traces

logger = logging.getLogger(__name__)

PORT = 8000
CONNECTIONS = 16
A_DAY = 86_400.0
# Redis counts requests, and none waits for it longer than that.
REDIS_SECONDS = 0.1
REDIS_CONNECTIONS = 10_000
# Between looks for operations that another api queued or left.
OPERATIONS_SECONDS = 1.0


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Resources]:
    """Waits for the database, but not for Kafka: only commands are published to it."""
    broker = make_broker(settings, "api")
    rulebook = RuleBook.at_start(settings.rulepacks)
    connected = asyncio.Event()

    async def tell(messages: Sequence[Message]) -> None:
        await connected.wait()
        await publish(broker, messages)

    used_keys = UsedKeys()
    redis = Redis.from_url(
        str(settings.redis_url),
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        # A flood of requests must not find that it is not counted.
        max_connections=REDIS_CONNECTIONS,
    )
    async with (
        database(settings, connections=CONNECTIONS, role=ROLE) as pool,
        running(
            _connect(broker, connected),
            every(REFRESH_SECONDS, "rules", rulebook.refresh),
            every(WRITE_SECONDS, "used keys", used_keys.writing(ApiPool(pool))),
        ),
    ):
        async with pool.acquire() as conn:
            key = await secrets.cursor_key(conn)
        resources = Resources(
            pool=FairPool(ApiPool(pool), FairSlots(CONNECTIONS)),
            cursors=Cursors(key),
            publish=tell,
            rulebook=rulebook,
            uploads=Uploads(
                directory=settings.upload_directory, largest_bytes=settings.upload_max_bytes
            ),
            quotas=Quotas(
                running_campaigns=settings.max_running_campaigns,
                calling_groups=settings.max_calling_groups,
                contacts=settings.max_contacts,
                imports=settings.max_imports,
            ),
            rates=RequestRates(redis, settings.requests_per_minute),
            at_once=RequestsAtOnce(settings.requests_at_once),
            used_keys=used_keys,
            installation=Caps(settings.max_concurrent, settings.calls_per_second),
        )
        runner = OperationRunner(resources)
        try:
            async with running(every(OPERATIONS_SECONDS, "operations", runner.step)):
                yield resources
        finally:
            await runner.stop()
            await broker.stop()
            await redis.aclose()


async def _connect(broker: KafkaBroker, connected: asyncio.Event) -> None:
    await patiently("kafka", broker.start, seconds=A_DAY)
    connected.set()


def main() -> None:
    # Threads read uploads and large bodies. With Python's 5 ms, each step of a request may wait so
    # long for them.
    sys.setswitchinterval(0.0002)
    settings = read_settings()
    configure_logs("api", settings.log_level)
    configure_traces("api")
    app = create_app(lambda: opened(settings), dialects=served())
    run(serve(app, settings, default_port=PORT))


if __name__ == "__main__":
    main()
