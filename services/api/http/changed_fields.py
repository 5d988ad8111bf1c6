"""The fields that a change of a resource changes, as the audit log keeps them."""

import json
from typing import Any

from pydantic_core import to_jsonable_python

Fields = dict[str, Any]

HIDDEN = "…"
SECRETS = frozenset({"secret", "password", "token", "key", "sha256"})
# Characters of JSON: a longer value is only said to have changed.
LONGEST_VALUE = 20_000


class Recorded:
    """The change that a use case has made. Without one only the operation is known."""

    def __init__(self) -> None:
        self.before: Fields | None = None
        self.after: Fields | None = None
        self.resource_id: str | None = None
        self.is_unchanged = False

    def add(
        self, *, before: object = None, after: object = None, resource_id: str | None = None
    ) -> None:
        old, new = _fields(before), _fields(after)
        self.before, self.after = _differing(old, new), _differing(new, old)
        self.resource_id = resource_id
        self.is_unchanged = old == new


def _fields(value: object) -> Fields | None:
    """The fields of a row, a definition or a mapping, as JSON has them."""
    fields: Fields | None = to_jsonable_python(value)
    return fields


def _differing(fields: Fields | None, other: Fields | None) -> Fields | None:
    if fields is None:
        return None
    known = other or {}
    return {
        name: _shown(name, value)
        for name, value in fields.items()
        if name not in known or known[name] != value
    }


def _shown(name: str, value: Any) -> Any:
    if name in SECRETS and value is not None:
        return HIDDEN
    if isinstance(value, dict):
        value = {inner: _shown(inner, part) for inner, part in value.items()}
    elif isinstance(value, list):
        value = [_shown("", part) for part in value]
    return value if len(json.dumps(value)) <= LONGEST_VALUE else HIDDEN
