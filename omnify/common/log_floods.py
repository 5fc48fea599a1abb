"""Keeps the log short and in one form, whatever a client sends and whatever a library writes.

What one request can cause, a million can. So a complaint of a library, any exception, and every `throttled_warning`
is written once a second and kind; the next line of its kind says how many were left out. Its kind is where in the code
it was written and what exception it tells of, never its text, which a client may choose.
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
# Django says there what a client did wrong (a bad Host, say), as if it were our failure.
_CLIENTS_FAULT = "django.security"
_TEXT_MAX = 300

logger = logging.getLogger(__name__)


class ClientsFault(logging.Filter):
    """Makes one short warning of what Django logs as an error with a traceback, though a client did it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets it through."""
        if record.name.startswith(_CLIENTS_FAULT):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = record.getMessage()[:_TEXT_MAX], ()
            record.exc_info = record.exc_text = None
        return True


class OncePerSecond(logging.Filter):
    """Lets the first line of a kind through, and the next one a second later."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[tuple[Any, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
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
    """What we say ourselves, unless it is an exception or a `throttled_warning`."""
    ours = record.name.partition(".")[0] in _OURS
    return ours and not record.exc_info and not getattr(record, "throttled", False)


def _kind(record: logging.LogRecord) -> tuple[Any, ...]:
    return record.name, record.pathname, record.lineno, record.exc_info[0] if record.exc_info else None


def capture_the_rest() -> None:
    """Logs what Python would print: warnings, and exceptions that nothing catches. For processes that serve."""
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda found: _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    sys.unraisablehook = lambda found: _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)


def _log_uncaught(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, (KeyboardInterrupt, SystemExit)):
        found = (kind, problem, trace) if problem is not None else None
        logger.critical("an exception that nothing caught: %s", kind.__name__, exc_info=found)
