"""The processes and addresses of a stack, in a file, so that later commands find them."""

import json
import os
import secrets
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from outdial.stack.errors import StackError
from outdial.stack.processes import Child, Identity, started_at

Role = Literal["service", "carrier", "server"]
# Callers before the processes that they call.
STOP_ORDER: tuple[tuple[Role, ...], ...] = (("service",), ("carrier", "server"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    name: str
    role: Role
    pid: int
    started: str
    stop_signal: int
    log: str

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)

    @classmethod
    def of(cls, child: Child, role: Role, stop_signal: signal.Signals) -> "Process":
        return cls(
            name=child.name,
            role=role,
            pid=child.pid,
            started=child.identity.started,
            stop_signal=int(stop_signal),
            log=str(child.log),
        )


@dataclass(slots=True, kw_only=True)
class State:
    """`supervisor` is the command that starts the stack; in the foreground it runs as long.

    `secret` and `carrier_options` are those of the first start: a process that is started again
    gets the same ones.
    """

    directory: str
    detached: bool
    supervisor: Identity
    secret: str
    carrier_options: tuple[str, ...] = ()
    ready: bool = False
    addresses: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    @classmethod
    def new(
        cls, directory: Path, *, detached: bool, carrier_options: Sequence[str] = ()
    ) -> "State":
        pid = os.getpid()
        return cls(
            directory=str(directory),
            detached=detached,
            supervisor=Identity(pid, started_at(pid) or ""),
            secret=secrets.token_urlsafe(24),
            carrier_options=tuple(carrier_options),
        )

    @property
    def is_alive(self) -> bool:
        """Whether the stack runs or is being started."""
        if self.detached and self.ready:
            return bool(self.living())
        return self.is_supervised

    @property
    def api(self) -> str | None:
        """The address of the API; of its first process if there are several."""
        return self.addresses.get("api") or self.addresses.get("api-1")

    @property
    def runs(self) -> bool:
        """Whether it has come up, and at least one process or its supervisor is there."""
        return self.ready and self.is_alive

    @property
    def is_supervised(self) -> bool:
        """Whether a command still controls the stack; a detached stack is on its own."""
        return not (self.detached and self.ready) and self.supervisor.is_alive()

    def living(self) -> list[Process]:
        return [process for process in self.processes.values() if process.identity.is_alive()]

    def ended(self) -> list[Process]:
        return [process for process in self.processes.values() if not process.identity.is_alive()]

    @property
    def given(self) -> dict[str, str]:
        """The addresses of servers that the environment named at the start, by name."""
        return {
            name: address for name, address in self.addresses.items() if name not in self.processes
        }

    def record(self, process: Process) -> None:
        self.processes[process.name] = process
        self.save()

    def save(self) -> None:
        """Write the file atomically; only its owner may read it, for it contains a password."""
        path = state_file(Path(self.directory))
        part = path.with_suffix(".new")
        part.touch(mode=0o600)
        part.write_text(json.dumps(asdict(self), indent=2) + "\n")
        part.rename(path)


def load(directory: Path) -> State | None:
    """None if no stack was started there, or if the file has another format.

    StackError if the file is another user's.
    """
    try:
        kept: dict[str, Any] = json.loads(state_file(directory).read_text())
        return State(
            directory=str(directory),
            detached=kept["detached"],
            supervisor=Identity(**kept["supervisor"]),
            secret=kept["secret"],
            carrier_options=tuple(kept["carrier_options"]),
            ready=kept["ready"],
            addresses=kept["addresses"],
            processes={name: Process(**entry) for name, entry in kept["processes"].items()},
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    except PermissionError as error:
        raise StackError(f"the stack in {directory} is another user's") from error


def key_file(directory: Path) -> Path:
    """The file with the API key of one run of the stack."""
    return directory / "api-key"


def state_file(directory: Path) -> Path:
    return directory / "state.json"
