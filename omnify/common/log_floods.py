"""Limits how many lines clients and libraries can cause in the log, and gives all of them one format.

A warning of a library, any exception and every `throttled_warning` is logged at most once a second for each kind; the
next line of the kind says how many were left out. The kind is the place in the code and the type of the exception, not
the text, which may come from a client.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

SECONDS = 1.0
_KINDS = 1000
_OURS = ("omnify", "events", "worker")
# Django logs there what a client did wrong (a bad Host, say) as an error with a traceback.
_CLIENTS_FAULT = "django.security"
_TEXT_MAX = 300

logger = logging.getLogger(__name__)


class ClientsFault(logging.Filter):
    """Turns what Django logs as an error, though a client caused it, into one short warning."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shortens the record if a client caused it. Every record passes."""
        if record.name.startswith(_CLIENTS_FAULT):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = record.getMessage()[:_TEXT_MAX], ()
            record.exc_info = record.exc_text = None
        return True


class OncePerSecond(logging.Filter):
    """Lets one line of each kind pass in a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[tuple[Any, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tells whether the line is written."""
        if record.levelno < logging.WARNING or _is_rare(record):
            return True
        now, kind = self._clock(), _kind(record)
        with self._lock:
            written, left_out = self._kinds.get(kind, (now - SECONDS, 0))
            if now - written < SECONDS:
                self._kinds[kind] = (written, left_out + 1)
                return False
            if len(self._kinds) >= _KINDS:
                self._kinds.clear()
            self._kinds[kind] = (now, 0)
        if left_out:
            record.fields = {**getattr(record, "fields", {}), "left_out": left_out}
        return True


def _is_rare(record: logging.LogRecord) -> bool:
    """Tells whether the line is ours, and neither an exception nor a `throttled_warning`."""
    ours = record.name.partition(".")[0] in _OURS
    return ours and not record.exc_info and not getattr(record, "throttled", False)


def _kind(record: logging.LogRecord) -> tuple[Any, ...]:
    return record.name, record.pathname, record.lineno, record.exc_info[0] if record.exc_info else None


def capture_the_rest() -> None:
    """Logs what Python would print: warnings and uncaught exceptions. For long-running processes."""
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda found: _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    sys.unraisablehook = lambda found: _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)


def _log_uncaught(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, (KeyboardInterrupt, SystemExit)):
        found = (kind, problem, trace) if problem is not None else None
        logger.critical("an exception that nothing caught: %s", kind.__name__, exc_info=found)
