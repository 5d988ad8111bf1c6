"""Every stored message can be read, and is written back to the same bytes."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.kafka.asyncapi import document
from shared.kafka.broker import partition_of
from shared.kafka.messages.attempts import ATTEMPTS_DUE, AttemptDue
from shared.kafka.messages.calls import CALL_REPORTS, CallEvent
from shared.kafka.messages.envelope import Message
from shared.kafka.topics import PARTITIONS, dead_letters, declared

STORED = sorted((Path(__file__).parents[2] / "messages").glob("*.json"))
SHAPES: dict[str, type[Message]] = {
    shape.model_fields["type"].default: shape for shape in Message.__subclasses__()
}


def type_of(file: Path) -> str:
    """Of `TYPE.json`, or of `TYPE+WORD.json` for a message that has more than the first one."""
    return file.stem.partition("+")[0]


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
def test_a_stored_message_is_read_and_written_back_byte_for_byte(file: Path) -> None:
    stored = file.read_bytes().strip()
    shape = SHAPES[json.loads(stored)["type"]]

    assert shape.model_validate_json(stored).encoded() == stored


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
def test_a_stored_message_is_a_cloud_event(file: Path) -> None:
    event = JSONFormat().read(CloudEvent, file.read_bytes())

    assert event.get_type() == type_of(file)
    assert event.get_id()


def test_every_shape_has_a_stored_example_and_a_topic() -> None:
    assert {type_of(file) for file in STORED} == set(SHAPES)
    assert {shape.topic for shape in SHAPES.values()} == set(PARTITIONS)


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
def test_a_message_takes_its_key_from_its_data(file: Path) -> None:
    shape = SHAPES[json.loads(file.read_bytes())["type"]]

    stored: Any = shape.model_validate_json(file.read_bytes())

    assert stored.of(stored.data, at=stored.time).partitionkey == stored.partitionkey


def test_a_field_that_is_not_known_yet_is_passed_over() -> None:
    [stored] = [file for file in STORED if file.stem == "outdial.attempt.due.v1"]
    later = json.loads(stored.read_bytes())
    later["newer"] = 1
    later["data"]["newer"] = 1

    read = AttemptDue.model_validate_json(json.dumps(later))

    assert read.encoded() == stored.read_bytes().strip()


def test_call_events_are_distinguished_by_their_type() -> None:
    union = get_args(CallEvent)[0]

    assert {shape.topic for shape in get_args(union)} == {CALL_REPORTS}


def test_one_key_has_one_partition_and_keys_spread_over_all() -> None:
    topic = ATTEMPTS_DUE
    chosen = {partition_of(topic, str(contact).encode()) for contact in range(1_000)}

    assert chosen == set(range(PARTITIONS[topic]))


def test_each_topic_has_its_dead_letters_and_replicas_that_must_agree() -> None:
    topics = {topic.name: topic for topic in declared(3)}

    assert set(topics) == {*PARTITIONS, *map(dead_letters, PARTITIONS)}
    assert {topic.topic_configs["min.insync.replicas"] for topic in topics.values()} == {"2"}


def test_the_stored_asyncapi_document_is_the_generated_one() -> None:
    stored = Path(__file__).parents[3] / "docs" / "asyncapi.json"

    assert stored.read_text() == document()
    assert set(json.loads(document())["channels"]) == set(PARTITIONS)
