"""`outdial key create|list|revoke`: the API keys of a tenant."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json, id_argument
from outdial.stack.addresses import connected

app = typer.Typer(no_args_is_help=True, help="The API keys of a tenant.")

TenantId = Annotated[int, id_argument("TENANT", "The tenant's id.")]


@app.command()
@interruptible
async def create(
    tenant: TenantId, *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """Make one more API key, which is shown this once; the other keys stay valid."""
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
async def show(
    tenant: TenantId, *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """List the API keys of a tenant, oldest first; their texts are not stored."""
    from outdial import listing
    from outdial.terminal import entry
    from shared.db.api import api_keys

    async with connected(directory) as conn:
        rows = await api_keys.of_tenant(conn, tenant)
    none = f"tenant {tenant} has no keys"
    listing.show([*map(entry, rows)], "id", "created_at", "revoked_at", as_json=as_json, none=none)


@app.command()
@interruptible
async def revoke(
    tenant: TenantId,
    key: Annotated[int, id_argument("KEY", "Its id in the list.")],
    *,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Refuse a key from now on, for good."""
    from shared.db.api import api_keys

    async with connected(directory) as conn:
        if not await api_keys.revoke(conn, tenant, key, now=datetime.now(UTC)):
            raise OutdialError(
                f"tenant {tenant} has no valid key {key}: see `outdial key list {tenant}`"
            )
    if as_json:
        typer.echo(json.dumps({"tenant_id": tenant, "key_id": key, "revoked": True}))
        return
    typer.echo(f"key {key} of tenant {tenant} is refused from now on")
