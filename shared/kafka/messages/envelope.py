"""The CloudEvents 1.0 envelope of every message on Kafka; the modules beside it hold the shapes.

A message class names its topic, its version (`type`) and its shape (`data`). Its method `of` makes
a message from the data and takes the key from them.
"""

from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

TRACEPARENT = "W3C Trace Context, as CloudEvents' extension for distributed tracing"


class Data(BaseModel):
    """The payload. Within a version only optional fields are added; readers ignore unknown ones."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(BaseModel):
    """The envelope. Delivered at least once, ordered per key; readers drop a repeated `id`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(default_factory=uuid7)
    source: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    partitionkey: str
    traceparent: Annotated[str | None, Field(description=TRACEPARENT)] = None

    def traced(self, traceparent: str | None) -> Self:
        """The message as a part of a trace; without one it stays as it is."""
        return self if traceparent is None else self.model_copy(update={"traceparent": traceparent})

    def encoded(self) -> bytes:
        """The bytes that go to Kafka, to webhooks and to the dead-letter topic."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)
