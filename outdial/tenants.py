"""`outdial tenant create|key|list`, and the key that other commands use on a local stack."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json, id_argument
from outdial.stack.addresses import connected

if TYPE_CHECKING:
    from shared.db.types import Session

# The name of a local stack's own tenant.
LOCAL = "local"

TenantId = Annotated[int, id_argument("TENANT", "The tenant's id.")]

app = typer.Typer(no_args_is_help=True, help="Tenants and their API keys.")


@dataclass(frozen=True, slots=True)
class Tenant:
    id: int
    key: str


@app.command()
@interruptible
async def create(
    name: str,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Make it although there is one of this name.")
    ] = False,
    partner: Annotated[
        bool, typer.Option("--partner", help="It may own client tenants (`/v1/tenants`).")
    ] = False,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Make a tenant and its API key, which is shown this once."""
    if not name.strip():
        raise OutdialError("a tenant needs a name")
    async with connected(directory) as conn:
        namesakes = await _namesakes(conn, name)
        if namesakes and not again:
            raise OutdialError(
                f"there is a tenant {name} already, {namesakes[0]}: `outdial tenant key "
                f"{namesakes[0]}` makes one more key for it, --again another tenant of this name"
            )
        tenant = await _insert(conn, name, is_partner=partner)
    if as_json:
        typer.echo(json.dumps({"tenant_id": tenant.id, "api_key": tenant.key}))
        return
    typer.echo(f"tenant {tenant.id}: {name}")
    typer.echo(f"API key (shown this once): {tenant.key}")
    typer.echo(
        "next: `outdial login` stores the key for all commands; or `export OUTDIAL_API_KEY=…`",
        err=True,
    )


@app.command("key")
@interruptible
async def another_key(
    tenant: TenantId, *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """Make one more API key with all scopes, for a tenant that has none any more.

    It is shown this once; the tenant manages its keys by `outdial keys`.
    """
    import asyncpg

    from shared.db.api import api_keys

    async with connected(directory) as conn:
        try:
            key = await api_keys.create(conn, tenant)
        except asyncpg.ForeignKeyViolationError:
            raise OutdialError(f"there is no tenant {tenant}: see `outdial tenant list`") from None
    if as_json:
        typer.echo(json.dumps({"tenant_id": tenant, "api_key": key}))
        return
    typer.echo(f"API key of tenant {tenant} (shown this once): {key}")


@app.command("list")
@interruptible
async def show(*, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """List the tenants, oldest first."""
    from outdial import listing
    from outdial.terminal import entry
    from shared.db.api import tenants

    async with connected(directory) as conn:
        entries = [entry(tenant) for tenant in await tenants.every(conn)]
    columns = ("id", "name", "created_at", "is_partner", "partner_id")
    listing.show(entries, *columns, as_json=as_json, none="no tenants yet")


async def local_key(directory: Path) -> str:
    """The key of the running stack's own tenant, made once per run and kept beside its state.

    The tenant of an earlier run is taken again, because its campaigns are still there.
    """
    from outdial.stack.state import key_file
    from shared.db.api import api_keys

    file = key_file(directory)
    if not file.exists():
        async with connected(directory) as conn:
            earlier = await _namesakes(conn, LOCAL)
            key = (
                await api_keys.create(conn, earlier[0])
                if earlier
                else (await _insert(conn, LOCAL)).key
            )
        file.touch(mode=0o600)
        file.write_text(key)
    return file.read_text()


async def insert(name: str, url: str) -> Tenant:
    """Make a tenant in the database at the URL; several may have the same name."""
    import asyncpg

    conn = await asyncpg.connect(url)
    try:
        return await _insert(conn, name)
    finally:
        await conn.close()


async def _insert(conn: "Session", name: str, *, is_partner: bool = False) -> Tenant:
    from shared.db.api import api_keys, tenants

    async with conn.transaction():
        tenant_id = await tenants.create(conn, name, is_partner=is_partner)
        return Tenant(tenant_id, await api_keys.create(conn, tenant_id))


async def _namesakes(conn: "Session", name: str) -> list[int]:
    from shared.db.api import tenants

    return [tenant.id for tenant in await tenants.every(conn) if tenant.name == name]
