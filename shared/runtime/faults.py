"""Faults of the network in words for a person."""

import os


def in_words(error: BaseException) -> str:
    """The system's words for an errno, like "Connection refused"; else the error's own text."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    # A name that cannot be resolved has a number below zero, which is no errno.
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
