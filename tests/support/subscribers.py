"""A subscriber of the public topics, and a receiver of webhooks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiokafka import AIOKafkaConsumer
from standardwebhooks import Webhook

from shared.kafka.messages.public import CAMPAIGN_EVENTS, CONTACT_EVENTS

Event = dict[str, Any]


@dataclass(slots=True)
class Subscriber:
    """Keeps each event once, by its id: delivery is at least once."""

    events: dict[str, Event] = field(default_factory=dict)

    def of_campaign(self, campaign_id: int, kind: str) -> list[Event]:
        return [
            event["data"]
            for event in self.events.values()
            if event["type"] == kind and event["data"]["campaign_id"] == campaign_id
        ]

    def attempts(self, campaign_id: int) -> list[Event]:
        return self.of_campaign(campaign_id, "outdial.attempt.ended.v1")

    def states(self, campaign_id: int) -> list[str]:
        changes = self.of_campaign(campaign_id, "outdial.campaign.changed.v1")
        return [change["state"] for change in changes]

    async def listen(self, consumer: AIOKafkaConsumer) -> None:
        async for record in consumer:
            event = json.loads(record.value)
            self.events.setdefault(event["id"], event)


@asynccontextmanager
async def subscribed(kafka_url: str) -> AsyncIterator[Subscriber]:
    consumer = AIOKafkaConsumer(
        CAMPAIGN_EVENTS,
        CONTACT_EVENTS,
        bootstrap_servers=kafka_url,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    subscriber = Subscriber()
    listening = asyncio.create_task(subscriber.listen(consumer))
    try:
        yield subscriber
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await consumer.stop()


@dataclass(slots=True)
class WebhookInbox:
    """Verifies each post with the reference library; refuses every tenth event at its first try,
    unless it takes all.
    """

    url: str = ""
    secret: str = ""
    taken: dict[str, Event] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    traceparents: dict[str, str | None] = field(default_factory=dict)
    wrong: int = 0
    takes_all: bool = False

    async def on_post(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.text()
        try:
            event = Webhook(self.secret).verify(body, dict(request.headers))
        except Exception:
            self.wrong += 1
            return web.Response(status=400)
        id = request.headers["webhook-id"]  # noqa: A001
        if (
            not self.takes_all
            and id not in self.refused
            and (len(self.taken) + len(self.refused)) % 10 == 0
        ):
            self.refused.add(id)
            return web.Response(status=503)
        self.taken[id] = event
        self.traceparents[id] = request.headers.get("traceparent")
        return web.Response(status=204)


@asynccontextmanager
async def webhook_inbox() -> AsyncIterator[WebhookInbox]:
    inbox = WebhookInbox()
    runner = web.ServerRunner(web.Server(inbox.on_post))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    inbox.url = f"http://127.0.0.1:{site.port}/hook"
    try:
        yield inbox
    finally:
        await runner.cleanup()
