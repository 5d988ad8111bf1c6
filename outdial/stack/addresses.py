"""Addresses of the local stack, or of the servers that the environment names."""

import os
from pathlib import Path

from outdial.errors import OutdialError
from outdial.stack import state as states


def postgres_url(directory: Path) -> str:
    given = os.environ.get("OUTDIAL_POSTGRES_URL")
    return given or _address(directory, "postgres", "set OUTDIAL_POSTGRES_URL")


def api_url(directory: Path) -> str:
    return _address(directory, "api", "give --api and --key")


def _address(directory: Path, name: str, remedy: str) -> str:
    state = states.load(directory)
    if state is None or not state.is_alive or name not in state.addresses:
        raise OutdialError(
            f"no stack runs in {directory}: start one with `outdial up --detach`, or {remedy}"
        )
    return state.addresses[name]
