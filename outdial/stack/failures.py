"""One error out of the several that tasks side by side may raise."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def first_error() -> Iterator[None]:
    """Around a task group: the person at the terminal wants the cause, not a tree of tasks."""
    try:
        yield
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
