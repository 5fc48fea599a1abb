"""gunicorn's ASGI worker, with the limits on connections that it lacks.

gunicorn 27 limits the request line and the header fields in size and number, and the time until a kept connection has
sent its next request. What it lacks, and this adds:

    connections    it ignores `worker_connections`; here a connection over the limit gets 503 and is closed
    first request  its timer starts with the second request; a client that sends nothing, or a header byte now and
                   then, would keep its connection open without limit
    backlog        its event loop lets only 100 connections wait to be accepted
    responses      it waits without limit for a client that does not read its response
    bad requests   it answers in plain text what it cannot parse, and lets some of it through as an exception
    log            it writes another format

Bodies are limited in time by `omnify.common.request_body`, where the client can still be answered.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from gunicorn import glogging
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.http.errors import InvalidHeader
from gunicorn.workers import gasgi

from omnify.common.envelope import Code, failure
from omnify.common.log_floods import OncePerSecond, capture_the_rest
from omnify.common.logs import JsonFormatter, JsonHandler, get_logger

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
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    )
    return "\r\n".join([*head, "", ""]).encode() + body


FULL = _refusal(503, [("Retry-After", str(_RETRY_SECONDS))])


class Protocol(ASGIProtocol):
    """One connection."""

    _unread_timer: asyncio.TimerHandle | None = None

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
        self._safe_write(_refusal(status, extra_headers))

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
        """Stops the timer: the connection is closed."""
        super().connection_lost(exc)
        self._stop_unread_timer()

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


class Logger(glogging.Logger):
    """gunicorn's own log in the format of ours."""

    def setup(self, cfg: Any) -> None:
        """Replaces gunicorn's handlers by ours."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        ours = JsonHandler()
        ours.setFormatter(JsonFormatter())
        ours.addFilter(OncePerSecond())
        self.error_log.addHandler(ours)


class Worker(gasgi.ASGIWorker):
    """gunicorn's ASGI worker, with `Protocol` for its connections."""

    def init_process(self) -> None:
        """Starts the worker in its own process."""
        capture_the_rest()
        # The worker looks its protocol up in this global; there is no setting for it.
        gasgi.ASGIProtocol = Protocol
        super().init_process()

    def run(self) -> None:
        """Serves until it is told to stop.

        The event loop would set the queue of connections not yet accepted to its default of 100, whatever `backlog`
        says. The kernel drops connections over that, and a client tries again after one, three and seven seconds.
        """
        self.loop.create_server = partial(self.loop.create_server, backlog=self.cfg.backlog)
        super().run()

    def handle_exit_signal(self) -> None:
        """Ends streams and long polls first: otherwise the stop would wait `graceful_timeout` for them."""
        super().handle_exit_signal()
        # The benchmark's baselines run in this worker too, and have no such method.
        if hasattr(self.asgi, "disconnect_watchers"):
            self.asgi.disconnect_watchers()
