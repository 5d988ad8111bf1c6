"""The dialer's process: `python -m services.dialer`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.applications import Starlette

from services.dialer.candidates import CandidateReader
from services.dialer.handlers import AttemptDialer
from services.dialer.originator import Originator
from services.dialer.permits.permits import EPOCH, Permits
from services.dialer.permits.slow_originates import SlowOriginates
from services.dialer.provider_events import EventsAddress, provider_events_routes
from services.dialer.providers.trunks import Trunks
from services.dialer.reconciler import Reconciler
from services.dialer.reporter import CallReporter
from services.dialer.sms.sender import SmsSender
from services.dialer.trunk_health import TrunkHealth
from shared.db.pool import database, ping
from shared.domain.capacity.scopes import Caps
from shared.kafka.broker import consume, make_broker, reaches_kafka, started, stop_consuming
from shared.kafka.messages.attempts import ATTEMPTS_DUE, AttemptDue
from shared.rulepacks.rulebook import REFRESH_SECONDS, RuleBook
from shared.runtime.logs import configure_logs
from shared.runtime.process import every, run, running, serve, service_app
from shared.runtime.settings import EXAMPLES, Settings, read_settings
from shared.runtime.traces import configure_traces

DEFAULT_PORT = 8002
# Each look reads all live attempts of all tenants.
RECONCILE_TICK_SECONDS = 1.0
LEASE_SWEEP_SECONDS = 2.0
SLOW_ORIGINATES_SECONDS = 0.25
TRUNK_HEALTH_SECONDS = 2.0
SMS_SECONDS = 0.5


async def main() -> None:
    settings = read_settings()
    configure_logs("dialer", settings.log_level)
    configure_traces("dialer")
    broker = make_broker(settings, "dialer")
    redis = Redis.from_url(
        str(settings.redis_url), decode_responses=True, socket_timeout=2, socket_connect_timeout=2
    )
    interval = timedelta(seconds=settings.reconcile_seconds)
    longest = timedelta(seconds=settings.max_call_seconds)
    events = EventsAddress(settings.events_url or _own_url(settings), _events_secret(settings))

    async with database(settings) as pool:
        permits = Permits(redis, pool, settings.max_call_seconds)
        reporter = CallReporter(pool, broker, permits)
        trunks = Trunks(pool, reporter.on_report)
        slow = SlowOriginates(permits)
        health = TrunkHealth(pool)
        originator = Originator(reporter, slow, events, health)
        rulebook = RuleBook.at_start(settings.rulepacks)
        dialer = AttemptDialer(
            pool,
            CandidateReader(pool, rulebook),
            permits,
            trunks,
            originator,
            reporter,
            health,
            installation=Caps(settings.max_concurrent, settings.calls_per_second),
            reconcile=interval,
        )
        reconciler = Reconciler(pool, trunks, reporter, interval, longest)
        sms = SmsSender(pool, rulebook, trunks, events)
        consume(broker, ATTEMPTS_DUE, AttemptDue, dialer.on_attempts_due, group="dialer")

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            loops = (
                every(RECONCILE_TICK_SECONDS, "reconcile", reconciler.run_once),
                every(SLOW_ORIGINATES_SECONDS, "slow originates", slow.run_once),
                every(LEASE_SWEEP_SECONDS, "leases", permits.sweep),
                every(REFRESH_SECONDS, "rules", rulebook.refresh),
                every(TRUNK_HEALTH_SECONDS, "trunk health", health.run_once),
                every(SMS_SECONDS, "sms", sms.run_once),
            )
            async with started(broker), running(*loops):
                yield
                await stop_consuming(broker)
                await originator.drain()
            await sms.aclose()
            await trunks.close()
            await redis.aclose()

        checks = {
            "postgres": lambda: ping(pool),
            "redis": lambda: redis.get(EPOCH),
            "kafka": lambda: reaches_kafka(broker),
        }
        app = service_app(lifespan, checks, provider_events_routes(events, trunks))
        await serve(app, settings, default_port=DEFAULT_PORT)


def _own_url(settings: Settings) -> str:
    if settings.port == 0 or settings.host in {"0.0.0.0", "::"}:  # noqa: S104 - compared
        raise SystemExit(
            "OUTDIAL_EVENTS_URL is not set: the address at which carriers reach the dialers, "
            f"for example {EXAMPLES['events_url']}"
        )
    return f"http://{settings.host}:{settings.port or DEFAULT_PORT}"


def _events_secret(settings: Settings) -> SecretStr:
    """The secret is the same for all dialers, so that any of them serves the calls of any other."""
    if settings.events_secret is None:
        raise SystemExit(
            "OUTDIAL_EVENTS_SECRET is not set: 16 or more letters, digits, - and _, the same for "
            "all dialers; `openssl rand -hex 16` makes one"
        )
    return settings.events_secret


if __name__ == "__main__":
    run(main())
