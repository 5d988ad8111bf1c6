"""Failpoints: places between two commits where a test can make a process kill itself."""

import os
import signal
from enum import StrEnum


class Failpoint(StrEnum):
    """Set by `OUTDIAL_FAILPOINT=name[:n]`: the process dies at the n-th passing."""

    AFTER_CLAIM = "after_claim"
    AFTER_PUBLISH = "after_publish"
    AFTER_DIALING = "after_dialing"
    AFTER_ORIGINATE = "after_originate"
    AFTER_FOLD = "after_fold"
    AFTER_WRITE = "after_write"
    AFTER_IMPORT_BATCH = "after_import_batch"


_name, _, _count = os.environ.get("OUTDIAL_FAILPOINT", "").partition(":")
_left = int(_count or 1)


def passing(point: Failpoint) -> None:
    """Kill the process, as a power cut would, if this failpoint is set and its count is reached."""
    global _left  # noqa: PLW0603 - one countdown per process is the point
    if point != _name:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
