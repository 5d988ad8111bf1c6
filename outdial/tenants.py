"""`outdial tenant create`, and the key that other commands use on a local stack."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
from dataclasses import dataclass
from pathlib import Path

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json

app = typer.Typer(no_args_is_help=True, help="Tenants and their API keys.")


@dataclass(frozen=True, slots=True)
class Tenant:
    id: int
    key: str


@app.command()
@interruptible
async def create(
    name: str, *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """Make a tenant and its API key, which is shown this once."""
    from outdial.stack.addresses import postgres_url

    tenant = await insert(name, postgres_url(directory))
    if as_json:
        typer.echo(json.dumps({"tenant_id": tenant.id, "api_key": tenant.key}))
        return
    typer.echo(f"tenant {tenant.id}: {name}")
    typer.echo(f"API key (shown this once): {tenant.key}")


async def local_key(directory: Path) -> str:
    """The key of the running stack's own tenant, made on first use and kept beside its state."""
    from outdial.stack.addresses import postgres_url
    from outdial.stack.state import key_file

    file = key_file(directory)
    if not file.exists():
        tenant = await insert("local", postgres_url(directory))
        file.touch(mode=0o600)
        file.write_text(tenant.key)
    return file.read_text()


async def insert(name: str, url: str) -> Tenant:
    import asyncpg

    from shared.db.api import api_keys, tenants

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
