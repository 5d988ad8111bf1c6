"""The AsyncAPI document of the topics, for subscribers: `python -m shared.kafka.asyncapi`."""

import json
import sys
from typing import Any, get_args

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from shared.kafka.messages.attempts import AttemptDue
from shared.kafka.messages.calls import (
    AttemptDropped,
    CallEnded,
    CallProgressed,
    CallUnknown,
)
from shared.kafka.messages.commands import CampaignCommand
from shared.kafka.messages.public import (
    AttemptEnded,
    CampaignChanged,
    ContactFinished,
    SmsEnded,
    WebhookTested,
)

PUBLIC = "Public: at least once, ordered per key; drop a message whose id you have seen."
INTERNAL = "Between the services: may change with any version."
TOPICS: tuple[tuple[type[Any] | Any, str], ...] = (
    (CampaignChanged | WebhookTested, PUBLIC),
    (AttemptEnded | ContactFinished | SmsEnded, PUBLIC),
    (CampaignCommand, INTERNAL),
    (AttemptDue, INTERNAL),
    (CallEnded | CallProgressed | CallUnknown | AttemptDropped, INTERNAL),
)


def document() -> str:
    """AsyncAPI 3.0 as JSON."""
    broker = KafkaBroker("localhost:9092", description="Kafka, as OUTDIAL_KAFKA_URL names it")
    for shape, description in TOPICS:
        topic = get_args(shape)[0].topic if get_args(shape) else shape.topic
        broker.publisher(topic, schema=shape, description=description, title=topic)
    specification = AsyncAPI(
        broker, title="Outdial", version="1", schema_version="3.0.0", description="CloudEvents 1.0."
    )
    made = json.loads(specification.to_specification().to_json())
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
