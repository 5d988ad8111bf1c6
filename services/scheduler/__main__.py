"""The scheduler's process: `python -m services.scheduler`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.applications import Starlette

from services.scheduler.campaign_claim import Claims
from services.scheduler.claimer import Claimer
from services.scheduler.end_teller import EndTeller
from services.scheduler.lifecycle import Lifecycle
from services.scheduler.replanner import Replanner
from services.scheduler.rescuer import Rescuer
from services.scheduler.revision_raiser import RevisionRaiser
from shared.db.pool import database, ping
from shared.domain.capacity.scopes import Caps
from shared.kafka.broker import consume, make_broker, reaches_kafka, started
from shared.kafka.messages.commands import COMMANDS, CampaignCommand
from shared.rulepacks.rulebook import REFRESH_SECONDS, RuleBook
from shared.runtime.logs import configure_logs
from shared.runtime.process import every, now, run, running, serve, service_app
from shared.runtime.settings import read_settings
from shared.runtime.traces import configure_traces

CLAIM_SECONDS = 0.05
# The claimer rescues sooner in running campaigns; this covers all others, and a claimer at fault.
RESCUE_SECONDS = 1.0
SWEEP_SECONDS = 0.5


async def main() -> None:
    settings = read_settings()
    configure_logs("scheduler", settings.log_level)
    configure_traces("scheduler")
    lease = timedelta(seconds=settings.claim_lease_seconds)
    broker = make_broker(settings, "scheduler")

    async with database(settings) as pool:
        rulebook = RuleBook.at_start(settings.rulepacks)
        rescuer = Rescuer(pool, broker, lease)
        claimer = Claimer(
            pool,
            broker,
            Claims(pool, rulebook, lease),
            rescuer,
            Caps(settings.max_concurrent, settings.calls_per_second),
        )
        lifecycle = Lifecycle(pool, rulebook)
        teller = EndTeller(pool)
        replanner = Replanner(pool)
        raiser = RevisionRaiser(pool)

        async def on_commands(commands: list[CampaignCommand]) -> None:
            await lifecycle.on_commands(commands, now=now())

        consume(broker, COMMANDS, CampaignCommand, on_commands, group="scheduler")

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            async with (
                started(broker),
                running(
                    every(CLAIM_SECONDS, "claim", claimer.run_once),
                    every(RESCUE_SECONDS, "rescue", rescuer.run_once),
                    every(SWEEP_SECONDS, "sweep", lifecycle.run_once),
                    every(SWEEP_SECONDS, "expire", lifecycle.expire),
                    every(SWEEP_SECONDS, "clear", lifecycle.clear),
                    every(SWEEP_SECONDS, "tell", teller.run_once),
                    every(SWEEP_SECONDS, "replan", replanner.run_once),
                    every(SWEEP_SECONDS, "raise", raiser.run_once),
                    every(REFRESH_SECONDS, "rules", rulebook.refresh),
                ),
            ):
                yield

        checks = {
            "postgres": lambda: ping(pool),
            "kafka": lambda: reaches_kafka(broker),
        }
        await serve(service_app(lifespan, checks), settings, default_port=8001)


if __name__ == "__main__":
    run(main())
