"""Logs: one JSON object a line, to standard error.

A ticket id is the key to its ticket, so no line holds one: the first eight characters after the dash, `ticket_ref`,
name it well enough to follow it from the door (`admitted`) to its decision (`decided`). No line holds a token, a
secret, a name or an e-mail address.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
# A ticket id as `events.domain.tickets` makes it: event, key and MAC. Libraries log the paths of requests that fail.
_TICKET = re.compile(r"\b([0-9]{1,18}-[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{20}(?![A-Za-z0-9_-])")


class JsonFormatter(logging.Formatter):
    """Renders a record as `{"time", "level", "logger", "message", ...}` with the fields that `log` was given."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _TICKET.sub(r"\1…", _encoder.encode(line).decode())


def logging_config(level: str) -> dict[str, Any]:
    """The `dictConfig` of every process of the service."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "omnify.logs.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django repeats every refused request; the door and the API answer them in the standard shape instead.
            "django.request": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
        },
    }


def log(logger: logging.Logger, level: int, message: str, **fields: Any) -> None:
    """One line with fields that a program can search."""
    logger.log(level, message, extra={"fields": fields})
