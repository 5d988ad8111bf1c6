"""No text that PostgreSQL cannot store is taken, in any field of any body."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from services.api import openapi
from tests.support.api import Api
from tests.support.every_write import a_write, operations

DOCUMENT = openapi.document()
# Escaped in JSON, so that the body itself is plain text.
UNSTORABLE = ["a\x00", "a\ud800"]


def schema_of(name: str) -> dict[str, Any] | None:
    """The schema of the operation's JSON body."""
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {})
            if operation["operationId"] == name and "application/json" in content:
                schema: dict[str, Any] = content["application/json"]["schema"]
                return schema
    return None


def fields(schema: dict[str, Any]) -> list[str]:
    """The names of the fields of the object, or of the objects in the list."""
    if "$ref" in schema:
        return fields(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    inside = [schema.get("items"), *schema.get("anyOf", ())]
    return [
        *schema.get("properties", ()),
        *(name for part in inside if part for name in fields(part)),
    ]


def spoiled(body: Any, names: list[str], text: str) -> Iterator[Any]:
    """The body with the text in each of its places, and in each field that it may have."""
    if isinstance(body, list):
        for index, part in enumerate(body):
            yield from (
                [*body[:index], other, *body[index + 1 :]] for other in spoiled(part, names, text)
            )
    elif isinstance(body, dict):
        for name in {*body, *names}:
            yield body | {name: text}
            yield from (body | {name: other} for other in spoiled(body.get(name), [], text))
        yield deepcopy(body) | {text: text}


@pytest.mark.parametrize(
    "name", [name for name in operations("POST", "PUT", "PATCH") if schema_of(name)]
)
async def test_no_field_takes_it(api: Api, name: str) -> None:
    schema = schema_of(name)
    assert schema
    write = await a_write(api, name)
    whole = write.options.get("json", {})

    for text in UNSTORABLE:
        for body in spoiled(whole, fields(schema), text):
            answer = await api.ask(
                write.method,
                write.path,
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
            if name == "add_contacts" and answer.status_code == 200:
                (result,) = answer.json()["results"]
                # The token of the client is repeated, and not stored.
                assert result["result"] == "rejected" or result["client_token"] == text, body
            else:
                assert answer.status_code in (400, 422), (body, answer.text)
