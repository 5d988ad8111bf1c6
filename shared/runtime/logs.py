"""JSON log lines on standard output, without phone numbers and without rows of tables."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import stamina.instrumentation
import structlog

NUMBER = re.compile(r"\+\d{3,11}(?=\d{4}(?!\d))")

# PostgreSQL quotes the faulty row in the detail of an error, which may be of several lines.
DETAIL = re.compile(
    r"(\n[ |]*DETAIL: ).*?(?=\n[ |]*(?:HINT: |The above exception|During handling of|\+-)|\Z)",
    re.DOTALL,
)


def masked(text: str) -> str:
    """The text, with only the last four digits of each phone number left."""
    return NUMBER.sub("+…", text)


def without_rows(text: str) -> str:
    """The text of exceptions, without the rows of tables that are quoted in it."""
    return DETAIL.sub(r"\1…", text)


def mask_numbers(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = masked(without_rows(value) if key == "exception" else value)
    return event


def configure_logs(service: str, level: str) -> None:
    """Send all logs, also those of uvicorn, FastStream and aiokafka, through one handler."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_numbers,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(
                    serializer=lambda event, **_: orjson.dumps(event, default=str).decode()
                ),
            ],
        )
    )
    # It would log each try of a retry; `patiently` logs some of them.
    stamina.instrumentation.set_on_retry_hooks([])
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # FastStream's logger has a handler of its own, which does not write JSON.
    faststream = logging.getLogger("faststream")
    faststream.handlers, faststream.propagate = [], True
    for noisy in ("aiokafka", "uvicorn.access", "faststream", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
