"""The state of a stack's processes, in the shape that `outdial status --json` prints."""

from pathlib import Path
from typing import Any

from outdial.stack import state as states
from outdial.stack.state import Process, State

SERVERS = ("postgres", "redis", "kafka")


def status(directory: Path) -> dict[str, Any]:
    kept = states.load(directory)
    if kept is None or not kept.processes:
        return {"directory": str(directory), "state": "stopped"}
    return {
        "directory": str(directory),
        "state": _overall(kept),
        "supervisor": kept.supervisor.pid if kept.is_supervised else None,
        "api": kept.api,
        "services": [_service(kept, process) for process in _of(kept, "service")],
        **{name: _process(kept, name) for name in SERVERS},
        "carrier": _process(kept, "carrier") | {"calls": str(directory / "carrier.jsonl")},
    }


def _overall(kept: State) -> str:
    living = len(kept.living())
    if living == 0:
        return "stopped"
    if not kept.ready:
        return "starting"
    return "running" if living == len(kept.processes) else "degraded"


def _of(kept: State, role: states.Role) -> list[Process]:
    return [process for process in kept.processes.values() if process.role == role]


def _service(kept: State, process: Process) -> dict[str, Any]:
    url = kept.addresses.get(process.name)
    pages = {"health": "healthz", "ready": "readyz", "metrics": "metrics"}
    addresses = {page: f"{url}/{path}" if url else None for page, path in pages.items()}
    return {"name": process.name} | _process(kept, process.name) | addresses


def _process(kept: State, name: str) -> dict[str, Any]:
    """A server that the environment names has an address, but no process in this stack."""
    process = kept.processes.get(name)
    alive = process is not None and process.identity.is_alive()
    return {
        "url": kept.addresses.get(name),
        "pid": process.pid if process is not None and alive else None,
        "alive": alive if process is not None else None,
        "log": process.log if process is not None else None,
    }
