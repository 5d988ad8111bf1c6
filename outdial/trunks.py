"""`outdial trunk add|list|show|rates|remove`: the routes to telephony providers."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no database.

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outdial import trunk_rates
from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Directory, Json, whole_number
from outdial.stack.addresses import connected

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.db.types import Session

# Twilio starts this many calls a second for an account, and queues the others.
TWILIO_CALLS_PER_SECOND = 1
SECRET_MOST = 10_000

app = typer.Typer(no_args_is_help=True, help="Trunks: the routes to telephony providers.")
app.command("rates")(interruptible(trunk_rates.replace))

Name = Annotated[str, typer.Argument(help="As campaigns name it.")]


@app.command()
@interruptible
async def add(
    name: Name,
    *,
    provider: Annotated[str, typer.Option(help="Like twilio or simulated.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--setting", metavar="NAME=VALUE", help="A setting of the provider; once for each."
        ),
    ] = None,
    account_sid: Annotated[
        str | None, typer.Option(metavar="AC…", help="twilio: the account.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="twilio: another carrier of the same API.")
    ] = None,
    from_numbers: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="NUMBER", help="twilio: a caller ID for campaigns without one."
        ),
    ] = None,
    twiml_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="twilio: what campaigns without a call flow say."),
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A file with the secret, such as an auth token."
        ),
    ] = None,
    secret_env: Annotated[
        str | None,
        typer.Option(metavar="VARIABLE", help="The environment variable with the secret."),
    ] = None,
    tenants: Annotated[
        list[int] | None,
        typer.Option(
            "--tenant", metavar="ID", help="Only for this tenant; once for each. Default: all."
        ),
    ] = None,
    max_concurrent: Annotated[
        int | None,
        typer.Option(
            metavar="N", parser=whole_number, help="The most calls at once. Default: no cap."
        ),
    ] = None,
    calls_per_second: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=whole_number,
            help="The most calls a second. Default: 1 for twilio, else no cap.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Change the trunk of this name, all of it.")
    ] = False,
    as_json: Json = False,
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Add a trunk. Its secret is never an argument: other users see the arguments of a process."""
    import asyncpg

    from shared.db import trunks
    from shared.domain.capacity.scopes import Caps

    if not name.strip():
        raise OutdialError("a trunk needs a name")
    given = _settings(settings or []) | {
        key: value
        for key, value in (
            ("account_sid", account_sid),
            ("base_url", base_url),
            ("from_numbers", from_numbers or None),
            ("twiml_url", twiml_url),
        )
        if value is not None
    }
    secret = _secret(secret_file, secret_env)
    if provider == "twilio":
        given = _twilio(given, has_secret=bool(secret.get_secret_value()))
        calls_per_second = calls_per_second or TWILIO_CALLS_PER_SECOND
    async with connected(directory) as conn:
        known = await trunks.every(conn, name=name)
        if known and not replace:
            raise OutdialError(
                f"there is a trunk {name} already: `outdial trunk show {name}`, "
                "or --replace to change it"
            )
        try:
            async with conn.transaction():
                trunk_id = await trunks.upsert(
                    conn,
                    name=name,
                    provider=provider,
                    settings=given,
                    secret=secret,
                    granted_to=tenants or None,
                    caps=Caps(max_concurrent, calls_per_second),
                )
        except asyncpg.ForeignKeyViolationError:
            raise OutdialError(
                "--tenant: there is no such tenant, see `outdial tenant list`"
            ) from None
    added = {"id": trunk_id, "name": name, "provider": provider}
    typer.echo(json.dumps(added) if as_json else f"trunk {trunk_id}: {name}, provider {provider}")


@app.command("list")
@interruptible
async def show_all(*, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY) -> None:
    """List the trunks, oldest first."""
    from outdial import listing

    entries = await _entries(directory)
    columns = ("id", "name", "provider", "max_concurrent", "calls_per_second", "tenants", "cause")
    listing.show(entries, *columns, as_json=as_json, none="no trunks yet")


@app.command("show")
@interruptible
async def show_one(
    name: Name, *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """Show a trunk with its settings; of its secret only whether there is one."""
    from outdial import listing

    entries = await _entries(directory, name)
    if not entries:
        raise OutdialError(f"there is no trunk {name}: `outdial trunk list` shows all")
    if as_json:
        typer.echo(json.dumps(entries[0]))
        return
    listing.show_one(entries[0], *entries[0])


@app.command()
@interruptible
async def remove(
    name: Name, *, as_json: Json = False, directory: Directory = DEFAULT_DIRECTORY
) -> None:
    """Delete a trunk that no campaign names, with its secret."""
    import asyncpg

    from shared.db import trunks

    async with connected(directory) as conn:
        found = await trunks.every(conn, name=name)
        if not found:
            raise OutdialError(f"there is no trunk {name}: `outdial trunk list` shows all")
        try:
            async with conn.transaction():
                await trunks.remove(conn, found[0].id)
        except asyncpg.ForeignKeyViolationError:
            raise OutdialError(
                f"{found[0].campaigns} campaigns name the trunk {name}: it stays as their record"
                if found[0].campaigns
                else f"SMS senders of tenants use the trunk {name}: delete those first"
            ) from None
    removed = {"name": name, "removed": True}
    typer.echo(json.dumps(removed) if as_json else f"trunk {name} is removed")


async def _entries(directory: Path, name: str | None = None) -> list[dict[str, Any]]:
    async with connected(directory) as conn:
        return await _read(conn, name)


async def _read(conn: "Session", name: str | None) -> list[dict[str, Any]]:
    """The trunks; of one that takes no calls, since when and the provider's last word."""
    from outdial.terminal import entry
    from shared.db import rate_tables, trunk_outages, trunks

    priced = await rate_tables.summaries(conn)
    down = {outage.trunk: outage for outage in await trunk_outages.every(conn)}
    return [
        {
            **{key: value for key, value in asdict(trunk).items() if key != "granted_to"},
            "tenants": "all" if trunk.granted_to is None else list(trunk.granted_to),
            "down_since": down[trunk.name].since.isoformat() if trunk.name in down else None,
            "cause": down[trunk.name].cause if trunk.name in down else None,
            "rates": entry(priced[trunk.id]) if trunk.id in priced else None,
        }
        for trunk in await trunks.every(conn, name=name)
    ]


def _settings(pairs: Sequence[str]) -> dict[str, Any]:
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise OutdialError(f"--setting {pair!r} is not like NAME=VALUE")
        found[name] = value
    return found


def _secret(file: Path | None, variable: str | None) -> "SecretStr":
    from pydantic import SecretStr

    if file is not None and variable is not None:
        raise OutdialError("--secret-file or --secret-env, not both")
    if file is not None:
        with file.open("rb") as opened:
            text = opened.read(SECRET_MOST + 1).decode(errors="replace")
    elif variable is not None:
        text = os.environ.get(variable, "")
    else:
        return SecretStr("")
    secret = text.strip()
    if not secret or len(text) > SECRET_MOST or not secret.isprintable():
        source = f"the file {file}" if file is not None else f"the variable {variable}"
        raise OutdialError(f"{source} has no secret: one line of text is needed")
    return SecretStr(secret)


def _twilio(given: dict[str, Any], *, has_secret: bool) -> dict[str, Any]:
    """The settings as the provider reads them; the faults name the options."""
    from pydantic import ValidationError

    from shared.definitions.trunks import TwilioSettings

    options = {"from_numbers": "--from"}
    try:
        settings = TwilioSettings.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = str(fault["loc"][0]) if fault["loc"] else "settings"
        option = options.get(field, f"--{field.replace('_', '-')}")
        raise OutdialError(f"{option}: {fault['msg'].removeprefix('Value error, ')}") from None
    if not has_secret:
        raise OutdialError(
            "twilio needs the account's auth token: --secret-file FILE or --secret-env VARIABLE"
        )
    return settings.model_dump(mode="json", exclude_none=True)
