"""`outdial tenant create`, and the key that `outdial run` uses on a local stack."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.console import Console

from outdial.errors import OutdialError
from outdial.stack import state as states
from shared.db.api import api_keys, tenants

console = Console()


@dataclass(frozen=True, slots=True)
class Tenant:
    id: int
    key: str


async def create(name: str, directory: Path, *, as_json: bool) -> None:
    made = await insert(name, postgres_url(directory))
    if as_json:
        print(json.dumps({"tenant_id": made.id, "api_key": made.key}))  # noqa: T201 - for programs
        return
    console.print(f"tenant {made.id}: {name}")
    console.print(f"API key (shown this once): {made.key}", highlight=False)


async def local_key(directory: Path) -> str:
    """The key of the running stack's own tenant, made on first use and kept beside its state."""
    kept = states.key_file(directory)
    if not kept.exists():
        made = await insert("local", postgres_url(directory))
        kept.touch(mode=0o600)
        kept.write_text(made.key)
    return kept.read_text()


async def insert(name: str, url: str) -> Tenant:
    if not name.strip():
        raise OutdialError("a tenant needs a name")
    conn = await asyncpg.connect(url)
    try:
        async with conn.transaction():
            tenant_id = await tenants.create(conn, name)
            key = await api_keys.create(conn, tenant_id)
    finally:
        await conn.close()
    return Tenant(tenant_id, key)


def postgres_url(directory: Path) -> str:
    given = os.environ.get("OUTDIAL_POSTGRES_URL")
    if given:
        return given
    state = states.load(directory)
    if state is None or not state.is_alive or "postgres" not in state.addresses:
        raise OutdialError(
            f"no stack runs in {directory}: start one with `outdial up --detach`, "
            "or set OUTDIAL_POSTGRES_URL"
        )
    return state.addresses["postgres"]
