"""Django's PostgreSQL backend, for servers that are full for the moment, shut down, demoted, or frozen.

full      each process uses few connections at a time (`omnify.bulkheads`), and each role has its share
          (`omnify.common.database_roles`). Where the shares are small, two processes may ask for the last one at once:
          the second gets it some milliseconds later, so it asks again instead of telling its client that the service is
          out of reach
demoted   a session that can no longer write is closed, so that the next one is opened on the server that can
frozen    see `omnify.postgres.watchdog`
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import psycopg2
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from omnify.common.logs import get_logger
from omnify.common.stray_output import printed_lines_go_to
from omnify.postgres.watchdog import REPLY_SECONDS, Watchdog

logger = get_logger(__name__)
_watchdog = Watchdog()

TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.02
# What the server says before a login comes without an SQLSTATE, and in English: see `lc_messages`.
_ALL_IN_USE = ("too many connections", "remaining connection slots", "too many clients")
# The session is of no more use, though the connection may seem to be: read_only_sql_transaction (its server has been
# demoted, or fenced), admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout.
SESSION_OVER = frozenset({"25006", "57P01", "57P02", "57P03", "57P04", "57P05"})


class AllConnectionsInUse(psycopg2.OperationalError):
    """No connection became free in time."""


def _log(line: str) -> None:
    logger.throttled_warning("libpq printed a line", text=line)


class _Errors(DatabaseErrorWrapper):
    """Around every call to the database: turns psycopg2's exceptions into Django's, and notes what is waited for.

    The end of a session is always an OperationalError: psycopg2 calls a read-only one an InternalError, which nothing
    takes for an outage.
    """

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        super().__init__(wrapper)
        self._wrapper = wrapper

    def __enter__(self) -> None:
        """Notes that a call begins."""
        self._wrapper.waiting_since = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Notes that it has ended, and raises Django's exception for psycopg2's."""
        self._wrapper.waiting_since = None
        if problem is None or kind is None:
            return
        if isinstance(problem, psycopg2.Error) and self._session_is_over(problem):
            self._wrapper.close()
            raise OperationalError(*problem.args).with_traceback(trace) from problem
        super().__exit__(kind, problem, trace)

    def _session_is_over(self, problem: psycopg2.Error) -> bool:
        connection = self._wrapper.connection
        # psycopg2 marks a connection that broke as closed, with or without a last word of the server's.
        return problem.pgcode in SESSION_OVER or bool(connection is not None and connection.closed)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, except for what the module's first lines say.

    Attributes:
        waiting_since: when the call under way was made (monotonic seconds); None between calls.
        reply_seconds: how long the server may take for one; None: any time.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waiting_since: float | None = None
        self.reply_seconds: float | None = REPLY_SECONDS

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        """Returns what stands around every call."""
        return _Errors(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connects. Raises psycopg2.OperationalError as psycopg2 does, and AllConnectionsInUse."""
        _watchdog.watch(self)
        until = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                with printed_lines_go_to(_log):
                    return super().get_new_connection(conn_params)
            except psycopg2.OperationalError as problem:
                if not any(text in str(problem) for text in _ALL_IN_USE):
                    raise
                if time.monotonic() > until:
                    raise AllConnectionsInUse from problem
            time.sleep(_PAUSE_SECONDS)
