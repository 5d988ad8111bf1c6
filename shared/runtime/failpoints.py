"""Places at which a process kills itself when the drill asks it to, each between two commits."""

import os
import signal
from enum import StrEnum


class Failpoint(StrEnum):
    """Named in `OUTDIAL_FAILPOINT=name[:n]`: the n-th time it is passed is the last."""

    AFTER_CLAIM = "after_claim"
    AFTER_PUBLISH = "after_publish"
    AFTER_DIALING = "after_dialing"
    AFTER_ORIGINATE = "after_originate"
    AFTER_FOLD = "after_fold"


_name, _, _count = os.environ.get("OUTDIAL_FAILPOINT", "").partition(":")
_left = int(_count or 1)


def passing(point: Failpoint) -> None:
    """Die here, as a power cut would have it, if this is the place and the time."""
    global _left  # noqa: PLW0603 - one countdown per process is the point
    if point != _name:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
