"""A local Apache Kafka: one node that is broker and controller, without ZooKeeper."""

import base64
import os
import re
import shutil
import signal
import sys
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from outdial.stack import kafka_jars
from outdial.stack.errors import ServerMissingError, StackError
from outdial.stack.java import find_java
from outdial.stack.ports import free_port
from outdial.stack.processes import Launch, run
from outdial.stack.server import LocalServer

LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)

# One node, so each internal topic has one copy. The session is short because a killed broker comes
# back only after its old session has ended.
SINGLE_NODE = """\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
auto.create.topics.enable=false
"""


class KafkaServer(LocalServer):
    name: ClassVar[str] = "kafka"
    ready: ClassVar[str] = "Kafka Server started"
    again: ClassVar[re.Pattern[str]] = re.compile("Address already in use")

    @property
    @override
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @override
    async def prepare(self) -> None:
        find_java()
        if not kafka_jars.cached_jars():
            await self._fetch_jars()
        if not self.data.exists():
            await self._format()

    @override
    def launch(self) -> Launch:
        return self._java("kafka.Kafka", str(self._configure(self.data)))

    def _java(self, *arguments: str) -> Launch:
        jars = os.pathsep.join(kafka_jars.cached_jars())
        return Launch(
            command=[
                str(find_java()),
                *("-Xmx384m", "-XX:+UseSerialGC", *LOGGING, "-cp", jars, *arguments),
            ],
            log=self.log,
            # In an ASCII locale, Java cannot open files whose path has other letters.
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            cwd=self.directory,
            tie=self._tie(),
        )

    async def _fetch_jars(self) -> None:
        if find_spec("jgo") is None:
            raise ServerMissingError(
                "Kafka", "install `outdial[local]`, which can fetch its jars.", "OUTDIAL_KAFKA_URL"
            )
        fetch = Launch(
            command=[sys.executable, "-m", kafka_jars.__name__], log=self.log, tie=signal.SIGTERM
        )
        try:
            await run("fetching Kafka's jars", fetch)
        except StackError as error:
            raise ServerMissingError(
                "Kafka",
                "its jars could not be fetched from a Maven repository "
                f"({str(error).splitlines()[-1]}).",
                "OUTDIAL_KAFKA_URL",
            ) from error

    async def _format(self) -> None:
        """Format it under another name and rename it, so that it is complete once it exists."""
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.port = free_port()
        configuration = str(self._configure(unfinished))
        self.port = 0
        # One argument, because an identifier may begin with a dash.
        cluster = f"--cluster-id={cluster_id(uuid.uuid4())}"
        storage = ("kafka.tools.StorageTool", "format", cluster, "--config", configuration)
        await run("formatting Kafka's data directory", self._java(*storage))
        unfinished.rename(self.data)

    def _configure(self, data: Path) -> Path:
        """Name `data` relative to the working directory: a comma or ü in a path breaks it."""
        controller = f"127.0.0.1:{free_port()}"
        path = self.directory / "server.properties"
        path.write_text(
            f"{SINGLE_NODE}"
            f"controller.quorum.voters=1@{controller}\n"
            f"listeners=PLAINTEXT://{self.url},CONTROLLER://{controller}\n"
            f"advertised.listeners=PLAINTEXT://{self.url}\n"
            f"log.dirs={data.name}\n"
        )
        return path


def cluster_id(identifier: uuid.UUID) -> str:
    """Kafka's spelling of a UUID: base64url without padding."""
    return base64.urlsafe_b64encode(identifier.bytes).decode().rstrip("=")
