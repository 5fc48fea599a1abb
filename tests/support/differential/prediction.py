"""How many answers gunicorn's own parser expects for some bytes, so that a made-up case knows what to wait for.

It also tells cases whose outcome is a matter of time. A request that is answered without its body (a poll) is answered
as soon as its head is there, and the connection ends if the body has not come by then: in such a case two equal
services differ, whatever way they take.
"""

from __future__ import annotations

from collections.abc import Iterable

from gunicorn.asgi.parser import CallbackRequest, ParseError, PythonProtocol
from gunicorn.http.errors import ParseException

from omnify import gunicorn_conf

_LIMITS = {
    "limit_request_line": gunicorn_conf.limit_request_line,
    "limit_request_fields": gunicorn_conf.limit_request_fields,
    "limit_request_field_size": gunicorn_conf.limit_request_field_size,
}


class Unpredictable(Exception):
    """The outcome depends on when bytes come."""


def count_answers(pieces: Iterable[bytes]) -> list[int]:
    """How many answers follow each piece that is sent by itself. Raises Unpredictable."""
    connection = _Connection()
    return [connection.answers_to(piece) for piece in pieces]


class _Connection:
    """What gunicorn's connection does with bytes, without an application."""

    def __init__(self) -> None:
        self._parser = PythonProtocol(on_headers_complete=self._on_headers_complete, **_LIMITS)
        self._request: CallbackRequest | None = None
        self._ended = False

    def answers_to(self, data: bytes) -> int:
        count = 0
        while data and not self._ended:
            try:
                self._parser.feed(data)
            except (ParseError, ParseException):
                self._ended = True
                return count + 1
            if not self._parser.is_complete:
                break
            count += 1
            data = self._next_request()
        if self._request is not None and not self._ended and not _waits_for_body(self._request):
            raise Unpredictable
        return count

    def _on_headers_complete(self) -> bool:
        self._request = CallbackRequest.from_parser(self._parser)
        if not any(name == b"host" for name, _ in self._request.headers_bytes) and self._request.version >= (1, 1):
            raise ParseError("no host")
        return False

    def _next_request(self) -> bytes:
        assert self._request is not None
        self._ended = bool(self._request.should_close() or self._request.get_header("UPGRADE"))
        self._request = None
        rest: bytes = self._parser.remaining()
        self._parser.reset()
        return rest


def _waits_for_body(request: CallbackRequest) -> bool:
    return bool(request.method == "POST" and request.path.startswith("/events/") and request.path.endswith("/register"))
