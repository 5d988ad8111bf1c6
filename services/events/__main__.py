"""The process of the events service: `python -m services.events`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.applications import Starlette

from services.events.fold import CallFolder
from services.events.pruner import Pruner, Retention
from services.events.relay import EventRelay
from services.events.webhooks.egress import webhook_session
from services.events.webhooks.sender import WebhookSender
from shared.db.pool import database, ping
from shared.kafka.broker import consume, make_broker, reaches_kafka, started
from shared.kafka.messages.calls import CALL_REPORTS, CallEvent
from shared.runtime.logs import configure_logs
from shared.runtime.process import every, run, running, serve, service_app
from shared.runtime.settings import Settings, read_settings
from shared.runtime.traces import configure_traces

RELAY_SECONDS = 0.05
WEBHOOK_SECONDS = 0.1
PRUNE_SECONDS = 600


def retention_of(settings: Settings) -> Retention:
    return Retention(
        events=timedelta(days=settings.keep_events_days),
        deliveries=timedelta(days=settings.keep_deliveries_days),
        attempts=timedelta(days=settings.keep_attempts_days),
        calls=timedelta(days=settings.keep_calls_days),
        person_calls=timedelta(days=settings.keep_person_calls_days),
        inbox=timedelta(days=settings.keep_inbox_days),
        audit_log=timedelta(days=settings.keep_audit_days),
        operations=timedelta(days=settings.keep_operations_days),
    )


async def main() -> None:
    settings = read_settings()
    configure_logs("events", settings.log_level)
    configure_traces("events")
    broker = make_broker(settings, "events")

    async with database(settings) as pool:
        folder = CallFolder(pool)
        relay = EventRelay(pool, broker)
        pruner = Pruner(pool, retention_of(settings))
        consume(broker, CALL_REPORTS, CallEvent, folder.on_call_reports, group="events")

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            async with (
                webhook_session(allow_private=settings.webhooks_allow_private) as session,
                started(broker),
            ):
                sender = WebhookSender(pool, session)
                async with running(
                    every(RELAY_SECONDS, "relay", relay.run_once),
                    every(WEBHOOK_SECONDS, "webhooks", sender.run_once),
                    every(PRUNE_SECONDS, "make_days", pruner.make_days),
                    every(PRUNE_SECONDS, "make_months", pruner.make_months),
                    every(PRUNE_SECONDS, "prune", pruner.delete_rows),
                    every(PRUNE_SECONDS, "drop_days", pruner.drop_days),
                    every(PRUNE_SECONDS, "drop_months", pruner.drop_months),
                ):
                    yield
                await sender.aclose()
                await relay.aclose()

        checks = {
            "postgres": lambda: ping(pool),
            "kafka": lambda: reaches_kafka(broker),
        }
        await serve(service_app(lifespan, checks), settings, default_port=8003)


if __name__ == "__main__":
    run(main())
