"""Recognizes plain requests for the hot routes in what a connection has sent.

A plain request is whole and nothing follows it, it is small, HTTP/1.1, kept alive and without a query, and has one Host
and nothing about it that asks for more than an answer. Everything else is gunicorn's, which has the limits and the
errors. llhttp parses (`httptools`); where it accepts more than gunicorn does, the request counts as not plain.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

import httptools

from omnify.common.asgi_types import Header

# Under each of gunicorn's limits on lines and header fields, so that none of them is exceeded here.
MAX_BYTES = 8190
MAX_FIELDS = 64

# The request lines of the hot routes, and how they begin.
_REQUEST_LINE = re.compile(
    rb"(?:POST /events/([0-9]{1,18})/register|GET /registrations/([0-9A-Za-z_-]{1,64})) HTTP/1\.1\r\n"
)
_BEGINNINGS = (b"POST /events/", b"GET /registrations/")

_END_OF_HEAD = b"\r\n\r\n"

# Headers that the door reads and those that ask for more than an answer.
_READ = frozenset((b"content-type", b"content-length", b"idempotency-key", b"x-forwarded-for", b"if-none-match"))
_UNUSUAL = frozenset(
    (b"authorization", b"expect", b"upgrade", b"transfer-encoding", b"te", b"trailer", b"proxy-connection")
)


class Route(Enum):
    """A hot route."""

    REGISTER = 1
    STATUS = 2


class PlainRequest(NamedTuple):
    """A plain request: its route, the event or ticket that its path names, the headers that the door reads (names in
    lower case), and its body."""

    route: Route
    name: str
    headers: list[Header]
    body: bytes


class Incomplete(Enum):
    """What has come may become a plain request."""

    INCOMPLETE = "incomplete"


INCOMPLETE: Final = Incomplete.INCOMPLETE


class Recognizer:
    """Reads one request at a time, for all connections of a process."""

    __slots__ = ("_body", "_complete", "_fields", "_headers", "_hosts", "_messages", "_parser", "_plain", "_types")

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def read(self, data: bytes) -> PlainRequest | Incomplete | None:
        """Returns the plain request that `data` is, INCOMPLETE if it may become one, None for anything else."""
        line = _REQUEST_LINE.match(data)
        if line is None:
            return INCOMPLETE if _may_begin_one(data) else None
        if len(data) > MAX_BYTES:
            return None
        found = self._parse(data, line)
        if not isinstance(found, PlainRequest):
            # The parser is in the middle of a request, or of an error.
            self._parser = httptools.HttpRequestParser(self)
        return found

    def _parse(self, data: bytes, line: re.Match[bytes]) -> PlainRequest | Incomplete | None:
        self._plain, self._complete = True, False
        self._messages = self._fields = self._hosts = self._types = 0
        self._headers: list[Header] = []
        self._body = b""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        # llhttp accepts several of these headers; gunicorn does not.
        if not self._plain or self._messages != 1 or self._hosts > 1 or self._types > 1 or self._fields > MAX_FIELDS:
            return None
        if not self._complete:
            return INCOMPLETE if self._may_be_held(data, line) else None
        # llhttp skips an empty line behind a request.
        if not self._hosts or len(data) != data.find(_END_OF_HEAD) + len(_END_OF_HEAD) + len(self._body):
            return None
        event = line[1]
        if event is not None:
            return PlainRequest(Route.REGISTER, event.decode(), self._headers, self._body)
        return None if self._body else PlainRequest(Route.STATUS, line[2].decode(), self._headers, b"")

    def _may_be_held(self, data: bytes, line: re.Match[bytes]) -> bool:
        """Tells whether the rest of a request is worth waiting for: gunicorn could not answer it any sooner.

        A poll is answered as soon as its head is there, and so is a body that will be too large.
        """
        end = data.find(_END_OF_HEAD)
        if end < 0:
            return True
        length = next((int(value) for name, value in self._headers if name == b"content-length"), 0)
        return line[1] is not None and end + len(_END_OF_HEAD) + length <= MAX_BYTES

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Counts requests."""
        self._messages += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header field."""
        self._fields += 1
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name in _READ:
            self._types += name == b"content-type"
            self._headers.append((name, value.strip(b" \t")))
        elif name in _UNUSUAL or (name == b"connection" and value.strip(b" \t").lower() != b"keep-alive"):
            self._plain = False

    def on_body(self, part: bytes) -> None:
        """Takes a part of the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """Notes that the request is whole."""
        self._complete = True


def _may_begin_one(data: bytes) -> bool:
    """Tells whether more bytes could make this the beginning of a plain request."""
    if b"\n" in data or len(data) > MAX_BYTES:
        return False
    return data.startswith(_BEGINNINGS) or any(beginning.startswith(data) for beginning in _BEGINNINGS)
