"""Says in plain words what is wrong with a value that pydantic refused, and what would be right."""

import re
from collections.abc import Mapping
from typing import Any

WHOLE_NUMBER = "must be a whole number"
INSTANT = "must be an instant with its offset from UTC, like 2031-01-31T08:00:00Z"
UUID = "must be a UUID, like 019a8c4e-0000-7000-8000-000000000000"

# By the beginning of pydantic's types, of which there are several for each kind of value.
BY_TYPE = {
    "int_": WHOLE_NUMBER,
    "float_": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_": "must be true or false",
    "uuid_": UUID,
    "datetime_": INSTANT,
    "timezone_": INSTANT,
    "date_": "must be a date, like 2031-01-31",
    "time_type": "must be a time of day, like 09:00",
    "time_parsing": "must be a time of day, like 09:00",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_": "must be an object",
    "missing": "is required",
    "extra_forbidden": "there is no such field",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
}


def in_words(fault: Mapping[str, Any]) -> str:
    """The words for one of the `errors()` of a ValidationError; the value is not repeated."""
    for start, words in BY_TYPE.items():
        if fault["type"].startswith(start):
            return words.format(**fault.get("ctx", {}))
    text: str = fault["msg"]
    return re.sub("^Input should ", "must ", text.removeprefix("Value error, "))
