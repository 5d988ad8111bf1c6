"""Hooks for schemathesis, which loads this module: its requests name resources that there are.

Random ids and random bodies are mostly refused at once, and would never come to the use cases.
"""

from collections.abc import Iterator
from typing import Any
from zlib import crc32

import schemathesis

# So many of each kind are made before; their ids begin with 1.
MADE = 12
schemathesis.serializer.alias("application/x-ndjson", "text/plain")


@schemathesis.hook
def map_path_parameters(_context: Any, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    return parameters and {
        name: 1 + value % MADE if name.endswith("_id") and type(value) is int else value
        for name, value in parameters.items()
    }


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Three of four bodies are an example of the document with one random field."""
    example = next(_examples(context.operation), None)
    chance = crc32(repr(body).encode())
    if not isinstance(body, dict) or not body or not isinstance(example, dict) or chance % 4 == 0:
        return body
    name = sorted(body, key=str)[chance // 4 % len(body)]
    return {**example, name: body[name]}


def _examples(operation: Any) -> Iterator[Any]:
    for content in operation.definition.raw.get("requestBody", {}).get("content", {}).values():
        yield from content["schema"].get("examples", ())
        if "example" in content:
            yield content["example"]
