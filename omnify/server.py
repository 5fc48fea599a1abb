"""gunicorn's ASGI worker, with the limits on connections that it lacks.

What gunicorn 27 has by itself: sizes of the request line and of header fields, how many of them, and a time after
which a kept connection must have sent its next request. What it does not have, and this adds:

    how many       it reads `worker_connections` and never looks at it: past it a connection is told 503 and closed
    first request  its timer starts with a connection's second request: a client that opens connections and sends
                   nothing, or a header byte now and then, would keep them for ever
    a crowd        its loop lets only 100 connections wait to be taken
    answers        it waits without end for a client that does not read its answer
    refusals       it says in plain text what it cannot parse, and lets some of it through as an exception
    its log        which has a form of its own

Bodies have their time in `omnify.common.request_body` and `omnify.django_app`, where it can be said in an answer.
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

# A client whose buffers are full and that takes nothing for this long is not there any more.
UNREAD_SECONDS = 20.0
_RETRY_SECONDS = 2
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: drop what the kernel still holds for the client


# What a request that never reaches an application is told.
_REFUSALS = {
    400: (Code.INVALID, "The request cannot be understood."),
    414: (Code.INVALID, "The address is too long."),
    426: (Code.INVALID, "This protocol is not spoken here."),
    431: (Code.INVALID, "The headers are too long, or too many."),
    501: (Code.INVALID, "This way to send a body is not supported."),
    503: (Code.UNAVAILABLE, "Too many connections. Try again."),
}
_OURS = (Code.INTERNAL_ERROR, "Something went wrong on our side.")


def _refusal(status: int, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    code, message = _REFUSALS.get(status, _OURS)
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

    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Turns the connection away if there are too many, else gives it a time for its first request."""
        super().connection_made(transport)
        if self.worker.nr_conns > self.worker.worker_connections:
            transport.write(FULL)
            self._close_transport()
        else:
            # Stopped like those of later requests, once a request's head is complete.
            self._arm_keepalive_timer()

    def data_received(self, data: bytes) -> None:
        """Reads no request from a connection that is about to be closed."""
        if not self._closed:
            super().data_received(data)

    def _on_headers_complete(self) -> bool:
        """Refuses what names no host (RFC 9112, section 3.2), which gunicorn lets through."""
        more = bool(super()._on_headers_complete())
        request = self._current_request
        if request.version >= (1, 1) and not any(name == b"host" for name, _ in request.headers_bytes):
            raise InvalidHeader("Host")
        return more

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Reads a head. One that makes the parser itself fail (a Content-Length of thousands of digits) is refused
        like those that it knows, instead of ending the connection with a traceback."""
        try:
            return bool(super()._feed_callback_parser(data))
        except Exception as problem:
            logger.throttled_warning("a request could not be parsed", problem=type(problem).__name__)
            self._send_error_response(400, "")
            self._close_transport()
            return False

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        """What gunicorn says where no application is asked: in the standard shape, without a word of the request."""
        self._safe_write(_refusal(status, extra_headers))

    def pause_writing(self) -> None:
        """The client does not take what it is sent: it has some time to go on."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """It goes on."""
        super().resume_writing()
        self._forget_unread()

    def _close_transport(self) -> None:
        # What waits to be sent is sent first, to a client that may never take it.
        if self.transport and not self._closed and self.transport.get_write_buffer_size():
            self._expect_reading()
        super()._close_transport()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        super().connection_lost(exc)
        self._forget_unread()

    def _expect_reading(self) -> None:
        self._forget_unread()
        self._unread = self.worker.loop.call_later(UNREAD_SECONDS, self._drop)

    def _drop(self) -> None:
        peer = self.transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class Logger(glogging.Logger):
    """gunicorn's own log in the form of ours."""

    def setup(self, cfg: Any) -> None:
        """Puts one handler in the place of gunicorn's."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        ours = JsonHandler()
        ours.setFormatter(JsonFormatter())
        ours.addFilter(OncePerSecond())
        self.error_log.addHandler(ours)


class Worker(gasgi.ASGIWorker):
    """gunicorn's, with connections of our kind."""

    def init_process(self) -> None:
        """Begins to work, in a process of its own."""
        capture_the_rest()
        # The worker names its protocol by this global, and offers no other way to choose one.
        gasgi.ASGIProtocol = Protocol
        super().init_process()

    def run(self) -> None:
        """Serves until it is told to stop.

        The loop shortens the queue of connections that nobody has taken yet to its own default of 100, whatever
        `backlog` says. Past it the kernel drops what comes, and a client tries again after a second, three, seven.
        """
        self.loop.create_server = partial(self.loop.create_server, backlog=self.cfg.backlog)
        super().run()

    def handle_exit_signal(self) -> None:
        """Told to stop: whoever waits for news is let go, or the stop would wait `graceful_timeout` for them."""
        super().handle_exit_signal()
        # Other applications run in this worker too: the bench's baselines.
        if hasattr(self.asgi, "disconnect_watchers"):
            self.asgi.disconnect_watchers()
