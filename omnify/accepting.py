"""Accepting connections so that the processes of a service have about the same number of them.

The processes share one listening socket, and the kernel wakes all of them for a connection. Left to the event loop, the
first one that runs takes all that wait. Of 32 connections one process then had 4 to 15 and the other the rest, and an
admission costs most where few share a batch. Here a process takes one connection in a turn of its loop, and while it
has clearly more than another, lets the others go first for a moment. Numbers of connections are in shared memory.
"""

from __future__ import annotations

import asyncio
import mmap
import socket
from collections.abc import Callable
from ssl import SSLContext

from omnify.common.logs import get_logger

logger = get_logger(__name__)

# How long the others go first. If connections go on waiting, the others hang or are replaced, and no time is given any
# more until one of them accepts.
YIELD_SECONDS = 0.002
MOST_YIELDS = 25
# When the process may open no more files.
ERROR_SECONDS = 1.0
# Processes of one gunicorn, those that a reload replaces included.
PLACES = 128

_FREE = 0xFFFF_FFFF
_ABSENT = 0xFFFF_FFFE


class Loads:
    """How many connections each process has. Made before the processes are forked, which share the memory."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, PLACES * 4)).cast("I")
        for place in range(PLACES):
            self._counts[place] = _FREE

    def take(self) -> int | None:
        """Finds a place for a new process; None if there is none left. Only the parent calls it."""
        for place, count in enumerate(self._counts):
            if count == _FREE:
                self._counts[place] = _ABSENT
                return place
        return None

    def give_back(self, place: int) -> None:
        """Frees the place of a process that has ended."""
        self._counts[place] = _FREE

    def set(self, place: int, connections: int) -> None:
        """Notes that the process at this place accepts connections, and has so many."""
        self._counts[place] = connections

    def leave(self, place: int) -> None:
        """Notes that the process at this place accepts no more connections."""
        self._counts[place] = _ABSENT

    def is_ahead(self, place: int) -> bool:
        """Tells whether the process at this place has clearly more connections than another that accepts some."""
        mine = self._counts[place]
        return mine > min(self._counts) + mine // 8


class Acceptor:
    """Accepts the connections of one listening socket. To gunicorn it is the `asyncio.Server`.

    `connections` counts those of the process, `place` is the process's in `loads`.
    """

    def __init__(
        self,
        listener: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        *,
        ssl: SSLContext | None,
        connections: Callable[[], int],
        loads: Loads,
        place: int | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._make_protocol = make_protocol
        self._ssl = ssl
        self._connections = connections
        self._loads = loads
        self._place = place
        self._opening: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._yields = 0  # since a connection was last taken by another process, or this one was not ahead
        self._listen()

    def close(self) -> None:
        """Takes what waits, and stops accepting. Once every process has, the system refuses connections, and a balancer
        tries elsewhere. What still waits when the socket closes would be reset, after its request was sent perhaps."""
        self._loop.remove_reader(self._listener)
        while self._accept():
            pass
        if self._pause is not None:
            self._pause.cancel()
        self._listener.close()
        if self._place is not None:
            self._loads.leave(self._place)

    async def wait_closed(self) -> None:
        """Waits until what was accepted is open."""
        await asyncio.gather(*self._opening)

    def _listen(self) -> None:
        self._publish()
        self._loop.add_reader(self._listener, self._on_waiting)

    def _on_waiting(self) -> None:
        self._publish()
        if self._place is None or not self._loads.is_ahead(self._place):
            self._yields = 0
        elif self._yields < MOST_YIELDS:
            self._yields += 1
            self._listen_in(YIELD_SECONDS)
            return
        self._accept()

    def _publish(self) -> None:
        if self._place is not None:
            self._loads.set(self._place, self._connections() + len(self._opening))

    def _listen_in(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, self._after_pause)

    def _after_pause(self) -> None:
        self._pause = None
        self._listen()
        self._accept()

    def _accept(self) -> bool:
        """Takes the next connection, if one waits. Returns whether another may."""
        try:
            connection, _ = self._listener.accept()
        except ConnectionAbortedError:
            return True
        except (BlockingIOError, InterruptedError):
            self._yields = 0
            return False
        except OSError as problem:
            logger.throttled_warning("no connection can be accepted", problem=type(problem).__name__)
            self._listen_in(ERROR_SECONDS)
            return False
        connection.setblocking(False)
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        self._publish()
        return True

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection, ssl=self._ssl)
        except OSError:
            # The client has gone already, or speaks no TLS.
            connection.close()
