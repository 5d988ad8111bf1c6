"""Declares the topics; `python -m shared.kafka.topics` creates those that are missing."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.kafka.messages.attempts import ATTEMPTS_DUE
from shared.kafka.messages.calls import CALL_REPORTS
from shared.kafka.messages.commands import COMMANDS
from shared.kafka.messages.public import CAMPAIGN_EVENTS, CONTACT_EVENTS
from shared.runtime.settings import setting, variable

PARTITIONS = {
    COMMANDS: 4,
    ATTEMPTS_DUE: 8,
    CALL_REPORTS: 8,
    CAMPAIGN_EVENTS: 4,
    CONTACT_EVENTS: 8,
}
A_WEEK = 7 * 24 * 3600 * 1000
REPLICAS = 3
AWAY = f"Kafka, as {variable('kafka_url')} names it, does not take connections"


def dead_letters(topic: str) -> str:
    """The dead-letter topic: messages of the topic that cannot be read or handled."""
    return f"{topic}.dlq"


def declared(replicas: int) -> list[NewTopic]:
    counts = PARTITIONS | {dead_letters(topic): 1 for topic in PARTITIONS}
    configs = {
        "retention.ms": str(A_WEEK),
        "min.insync.replicas": str(max(1, replicas - 1)),
    }
    return [
        NewTopic(name, partitions, replicas, topic_configs=configs)
        for name, partitions in counts.items()
    ]


async def create_topics(kafka_url: str) -> list[str]:
    """Create the missing topics and return their names; existing topics are not changed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url.split(","))
    try:
        await admin.start()
        brokers = (await admin.describe_cluster())["brokers"]
        topics = declared(min(REPLICAS, len(brokers)))
        answer = await admin.create_topics(topics)
    finally:
        await admin.close()
    made = []
    for name, code, *_ in answer.topic_errors:
        if code == 0:
            made.append(name)
        elif code != TopicAlreadyExistsError.errno:
            raise for_code(code)(name)
    return made


def prepare(kafka_url: str) -> list[str]:
    """Create the missing topics; ends the program with one line if Kafka is away."""
    try:
        return asyncio.run(create_topics(kafka_url))
    except KafkaError:
        raise SystemExit(AWAY) from None


if __name__ == "__main__":
    for topic in prepare(setting("kafka_url")):
        print(topic)  # noqa: T201 - what a command line says
