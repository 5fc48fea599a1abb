"""Forgets old deliveries: a thread of every deliver worker. Several at once only find less to do."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection

from events.ledger.deliveries import purge
from omnify.logs import log

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 600.0
# One statement's worth, well within the statement timeout.
CHUNK = 5000
REST_SECONDS = 0.2


def keep_forgetting(stop: threading.Event, *, days: int) -> None:
    """Purges what is older than `days`, in chunks, until `stop` is set."""
    while not stop.is_set():
        try:
            while purge(before=datetime.now(UTC) - timedelta(days=days), limit=CHUNK) and not stop.wait(REST_SECONDS):
                pass
        except (DatabaseError, InterfaceError) as problem:
            log(logger, logging.WARNING, "old deliveries were not purged", problem=type(problem).__name__)
        finally:
            connection.close()
        stop.wait(INTERVAL_SECONDS)
