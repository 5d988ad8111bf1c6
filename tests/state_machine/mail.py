"""The published messages; the machine delivers each once, twice, late, out of order or never."""

from typing import Any, TypeVar, cast

from faststream.kafka import KafkaBroker, KafkaResponse
from pydantic import TypeAdapter

from shared.kafka.messages.attempts import ATTEMPTS_DUE, AttemptDue
from shared.kafka.messages.calls import CALL_REPORTS, CallEvent

T = TypeVar("T")

EVENTS: TypeAdapter[CallEvent] = TypeAdapter(CallEvent)


class Mail:
    """Stands in for Kafka, so that the machine decides which message arrives when."""

    def __init__(self) -> None:
        self.due: list[AttemptDue] = []
        self.events: list[CallEvent] = []
        # Whether the process dies when it publishes, so that its messages are lost.
        self.is_lost = False

    @property
    def broker(self) -> KafkaBroker:
        return cast(KafkaBroker, self)

    def clear(self) -> None:
        self.due, self.events, self.is_lost = [], [], False

    async def publish_batch(self, *messages: KafkaResponse, topic: str, **_: Any) -> None:
        for message in messages:
            if not self.is_lost:
                self._keep(topic, message.body)
        # A stable order, so that a drawn index means the same message when an example is repeated.
        self.due.sort(key=lambda message: (message.data.campaign_id, message.data.contact_id))
        self.events.sort(key=lambda message: message.data.attempt_id)

    def take_due(self, only: int | None) -> list[AttemptDue]:
        """Take all messages, or only the one at this index; the others stay for later."""
        taken = self.due if only is None else _one(self.due, only)
        self.due = [message for message in self.due if message not in taken]
        return taken

    def take_events(self, only: int | None) -> list[CallEvent]:
        taken = self.events if only is None else _one(self.events, only)
        self.events = [message for message in self.events if message not in taken]
        return taken

    def _keep(self, topic: str, body: bytes) -> None:
        if topic == ATTEMPTS_DUE:
            self.due.append(AttemptDue.model_validate_json(body))
        elif topic == CALL_REPORTS:
            self.events.append(EVENTS.validate_json(body))
        else:
            raise AssertionError(f"nobody publishes on {topic}")


def _one(items: list[T], place: int) -> list[T]:
    return [items[place % len(items)]] if items else []
