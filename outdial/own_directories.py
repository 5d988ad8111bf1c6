"""The directories of a user for caches, settings and state; a user without a home has none."""

from collections.abc import Callable
from pathlib import Path


def own(directory: Callable[[str], Path]) -> Path | None:
    """Outdial's part of a directory of platformdirs, such as `user_cache_path`."""
    try:
        path = directory("outdial")
    except RuntimeError:
        return None
    return path if path.is_absolute() else None
