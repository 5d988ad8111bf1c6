"""A trace is taken as W3C Trace Context says, goes on without OpenTelemetry, and costs nothing."""

import logging
import subprocess
import sys

import pytest
from structlog.contextvars import get_contextvars

from shared.runtime import traces

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{SPAN}-01"
SPANS = "shared.runtime.spans"
SERVICES = ("api", "scheduler", "dialer", "events")


@pytest.mark.parametrize("sent", [SENT, f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-more"])
def test_a_traceparent_of_any_version_is_taken_as_one_of_version_00(sent: str) -> None:
    assert traces.accepted(sent) == SENT


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "x",
        SENT[:-1],
        SENT + "0",
        SENT + "-more",
        SENT + "\n",
        f"cc-{TRACE}-{SPAN}-01more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0x",
    ],
)
def test_anything_else_is_no_traceparent(sent: str | None) -> None:
    assert traces.accepted(sent) is None


def test_a_trace_begins_where_none_is_sent() -> None:
    with traces.began("request", None) as first, traces.began("request", None) as second:
        assert first.traceparent is not None
        assert traces.accepted(first.traceparent) == first.traceparent
        assert first.traceparent != second.traceparent


def test_a_step_and_its_logs_have_the_trace_until_it_is_over() -> None:
    with traces.step("step", SENT) as step:
        assert (step.traceparent, traces.current()) == (SENT, SENT)
        assert get_contextvars()["trace_id"] == TRACE

    assert traces.current() is None
    assert "trace_id" not in get_contextvars()


def test_a_step_without_a_trace_does_nothing() -> None:
    with traces.step("step", None, link=SENT) as step:
        assert (step.traceparent, traces.current()) == (None, None)
        assert "trace_id" not in get_contextvars()


def test_a_service_without_the_extra_says_so_and_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, SPANS, None)

    with caplog.at_level(logging.WARNING):
        traces.configure_traces("test")

    assert caplog.messages == [traces.NOT_INSTALLED]
    assert not traces.records_spans()


def test_without_an_endpoint_no_service_imports_what_makes_spans() -> None:
    program = f"""
import importlib, os, sys
for name in {traces.ENDPOINTS}:
    os.environ.pop(name, None)
from shared.runtime.traces import configure_traces
for name in {SERVICES}:
    importlib.import_module(f"services.{{name}}.__main__")
    configure_traces(name)
print([name for name in sys.modules if name.startswith(("opentelemetry.exporter", {SPANS!r}))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout.strip() == b"[]"
