"""Cuts connections whose server has stopped to reply.

libpq waits for a reply without an end. A dead host is found out by TCP, but a frozen server's kernel goes on
acknowledging, and a commit waits for a synchronous standby however long that is away. So a thread looks at what each
connection waits for, and shuts down the socket of one that has waited too long: its caller gets the OperationalError of
a broken connection, and opens another one, to the server that takes writes now.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from contextlib import suppress
from typing import Any, Protocol

from omnify.common.logs import get_logger

logger = get_logger(__name__)

# Longer than any statement may take (`omnify.common.database_roles`).
REPLY_SECONDS = 20.0
_LOOK_SECONDS = 1.0


class Watched(Protocol):
    """A connection of Django's: since when it waits (monotonic seconds, None if it does not), and how long it may."""

    connection: Any
    waiting_since: float | None
    reply_seconds: float | None


class Watchdog:
    """The connections of this process, and the thread that looks at them. It starts with the first connection."""

    def __init__(self, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._watched: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._pid = 0

    def watch(self, connection: Watched) -> None:
        """Looks at this connection from now on, until it is no longer used."""
        with self._lock:
            self._watched.add(connection)
            # A forked process inherits the connections' objects, but no thread.
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(self._look_seconds)
            with self._lock:
                watched = list(self._watched)
            for connection in watched:
                cut_if_overdue(connection)


def cut_if_overdue(watched: Watched) -> bool:
    """Shuts down the socket of a connection that has waited for longer than it may. Returns whether it did."""
    since, limit = watched.waiting_since, watched.reply_seconds
    if since is None or limit is None or time.monotonic() - since < limit:
        return False
    # The socket's owner closes it: closing it here could hit another file of the same number.
    with suppress(Exception), socket.socket(fileno=os.dup(watched.connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
        logger.throttled_warning("the database did not reply, and its connection was cut", seconds=limit)
        return True
    return False
