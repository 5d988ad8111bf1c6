"""Traces: the `traceparent` of W3C Trace Context, and spans where OpenTelemetry records them.

A trace is a short text. It comes with a request, or begins there, is kept in the rows and messages
that the request leads to, and goes on to carriers and webhooks. So the services need nothing of
each other but this text, and no step does anything for a trace that is not there.
"""

import logging
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from structlog.contextvars import bound_contextvars

logger = logging.getLogger(__name__)

HEADER = "traceparent"
# The names of OpenTelemetry: where spans are sent to. Without one of them nothing is recorded.
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NOT_INSTALLED = "traces are not recorded: install outdial[otel]"

# A later version may append fields to those of version 00.
_SENT = re.compile(r"(?!ff)[0-9a-f]{2}(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})")
_LENGTH = 55

Attributes = dict[str, str | int]

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


@dataclass(slots=True)
class Step:
    """A step of a trace. `traceparent` is for what the step sends on; None: there is no trace.

    Its name and its attributes may change until it is over; they have no personal data.
    """

    name: str
    traceparent: str | None
    attributes: Attributes = field(default_factory=dict)


class Recorder(Protocol):
    """Records a step, as a part of the trace of its parent, or as the beginning of one."""

    def __call__(
        self, name: str, parent: str | None, *, kind: str, link: str | None, attributes: Attributes
    ) -> AbstractContextManager[Step]: ...


_recorder: Recorder | None = None


def configure_traces(service: str) -> None:
    """Record spans from now on, if OpenTelemetry has an endpoint and is installed."""
    global _recorder  # noqa: PLW0603 - as the handlers of logs: one for the process
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return
    try:
        from shared.runtime.spans import recorder  # noqa: PLC0415 - only where it is wanted
    except ImportError:
        logger.warning(NOT_INSTALLED)
        return
    _recorder = recorder(service)


def records_spans() -> bool:
    return _recorder is not None


def current() -> str | None:
    """The trace of the step that this code runs in."""
    return _current.get()


def accepted(sent: str | None) -> str | None:
    """The traceparent that another party sent; None if it is not one."""
    match = _SENT.match(sent or "")
    if sent is None or match is None or (len(sent) > _LENGTH and not _is_later(sent)):
        return None
    return f"00{match[1]}"


def trace_id(traceparent: str) -> str:
    return traceparent.split("-")[1]


@contextmanager
def began(name: str, sent: str | None, *, kind: str = "server") -> Iterator[Step]:
    """The first step here of the trace that was sent, or of a new one."""
    parent = accepted(sent)
    if _recorder is None:
        made = Step(name, parent or _new())
        with _noted(made):
            yield made
        return
    with _recorder(name, parent, kind=kind, link=None, attributes={}) as step, _noted(step):
        yield step


def step(
    name: str,
    parent: str | None,
    *,
    kind: str = "internal",
    link: str | None = None,
    attributes: Mapping[str, str | int] | None = None,
) -> AbstractContextManager[Step]:
    """A step in the trace of `parent`, or one of its own that names the trace it comes from."""
    if parent is None and (link is None or _recorder is None):
        return nullcontext(Step(name, None))
    return _step(name, parent, kind=kind, link=link, attributes=dict(attributes or {}))


@contextmanager
def _step(
    name: str, parent: str | None, *, kind: str, link: str | None, attributes: Attributes
) -> Iterator[Step]:
    if _recorder is None:
        passed = Step(name, parent)
        with _noted(passed):
            yield passed
        return
    recorded = _recorder(name, parent, kind=kind, link=link, attributes=attributes)
    with recorded as made, _noted(made):
        yield made


@contextmanager
def _noted(step: Step) -> Iterator[None]:
    """Logs and messages of the step have its trace."""
    if step.traceparent is None:
        yield
        return
    token = _current.set(step.traceparent)
    try:
        with bound_contextvars(trace_id=trace_id(step.traceparent)):
            yield
    finally:
        _current.reset(token)


def _new() -> str:
    """A new trace. Its log lines are a record of it, so the flag says that it is recorded."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _is_later(sent: str) -> bool:
    return not sent.startswith("00") and sent[_LENGTH] == "-"
