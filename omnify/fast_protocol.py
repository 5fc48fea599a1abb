"""Connections that answer plain requests for the hot routes themselves, and leave everything else to gunicorn.

A connection is in one of three states:

    IDLE       nothing is under way. What comes is looked at: a plain request (`omnify.recognizer`) is answered through
               `events.door.fast_path`; the beginning of one is held for a moment; anything else is gunicorn's
    ANSWERING  a plain request is being answered. What comes meanwhile is held, so answers keep the order of requests
    GUNICORN   gunicorn has bytes of a request, and gets all that follows, until it waits for a next request of which
               nothing has come

gunicorn gets every byte unchanged and in order, and so applies its own limits, times and errors.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from typing import Any

from events.door.fast_path import FastPath
from events.door.responses import Response, header_lines
from omnify.protocol import Protocol
from omnify.recognizer import INCOMPLETE, PlainPoll, PlainRegistration, recognize

# The beginning of a plain request is given to gunicorn after so many pieces, or so many seconds.
MAX_PIECES = 4
HELD_SECONDS = 1.0
# As many bytes as gunicorn holds for a connection. Then nothing is read until the request before is answered.
MAX_HELD_BYTES = 256 * 1024


class State(Enum):
    """Whose turn it is."""

    IDLE = "idle"
    ANSWERING = "answering"
    GUNICORN = "gunicorn"


# Looking a member up in its class costs four times as much, and a request does it six times.
IDLE, ANSWERING, GUNICORN = State


class FastProtocol(Protocol):
    """One connection. To `FastPath` it is the `Connection` of the client."""

    peer = ""
    _fast_path: FastPath | None = None
    _state = GUNICORN
    _common = b""
    _common_by_origin: Mapping[bytes | None, bytes] | None = None  # where pages of other origins may ask
    _held = b""
    _pieces = 0
    _hold_timer: asyncio.TimerHandle | None = None
    _request_begun = False  # gunicorn has bytes of a request that has not come whole

    def connection_made(self, transport: Any) -> None:
        """Finds out whether this port serves the hot routes on the fast path."""
        super().connection_made(transport)
        find = getattr(self.worker.asgi, "fast_path_on", None)
        self._fast_path = find(_port(transport)) if find is not None and not self._closed else None
        if self._fast_path is not None:
            self._common = self.worker.asgi.fast_path_lines
            self._common_by_origin = self.worker.asgi.fast_path_lines_by_origin
            peer = transport.get_extra_info("peername")
            self.peer = peer[0] if isinstance(peer, tuple) else ""
            self._state = IDLE

    def data_received(self, data: bytes) -> None:
        """Answers a plain request, or gives the bytes to gunicorn."""
        if self._closed:
            return
        if self._state is IDLE:
            self._look_at(self._held + data if self._held else data)
        elif self._state is ANSWERING:
            self._held += data
            if len(self._held) > MAX_HELD_BYTES:
                self._pause_reading()
        else:
            super().data_received(data)

    def eof_received(self) -> None:
        """Gives gunicorn what is held: no more will come."""
        if self._held and self._state is IDLE and not self._closed:
            self._give_to_gunicorn(self._held)
        super().eof_received()

    def _look_at(self, data: bytes) -> None:
        # A client that does not read its responses gets no more of them: gunicorn waits until it does.
        found = None if self._flow_control.write_paused else recognize(data)
        if found is INCOMPLETE:
            self._hold(data)
        elif found is None:
            self._give_to_gunicorn(data)
        else:
            self._answer(found)

    def _answer(self, request: PlainRegistration | PlainPoll) -> None:
        fast_path = self._fast_path
        assert fast_path is not None
        self._state = ANSWERING
        self._cancel_keepalive_timer()
        if self._held:
            self._release_held()
        by_origin = self._common_by_origin
        if by_origin is not None:
            self._common = by_origin.get(request.headers.get(b"origin"), by_origin[None])
        if isinstance(request, PlainRegistration):
            fast_path.register(self, request.event_id, request.headers, request.body)
        else:
            fast_path.status(self, request.ticket_id, request.headers)

    def _hold(self, data: bytes) -> None:
        self._held = data
        self._pieces += 1
        if self._pieces > MAX_PIECES:
            self._give_to_gunicorn(data)
        elif self._hold_timer is None:
            self._hold_timer = self.worker.loop.call_later(HELD_SECONDS, self._held_too_long)

    def _held_too_long(self) -> None:
        self._hold_timer = None
        if self._held and self._state is IDLE and not self._closed:
            self._give_to_gunicorn(self._held)

    def _release_held(self) -> None:
        self._held = b""
        self._pieces = 0
        if self._hold_timer is not None:
            self._hold_timer.cancel()
            self._hold_timer = None

    def _give_to_gunicorn(self, data: bytes) -> None:
        self._release_held()
        self._state = GUNICORN
        super().data_received(data)

    def send(self, response: Response) -> None:
        """Sends the response to a plain request, and goes on with what has come meanwhile."""
        if self._closed:
            return
        worker = self.worker
        worker.nr += 1
        if worker.nr >= worker.max_requests:
            worker.alive = False
        # The connection ends with the response where gunicorn would end it: before a stop.
        self._safe_write(_as_bytes(response, self._common, closing=not worker.alive))
        if not worker.alive:
            self._close_transport()
            self._request_ready.set()
            return
        self._state = IDLE
        Protocol._arm_keepalive_timer(self)
        if self._held:
            held = self._held
            self._release_held()
            self._resume_reading()
            self._look_at(held)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return bool(self._closed)

    def _feed_callback_parser(self, data: bytes) -> bool:
        self._request_begun = True
        return super()._feed_callback_parser(data)

    def _on_message_complete(self) -> None:
        self._request_begun = False
        super()._on_message_complete()

    def _arm_keepalive_timer(self) -> None:
        """Notes that gunicorn begins to wait for the next request."""
        super()._arm_keepalive_timer()
        if self._state is GUNICORN and self._fast_path is not None and not self._request_begun:
            self._state = IDLE

    def connection_lost(self, exc: Exception | None) -> None:
        """Drops what is held."""
        super().connection_lost(exc)
        self._release_held()


def _port(transport: Any) -> int | None:
    """Returns the port of the connection; None for a Unix socket."""
    address = transport.get_extra_info("sockname")
    return address[1] if isinstance(address, tuple) else None


class _Clock:
    """The headers that gunicorn puts behind those of the application, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._lines = b""

    def lines(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._lines = f"Server: gunicorn/asgi\r\nDate: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._lines


_clock = _Clock()
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def _as_bytes(response: Response, common: bytes, *, closing: bool) -> bytes:
    """Renders the whole response, as gunicorn would write it; `common` has the header lines of every response."""
    end = b"Connection: close\r\n\r\n" if closing else b"\r\n"
    lines = header_lines(response)
    return b"".join((_STATUS_LINES[response.status], lines, common, _clock.lines(), end, response.body))
