"""Which API a command asks, and by whose key; a command gets both as a client."""

# ruff: noqa: PLC0415 - imported when a command runs: most commands need no HTTP client.

import inspect
import os
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import quote, urlsplit

import typer

from outdial.errors import OutdialError
from outdial.interrupts import interruptible
from outdial.options import DEFAULT_DIRECTORY, Api, Directory, Key
from outdial.own_directories import own

Parameters = ParamSpec("Parameters")

if TYPE_CHECKING:
    from outdial.client import Client

    ClientCommand = Callable[Concatenate[Client, Parameters], Coroutine[Any, Any, None]]

_KEY = re.compile(r"od_(\d+)_[\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`source` says where the key was found."""

    url: str
    key: str
    source: str

    @property
    def whose(self) -> str:
        return f"tenant {tenant_of(self.key)}, by the key from {self.source}"


def tenant_of(key: str) -> int:
    """The text of a key names its tenant; OutdialError if it is not the text of a key."""
    parts = _KEY.fullmatch(key)
    if parts is None:
        raise OutdialError("this is not an API key: a key is like od_17_…, with the tenant's id")
    return int(parts[1])


def address(directory: Path, api: str | None) -> str:
    """The given address of an API, else that of the local stack.

    A stored login never chooses the address: if the local stack is down, a command meant for it
    must not reach an installation that calls people.
    """
    from outdial.stack.addresses import api_url

    return _checked(api) if api else api_url(directory)


async def find(directory: Path, api: str | None, key: str | None) -> Access:
    """The key is the given one, else that of `outdial login`, else the stack's own tenant's."""
    from outdial.stack.state import key_file
    from outdial.tenants import local_key

    url = address(directory, api)
    if key:
        in_environment = os.environ.get("OUTDIAL_API_KEY") == key
        return Access(url=url, key=key, source="OUTDIAL_API_KEY" if in_environment else "--key")
    file = login_file(directory, url)
    stored = _stored(file) if file else None
    if stored is not None:
        return Access(url=url, key=stored, source=str(file))
    if is_local(directory, url):
        kept = await local_key(directory)
        source = f"{key_file(directory)} (the local stack's own tenant)"
        return Access(url=url, key=kept, source=source)
    raise OutdialError(f"no key for {url}: set OUTDIAL_API_KEY, or `outdial login --api {url}`")


def _checked(api: str) -> str:
    try:
        parts = urlsplit(api)
        host = (parts.hostname or "").encode("idna")
        is_address = parts.scheme in ("http", "https") and bool(host) and b"\\" not in host
        is_address = is_address and parts.port != 0 and parts.path in ("", "/")
        # A user in it would contradict the key.
        is_address = is_address and not ("@" in parts.netloc or parts.query or parts.fragment)
    except ValueError:
        is_address = False
    if not is_address:
        raise OutdialError(f"{api!r} is not the address of an API, like http://127.0.0.1:8000")
    return api.rstrip("/")


def is_local(directory: Path, url: str) -> bool:
    """Whether the address is that of the stack that runs in the directory."""
    from outdial.stack import state

    stack = state.load(directory)
    return stack is not None and stack.is_alive and stack.api == url


def login_file(directory: Path, url: str) -> Path | None:
    """Where `outdial login` keeps the key: beside a local stack, whose address may change at
    each start, or under the user's configuration, one file per address.

    None if that is the user's and the user has no home directory.
    """
    from platformdirs import user_config_path

    if is_local(directory, url):
        return directory / "login"
    users = own(user_config_path)
    return users / "logins" / quote(url, safe="") if users else None


def _stored(file: Path) -> str | None:
    try:
        return file.read_text(errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutdialError(f"{file} cannot be read: {error.strerror}") from error


def api_command(
    app: typer.Typer, name: str | None = None
) -> "Callable[[ClientCommand[Parameters]], ClientCommand[Parameters]]":
    """Make a function whose first argument is a client a command with --dir, --api and --key."""

    def register(command: "ClientCommand[Parameters]") -> "ClientCommand[Parameters]":
        async def run(
            *,
            directory: Directory = DEFAULT_DIRECTORY,
            api: Api = None,
            key: Key = None,
            **given: Any,
        ) -> None:
            from outdial.client import Client

            access = await find(directory, api, key)
            async with Client(access.url, access.key, whose=access.whose) as client:
                await command(client, **given)  # type: ignore[call-arg]

        own = list(inspect.signature(command).parameters.values())[1:]
        added = list(inspect.signature(run).parameters.values())[:-1]
        run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in (*own, *added)}
        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        app.command(name)(interruptible(run))
        return command

    return register
