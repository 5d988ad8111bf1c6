"""Starts the four services and the simulated carrier as processes."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from outdial.stack.http_process import HttpProcess
from outdial.stack.processes import Launch

SERVICES = ("api", "scheduler", "dialer", "events")
HOST = "127.0.0.1"

Notice = Callable[[HttpProcess], None]


def log_file(directory: Path, name: str) -> Path:
    return directory / "logs" / f"{name}.log"


def carrier_process(
    directory: Path, options: Sequence[str], *, tie: signal.Signals | None, on_start: Notice
) -> HttpProcess:
    def launch(port: int) -> Launch:
        where = ("--host", HOST, "--port", str(port), "--log", str(directory / "carrier.jsonl"))
        return Launch(
            command=[sys.executable, "-m", "outdial.carrier", *where, *options],
            log=log_file(directory, "carrier"),
            tie=tie,
        )

    return HttpProcess("carrier", launch, ready_path="/healthz", on_start=on_start)


def service_processes(
    directory: Path,
    scale: Mapping[str, int],
    *,
    environment: Callable[[], Mapping[str, str]],
    tie: signal.Signals | None,
    on_start: Notice,
) -> list[HttpProcess]:
    """`environment` is called at each start, because servers have no address before."""

    def process(module: str, name: str) -> HttpProcess:
        def launch(port: int) -> Launch:
            address = {"OUTDIAL_HOST": HOST, "OUTDIAL_PORT": str(port)}
            return Launch(
                command=[sys.executable, "-m", f"services.{module}"],
                log=log_file(directory, name),
                env={**os.environ, **environment(), **address},
                tie=tie,
            )

        return HttpProcess(name, launch, on_start=on_start)

    return [
        process(module, name)
        for module in SERVICES
        for name in _names(module, scale.get(module, 1))
    ]


def job(directory: Path, module: str, environment: Mapping[str, str]) -> Launch:
    """A program that runs to its end; it is stopped if this process ends first."""
    return Launch(
        command=[sys.executable, "-m", module],
        log=log_file(directory, module.rpartition(".")[2]),
        env={**os.environ, **environment},
        tie=signal.SIGTERM,
    )


def _names(module: str, count: int) -> list[str]:
    return [module] if count == 1 else [f"{module}-{number}" for number in range(1, count + 1)]
