"""Errors of the local stack, with messages for the person at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from outdial.errors import OutdialError


class StackError(OutdialError):
    """The stack could not be started, or its state does not allow the command."""


class ServerMissingError(StackError):
    """No program on this machine can run the server."""

    def __init__(self, server: str, remedy: str, variable: str) -> None:
        super().__init__(
            f"{server} cannot be started here: {remedy} "
            f"Or set {variable} to a running one, or use `docker compose up`."
        )


class ProcessStartError(StackError):
    """A process ended before it was ready, or was not ready in time."""

    def __init__(self, name: str, log: str, tail: str) -> None:
        super().__init__(f"{name} did not start. The end of {log}:\n{tail}")


class NotOursError(StackError):
    """Refuses to restart a server that the environment names."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is given by the environment: it is not ours to restart")


@contextmanager
def first_error() -> Iterator[None]:
    """Around a task group: raise the first of its errors, without the tree of tasks."""
    try:
        yield
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
