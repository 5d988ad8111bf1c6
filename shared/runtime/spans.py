"""Spans of OpenTelemetry, sent by OTLP over HTTP; imported only where they are wanted.

Its own variables `OTEL_…` say where to and how often, which share is kept, and which attributes
the service has.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from shared.runtime.traces import Attributes, Recorder, Step


def recorder(service: str) -> Recorder:
    """The provider is not made the global one, with which FastAPI would record spans of its own.

    It sends what is left when the process ends.
    """
    named = Resource.create({SERVICE_NAME: f"outdial-{service}", SERVICE_NAMESPACE: "outdial"})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("outdial")

    @contextmanager
    def record(
        name: str, parent: str | None, *, kind: str, link: str | None, attributes: Attributes
    ) -> Iterator[Step]:
        links = [] if link is None else [Link(_context(link))]
        yield from _record(tracer, Step(name, parent, attributes), kind, links)

    return record


def _record(tracer: Tracer, step: Step, kind: str, links: list[Link]) -> Iterator[Step]:
    """An error is noted by its class: the text of one may have personal data."""
    within = Context()
    if step.traceparent is not None:
        within = set_span_in_context(NonRecordingSpan(_context(step.traceparent)), within)
    span = tracer.start_span(step.name, within, SpanKind[kind.upper()], links=links)
    step.traceparent = _traceparent(span.get_span_context())
    try:
        yield step
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        span.update_name(step.name)
        span.set_attributes(step.attributes)
        span.end()


def _context(traceparent: str) -> SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )


def _traceparent(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
