"""gunicorn's HTTP/1.1 connections, with the limits that they lack.

gunicorn 27 limits the request line and the header fields in size and number, and the time until a kept connection has
sent its next request. What it lacks, and this adds:

    connections    it ignores `worker_connections`; here a connection over the limit gets 503 and is closed
    first request  its timer starts with the second request; a client that sends nothing, or a header byte now and
                   then, would keep its connection open without limit
    responses      it waits without limit for a client that does not read its response
    end            it keeps a connection although the application's response says `Connection: close` (RFC 9112, 9.6)
    pipelines      it reads any number of requests that a client sends ahead, into memory
    bad requests   it answers in plain text what it cannot parse, and lets some of it through as an exception
    idle timer     it makes a timer for every request; here one timer per connection looks after all of them

Bodies are limited in time by `omnify.common.request_body`, where the client can still be answered.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.http.errors import InvalidHeader

from omnify.common.envelope import HELP_LINKS, Code, failure
from omnify.common.logs import get_logger
from omnify.versions import CURRENT

logger = get_logger(__name__)

# A client whose buffers are full and that reads nothing for this long is disconnected.
UNREAD_SECONDS = 20.0
_RETRY_SECONDS = 2
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: drop what the kernel still holds for the client


# Responses to requests that reach no application.
_REFUSALS = {
    400: (Code.INVALID, "The request cannot be understood."),
    414: (Code.INVALID, "The address is too long."),
    426: (Code.INVALID, "This protocol is not spoken here."),
    431: (Code.INVALID, "The headers are too long, or too many."),
    501: (Code.INVALID, "This way to send a body is not supported."),
    503: (Code.UNAVAILABLE, "Too many connections. Try again."),
}
_INTERNAL_ERROR = (Code.INTERNAL_ERROR, "Something went wrong on our side.")


def _refusal(status: int, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    code, message = _REFUSALS.get(status, _INTERNAL_ERROR)
    body = msgspec.json.encode(failure(code, message))
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Link: {HELP_LINKS[code]}",
        f"Omnify-Version: {CURRENT}",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    )
    return "\r\n".join([*head, "", ""]).encode() + body


FULL = _refusal(503, [("Retry-After", str(_RETRY_SECONDS))])


class Protocol(ASGIProtocol):
    """One connection."""

    # Of each refusal here, set once when the application is loaded: without CORS a page elsewhere learns of none.
    refusal_headers: Sequence[tuple[str, str]] = ()
    _unread_timer: asyncio.TimerHandle | None = None
    _keepalive_handle: asyncio.TimerHandle | None
    _says_close = False  # the response that was begun last
    _idle_until: float | None = None  # by the loop's clock, in seconds; None while a request is under way

    def connection_made(self, transport: Any) -> None:
        """Refuses the connection if there are too many; otherwise starts the timer for its first request."""
        super().connection_made(transport)
        if self.worker.nr_conns > self.worker.worker_connections:
            transport.write(FULL)
            self._close_transport()
        else:
            # gunicorn stops it once the request's head is complete, as it does for later requests.
            self._arm_keepalive_timer()

    def data_received(self, data: bytes) -> None:
        """Ignores data on a connection that is being closed."""
        if not self._closed:
            super().data_received(data)

    def _on_headers_complete(self) -> bool:
        """Refuses a request without a Host header (RFC 9112, section 3.2), which gunicorn accepts."""
        more = bool(super()._on_headers_complete())
        request = self._current_request
        if request.version >= (1, 1) and not any(name == b"host" for name, _ in request.headers_bytes):
            raise InvalidHeader("Host")
        return more

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Parses the head of a request. If the parser itself fails (on a Content-Length of thousands of digits, say),
        the request gets 400 like other bad ones, and not a closed connection and a traceback."""
        try:
            return bool(super()._feed_callback_parser(data))
        except Exception as problem:
            logger.throttled_warning("a request could not be parsed", problem=type(problem).__name__)
            self._send_error_response(400, "")
            self._close_transport()
            return False

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        """Sends gunicorn's own error responses in the standard shape. They quote nothing of the request."""
        self._safe_write(_refusal(status, (*self.refusal_headers, *extra_headers)))

    def _send_response_start(self, status: int, headers: Any, request: Any, close: bool = False) -> None:
        self._says_close = any(name.lower() == b"connection" and value.lower() == b"close" for name, value in headers)
        super()._send_response_start(status, headers, request, close)

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        """Answers a request. Returns whether the connection is kept."""
        return bool(await super()._serve_http_request(request, sockname, peername)) and not self._says_close

    def _resume_reading(self) -> None:
        """Reads on, unless enough has been read. gunicorn reads on after every response, and so takes in any number of
        requests that a client sends without waiting for responses."""
        if self._http1_buffered() <= self._max_buffer_size // 2:
            super()._resume_reading()

    def pause_writing(self) -> None:
        """Starts the timer for a client that does not read its response."""
        super().pause_writing()
        self._start_unread_timer()

    def resume_writing(self) -> None:
        """Stops the timer: the client reads again."""
        super().resume_writing()
        self._stop_unread_timer()

    def _close_transport(self) -> None:
        # Unsent data is sent before the connection closes, to a client that may never read it.
        if self.transport and not self._closed and self.transport.get_write_buffer_size():
            self._start_unread_timer()
        super()._close_transport()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the timers: the connection is closed."""
        super().connection_lost(exc)
        self._stop_unread_timer()
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
            self._keepalive_handle = None

    def _arm_keepalive_timer(self) -> None:
        """Has the connection closed if no request comes in time."""
        self._idle_until = self.worker.loop.time() + self._keepalive
        if self._keepalive_handle is None:
            self._keepalive_handle = self.worker.loop.call_at(self._idle_until, self._check_idle)

    def _cancel_keepalive_timer(self) -> None:
        """Notes that a request has come. The timer goes on: restarting it costs more than looking at it once."""
        self._idle_until = None

    def _check_idle(self) -> None:
        self._keepalive_handle = None
        if self._idle_until is None or self._closed:
            return
        if self.worker.loop.time() < self._idle_until:
            self._keepalive_handle = self.worker.loop.call_at(self._idle_until, self._check_idle)
        else:
            self._keepalive_timeout()

    def _start_unread_timer(self) -> None:
        self._stop_unread_timer()
        self._unread_timer = self.worker.loop.call_later(UNREAD_SECONDS, self._drop)

    def _drop(self) -> None:
        peer = self.transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
