"""Connecting to a PostgreSQL whose connections are all in use for the moment.

Each process uses few at a time (`omnify.bulkheads`), and each role has its share
(`omnify.common.database_roles`). Where the shares are small, two processes may ask for the last one
at once: the second gets it some milliseconds later, so it asks again instead of telling its client that the service is
out of reach.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg2
from django.db.backends.postgresql import base

from omnify.common.logs import get_logger
from omnify.common.stray_output import printed_lines_go_to

logger = get_logger(__name__)

TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.02
# What the server says before a login comes without an SQLSTATE, and in English: see `lc_messages`.
_ALL_IN_USE = ("too many connections", "remaining connection slots", "too many clients")


class AllConnectionsInUse(psycopg2.OperationalError):
    """No connection became free in time."""


def _log(line: str) -> None:
    logger.throttled_warning("libpq printed a line", text=line)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, except that connecting waits for a free connection."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connects. Raises psycopg2.OperationalError as psycopg2 does, and AllConnectionsInUse."""
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
