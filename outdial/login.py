"""`outdial login`, `logout` and `whoami`: the API key that commands use for an address."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no HTTP client.

import json
import sys
from typing import TYPE_CHECKING

import typer

from outdial import access
from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Api, Directory, Json, Key

if TYPE_CHECKING:
    from outdial.client import Json as Answer

app = typer.Typer()


@app.command()
def login(
    *,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
    api: Api = None,
    key: Key = None,
) -> None:
    """Store an API key for an address: the given one, or one typed or read from a pipe."""
    url = access.address(directory, api)
    text = (key or _asked()).strip()
    tenant = access.tenant_of(text)
    name = interruptible(_tenant)(url, text)["name"]
    file = access.login_file(directory, url)
    if file is None:
        raise OutdialError(
            "there is no home directory for the key: set OUTDIAL_API_KEY, or XDG_CONFIG_HOME"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Made anew, so that its mode holds also for a file that was there.
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(text)
    except OSError as error:
        raise OutdialError(f"{file} cannot be written: {error.strerror}") from error
    if as_json:
        typer.echo(
            json.dumps({"api": url, "tenant_id": tenant, "tenant": name, "stored_in": str(file)})
        )
        return
    typer.echo(
        f"commands to {url} use the key of tenant {tenant} ({name}) now; it is stored in {file}"
    )


@app.command()
def logout(
    *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY, api: Api = None
) -> None:
    """Delete the stored API key of an address. The key itself stays valid."""
    url = access.address(directory, api)
    file = access.login_file(directory, url)
    if file is None or not file.exists():
        raise OutdialError(f"no key is stored for {url}")
    try:
        file.unlink()
    except OSError as error:
        raise OutdialError(f"{file} cannot be deleted: {error.strerror}") from error
    if as_json:
        typer.echo(json.dumps({"api": url, "deleted": str(file)}))
        return
    typer.echo(f"the key for {url} is deleted from {file}")


@app.command()
@interruptible
async def whoami(
    *,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
    api: Api = None,
    key: Key = None,
) -> None:
    """Say which API commands ask, as which tenant, by which key, and what the key opens."""
    from outdial.listing import instant

    found = await access.find(directory, api, key)
    tenant = await _tenant(found.url, found.key)
    if as_json:
        parts = {
            "api": found.url,
            "tenant_id": tenant["id"],
            "tenant": tenant["name"],
            "key_id": tenant["api_key_id"],
            "key_name": tenant["api_key_name"],
            "key_from": found.source,
            "scopes": tenant["scopes"],
            "expires_at": tenant["expires_at"],
        }
        typer.echo(json.dumps(parts))
        return
    typer.echo(
        f"tenant {tenant['id']} ({tenant['name']}), by its key "
        f"{tenant['api_key_id']} ({tenant['api_key_name']}) from {found.source}, at {found.url}"
    )
    end = instant(tenant["expires_at"]) if tenant["expires_at"] else "never"
    typer.echo(f"scopes: {', '.join(tenant['scopes'])}; expires: {end}")


async def _tenant(url: str, key: str) -> "Answer":
    """The tenant of the key; OutdialError if the API does not take the key."""
    from outdial.client import Client
    from outdial.listing import cell

    async with Client(url, key, whose=f"tenant {access.tenant_of(key)}") as client:
        tenant = await client.tenant()
    shown = {name: cell(name, tenant.get(name)) for name in ("name", "api_key_name")}
    return {**tenant, **shown}


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    return str(typer.prompt("API key", hide_input=True))
