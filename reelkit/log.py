"""Structured logging: one event per line, with the ids that were bound to the current task.

Bind ids with ``structlog.contextvars.bind_contextvars(recording_id=…, session_id=…)``; loggers come from
``structlog.get_logger()``. Secrets never reach a log call; tokens and keys that appear under a known name are masked as
a second line of defence.
"""

import logging
import sys
from typing import Literal

import structlog

LogFormat = Literal["console", "json"]

_SECRET_NAMES = frozenset({"authorization", "auth_token", "token", "secret", "access_key", "password", "private_key"})


def _mask_secrets(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in event:
        if name.lower() in _SECRET_NAMES:
            event[name] = "***"
    return event


def configure_logging(log_format: LogFormat, level: str) -> None:
    """Sends structlog's and the standard library's records to stderr as console lines or JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        # Plain tracebacks: richer ones print local variables, among which are tokens, and take seconds to draw.
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # uvicorn.error tells the URLs of websockets, which hold tokens.
    for chatty in ("uvicorn.access", "uvicorn.error", "websockets", "asyncio", "aiosqlite", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
