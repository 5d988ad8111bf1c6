"""The whole product as processes, its owner, and the checks after a run."""

import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from outdial import carrier_log
from outdial.stack.local_stack import LocalStack
from outdial.tenants import insert
from shared.kafka.topics import PARTITIONS, dead_letters
from tests.oracle.checker import check
from tests.oracle.facts import Fault
from tests.support.owner import Owner
from tests.support.waiting import until

GIVEN = ("OUTDIAL_POSTGRES_URL", "OUTDIAL_REDIS_URL", "OUTDIAL_KAFKA_URL")
# Short intervals, so that attempts of a killed process are rescued soon.
FAST = {"OUTDIAL_CLAIM_LEASE_SECONDS": "2", "OUTDIAL_RECONCILE_SECONDS": "2"}
# Calls last a few tenths of a second.
TIME_SCALE = 0.01
FAULTY: dict[str, Any] = {
    "faults": {
        "lose_reply": 0.01,
        "duplicate_event": 0.03,
        "late_event": 0.03,
        "out_of_order": 0.03,
        "lost_events": 0.01,
        "refuse": 0.02,
    }
}


@dataclass(slots=True, kw_only=True)
class RunningStack:
    local: LocalStack
    owner: Owner
    tenant_id: int
    faults: list[Fault] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.local.carrier_log

    @property
    def postgres(self) -> str:
        return self.local.servers.postgres.url

    def note(self, what: str) -> None:
        """Note that something is killed now, which may explain an unknown attempt."""
        self.faults.append(Fault(at=time.time(), what=what))

    async def carrier_stats(self) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.local.carrier.url}/stats") as response,
        ):
            stats: dict[str, Any] = await response.json()
            return stats

    async def ask(self, question: str, *arguments: object) -> Any:
        """Query one value from the database."""
        conn = await asyncpg.connect(self.postgres)
        try:
            return await conn.fetchval(question, *arguments)
        finally:
            await conn.close()

    async def until_quiet(self, *, seconds: float = 60) -> None:
        """Wait until no attempt is live, and all ends, events and webhooks are told."""

        async def is_quiet() -> bool:
            return not await self.ask(
                """
                SELECT EXISTS (
                    SELECT FROM attempts WHERE ended_at IS NULL
                ) OR EXISTS (
                    SELECT FROM event_heads LEFT JOIN event_relays USING (tenant_id)
                    WHERE last > coalesce(relayed, 0)
                )
                  OR EXISTS (SELECT FROM webhook_deliveries WHERE state = 'pending')
                  OR EXISTS (SELECT FROM untold_ends)
                  OR EXISTS (SELECT FROM campaigns WHERE state = 'cancelled' AND cleared_at IS NULL)
                """
            )

        await until(is_quiet, seconds=seconds, every=0.1)

    async def until_messages_end(self, *, seconds: float = 30) -> None:
        """Wait until no text message is under way."""

        async def ended() -> bool:
            return bool(
                await self.ask("SELECT bool_and(ended_at IS NOT NULL) FROM sms_messages")
                is not False
            )

        await until(ended, seconds=seconds, every=0.1)

    def messages_sent(self) -> list[tuple[str, str]]:
        """The text messages of the carrier's log: the number and the text of each."""
        lines = map(json.loads, self.log.read_bytes().splitlines())
        return sorted((line["to"], line["text"]) for line in lines if line["kind"] == "message")

    async def judge(self) -> None:
        """Check that no invariant is violated, no dead letter exists and every service runs."""
        conn = await asyncpg.connect(self.postgres)
        try:
            violations = await check(conn, self.log, faults=self.faults)
        finally:
            await conn.close()
        shown = [str(violation) for violation in violations[:20]]
        assert not violations, f"{len(violations)} violations: {shown}"
        assert await dead_letter_counts(self.local.servers.kafka.url) == {}
        assert [service.name for service in self.local.services if not service.is_running] == []

    async def check_counts(self) -> None:
        """Check that the sum of all campaigns' counters equals the carrier's log."""
        counted: Counter[str] = Counter()
        for campaign in await self.ask("SELECT array_agg(id) FROM campaigns"):
            counted.update((await self.owner.counters(campaign)).outcomes)
        seen = carrier_log.count(self.log)
        assert counted == Counter(seen.outcomes)
        assert counted.total() == seen.accepted
        assert seen.duplicates == 0

    async def check_records(self) -> None:
        """Check that there is one record per call, with the facts of the carrier's log.

        The stages of a call flow are told while the call lasts, and are not in the line of its end.
        """
        rows = json.loads(
            await self.ask(
                "SELECT json_agg(json_build_array("
                "tenant_id || '.' || attempt_id, outcome, facts - 'stages')) FROM call_records"
            )
        )
        lines = map(json.loads, self.log.read_bytes().splitlines())
        ended = [line for line in lines if line["kind"] == "ended"]
        assert {reference: (outcome, facts) for reference, outcome, facts in rows} == {
            line["reference"]: (line["outcome"], line["facts"]) for line in ended
        }
        assert len(rows) == len(ended)


@asynccontextmanager
async def running_stack(
    directory: Path,
    *,
    scale: Mapping[str, int] | None = None,
    behaviour: Mapping[str, Any] = FAULTY,
    carrier_options: Sequence[str] = (),
    time_scale: float = TIME_SCALE,
    environment: Mapping[str, str] = FAST,
) -> AsyncIterator[RunningStack]:
    """A stack with servers of its own, because tests kill them."""
    directory.mkdir(parents=True, exist_ok=True)
    behaves = directory / "behaviour.json"
    behaves.write_text(json.dumps(behaviour))
    with pytest.MonkeyPatch.context() as patch:
        for name in GIVEN:
            patch.delenv(name, raising=False)
        local = LocalStack(
            directory,
            scale=scale,
            fsync=False,
            carrier_options=(
                *("--time-scale", str(time_scale), "--behaviour", str(behaves)),
                *carrier_options,
            ),
            environment=environment,
        )
        await local.start()
        try:
            tenant = await insert("owner", local.servers.postgres.url)
            async with Owner(local.api_url, tenant.key) as owner:
                yield RunningStack(local=local, owner=owner, tenant_id=tenant.id)
            await local.stop()
            codes = {
                service.name: service.child.exit_code for service in local.services if service.child
            }
            assert set(codes.values()) == {0}, codes
            assert not_json(service.child.log for service in local.services if service.child) == []
        finally:
            await local.stop(kill=True)


async def dead_letter_counts(kafka_url: str) -> dict[str, int]:
    """The number of messages on each dead-letter topic that is not empty."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_url)
    await consumer.start()
    try:
        topics = [TopicPartition(dead_letters(topic), 0) for topic in PARTITIONS]
        ends = await consumer.end_offsets(topics)
    finally:
        await consumer.stop()
    return {partition.topic: end for partition, end in ends.items() if end}


def not_json(logs: Iterable[Path]) -> list[str]:
    """The lines that are not JSON."""
    lines = (line for log in logs for line in log.read_text().splitlines())
    return [line for line in lines if not line.startswith("{")]


def print_figures(figures: str) -> None:
    """Print the figures of a run; pytest shows them with `-s` or `-rP`."""
    sys.stdout.write(f"\n{figures}\n")
