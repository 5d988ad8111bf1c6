"""JSON lines on standard output; whatever looks like a phone number is masked on the way."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

NUMBER = re.compile(r"\+\d{3,11}(?=\d{4}(?!\d))")


def masked(text: str) -> str:
    """The text with all but the last four digits of each number hidden."""
    return NUMBER.sub("+…", text)


def mask_numbers(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = masked(value)
    return event


def configure_logs(service: str, level: str) -> None:
    """Everything, also the lines of uvicorn, FastStream and aiokafka, leaves by one handler."""
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
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # FastStream's logger brings a handler of its own, which does not speak JSON.
    faststream = logging.getLogger("faststream")
    faststream.handlers, faststream.propagate = [], True
    for noisy in ("aiokafka", "uvicorn.access", "faststream", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
