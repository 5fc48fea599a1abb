"""Logs: one JSON object a line, to standard error.

A ticket id is the key to its ticket, so no line contains one. Its `reference`, the id up to eight characters after the
dash, is enough to follow it from the door (`admitted`) to its decision (`decided`). No line contains a token, a secret,
a name or an e-mail address. So an exception is logged as its type and traceback, without its message: databases,
parsers and HTTP clients quote their input in it.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from omnify.common.stray_output import StandardError

# A value of a type that JSON lacks is written as `str` gives it.
_encoder = msgspec.json.Encoder(enc_hook=str)
# A ticket id of `events.domain.tickets`: event, key and MAC. Libraries log the paths of requests that fail.
_TICKET = re.compile(r"\b([0-9]{1,18}-[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{20}(?![A-Za-z0-9_-])")

# Part of every ticket id, and of nothing else that is often logged: looking for it first takes a tenth of the time.
_TICKET_TAIL = re.compile(r"-[A-Za-z0-9_-]{28}")

# Anything that looks like an e-mail address is replaced, wherever it comes from.
_ADDRESS = re.compile(r"[^\s\"'<>(){}\[\]=:;,/\\@]+@[\w-]+(\.[\w-]+)+")


def line_time(seconds: float) -> str:
    """Renders a time (seconds since 1970) as in a line's `time`. A field `time` replaces the time of writing."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


class JsonFormatter(logging.Formatter):
    """Renders a record as `{"time", "level", "logger", "message", ...}` with the fields given to `StructuredLogger`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": line_time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _without_exception(record),
            "pid": record.process,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _trace(record.exc_info[1])
        text = _encode(line)
        if _TICKET_TAIL.search(text):
            text = _TICKET.sub(r"\1…", text)
        return _ADDRESS.sub("…@…", text) if "@" in text else text


class JsonHandler(logging.StreamHandler[TextIO | StandardError]):
    """Writes lines to standard error. If one cannot be written, another line says so, without a traceback."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream or StandardError())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name there
        """Reports a record that cannot be rendered or written; `logging` calls it."""
        with suppress(Exception):
            kind = type(sys.exception()).__name__
            self.stream.write(f'{{"level":"ERROR","logger":"{record.name}","message":"a line was lost: {kind}"}}\n')


def _encode(line: dict[str, Any]) -> str:
    try:
        return _encoder.encode(line).decode()
    except UnicodeEncodeError:
        # Half of a surrogate pair: a client can send it, and UTF-8 cannot encode it.
        message = str(line["message"]).encode("ascii", "backslashreplace").decode()
        return _encoder.encode({**line, "message": message}).decode()


def _without_exception(record: logging.LogRecord) -> str:
    """Replaces an exception's text in the message, where some libraries put it, by its type."""
    message = record.getMessage()
    problem = record.exc_info[1] if record.exc_info else None
    for text in (repr(problem), str(problem)) if problem else ():
        message = message.replace(text, type(problem).__name__) if text.strip() else message
    return message


def _trace(problem: BaseException) -> str:
    """Types and tracebacks of an exception and of those that caused it, the first one first."""
    parts: list[str] = []
    seen: set[int] = set()
    found: BaseException | None = problem
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        parts.append("".join(traceback.format_tb(found.__traceback__)) + type(found).__name__)
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\n\n".join(reversed(parts))


def logging_config(level: str) -> dict[str, Any]:
    """Returns the `dictConfig` of every process of the service."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "omnify.common.logs.JsonFormatter"}},
        "filters": {
            "fault": {"()": "omnify.common.log_floods.ClientsFault"},
            "floods": {"()": "omnify.common.log_floods.OncePerSecond"},
        },
        "handlers": {
            "stderr": {"class": "omnify.common.logs.JsonHandler", "formatter": "json", "filters": ["fault", "floods"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django logs every request that it refuses, as a warning; clients can cause any number of them.
            "django.request": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
        },
    }


class StructuredLogger:
    """Writes lines with fields that a program can search: `logger.warning("redis out of reach", event_id=7)`."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, message: str, **fields: Any) -> None:
        """Logs what happened as planned."""
        self._logger.log(logging.INFO, message, extra={"fields": fields}, stacklevel=2)

    def warning(self, message: str, **fields: Any) -> None:
        """Logs what went wrong and will be tried again."""
        self._logger.log(logging.WARNING, message, extra={"fields": fields}, stacklevel=2)

    def throttled_warning(self, message: str, **fields: Any) -> None:
        """Logs a warning that requests can cause by the million: one line a second and kind (`log_floods`)."""
        extra = {"fields": fields, "throttled": True}
        self._logger.log(logging.WARNING, message, extra=extra, stacklevel=2)

    def error(self, message: str, **fields: Any) -> None:
        """Logs what an operator must look at."""
        self._logger.log(logging.ERROR, message, extra={"fields": fields}, stacklevel=2)

    def exception(self, message: str, **fields: Any) -> None:
        """Logs the exception that is being handled, with its traceback."""
        self._logger.log(logging.ERROR, message, exc_info=True, extra={"fields": fields}, stacklevel=2)


def get_logger(name: str) -> StructuredLogger:
    """Returns the logger of a module: `get_logger(__name__)`.

    Called like structlog's, which would cost 2 to 4 µs more for each line (it takes 21 µs), and one line is written for
    every batch of registrations.
    """
    return StructuredLogger(name)
