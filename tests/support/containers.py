"""PostgreSQL, Redis and Kafka as containers, for `OUTDIAL_TEST_SERVERS=containers`."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from outdial.stack.ports import free_port

# The images of docker-compose.yml; the environment may name others.
IMAGES = {
    "OUTDIAL_TEST_POSTGRES_IMAGE": "postgres:18",
    "OUTDIAL_TEST_REDIS_IMAGE": "valkey/valkey:8",
    "OUTDIAL_TEST_KAFKA_IMAGE": "apache/kafka:4.3.0",
}
KAFKA_PORT = 9092
# There is one node, so every internal topic has one copy.
KAFKA_SETTINGS = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_LISTENERS": f"PLAINTEXT://:{KAFKA_PORT},CONTROLLER://:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "8",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
}


@contextmanager
def containers() -> Iterator[dict[str, str]]:
    """Start three containers; return their addresses by environment variable."""
    with _postgres() as postgres, _redis() as redis, _kafka() as kafka:
        yield {
            "OUTDIAL_POSTGRES_URL": f"{postgres.get_connection_url()}?sslmode=disable",
            "OUTDIAL_REDIS_URL": f"redis://{_address(redis, redis.port)}/0",
            "OUTDIAL_KAFKA_URL": _address(kafka, KAFKA_PORT),
        }


def _postgres() -> PostgresContainer:
    server = PostgresContainer(
        _image("OUTDIAL_TEST_POSTGRES_IMAGE"),
        username="outdial",
        password=secrets.token_urlsafe(18),
        dbname="outdial",
        driver=None,
    )
    # Without fsync a killed process loses nothing; only a crash of the machine would.
    return server.with_command("postgres -c fsync=off -c max_connections=200 -c timezone=UTC")


def _redis() -> RedisContainer:
    return RedisContainer(_image("OUTDIAL_TEST_REDIS_IMAGE"))


def _kafka() -> DockerContainer:
    """Clients get the address that the broker advertises, so its port is known beforehand.

    KafkaContainer of testcontainers starts scripts that only Confluent's images have.
    """
    server = DockerContainer(
        _image("OUTDIAL_TEST_KAFKA_IMAGE"),
        _wait_strategy=LogMessageWaitStrategy("Kafka Server started"),
    )
    port = free_port()
    advertised = f"PLAINTEXT://{server.get_docker_client().host()}:{port}"
    server.with_bind_ports(KAFKA_PORT, port).with_env("KAFKA_ADVERTISED_LISTENERS", advertised)
    return server.with_envs(**KAFKA_SETTINGS)


def _address(server: DockerContainer, port: int) -> str:
    return f"{server.get_container_host_ip()}:{server.get_exposed_port(port)}"


def _image(variable: str) -> str:
    return os.environ.get(variable) or IMAGES[variable]
