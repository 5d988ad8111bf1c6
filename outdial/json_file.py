"""Reads a file with one JSON object, such as the definition of a campaign."""

import json
from pathlib import Path
from typing import Any

from outdial.errors import OutdialError


def read_object(path: Path) -> dict[str, Any]:
    """OutdialError with the place of the fault if the file is not a JSON object in UTF-8."""
    try:
        value = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise OutdialError(f"{path} is not JSON: {place}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise OutdialError(f"{path} is not JSON: it is not written in UTF-8") from error
    if not isinstance(value, dict):
        raise OutdialError(f'{path} is not a JSON object, like {{"name": …}}')
    return value
