"""Recognizes plain requests for the hot routes in what a connection has sent.

A plain request is whole and nothing follows it, it is small, HTTP/1.1, kept alive and without a query, and has one Host
and nothing about it that asks for more than an answer. Everything else is gunicorn's, which has the limits and the
errors. llhttp parses (`httptools`); where it accepts more than gunicorn does, the request counts as not plain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

import httptools
import msgspec

from omnify.common.asgi_types import Header

# Under each of gunicorn's limits on lines and header fields, so that none of them is exceeded here.
MAX_BYTES = 8190
MAX_FIELDS = 64

# The request lines of the hot routes, and how they begin.
_REQUEST_LINE = re.compile(
    rb"(?:POST /events/([1-9][0-9]{0,17})/register|GET /registrations/([0-9A-Za-z_-]{1,64})) HTTP/1\.1\r\n"
)
_BEGINNINGS = (b"POST /events/", b"GET /registrations/")

_END_OF_HEAD = b"\r\n\r\n"

# Headers that ask for more than an answer.
_UNUSUAL = frozenset(
    (b"authorization", b"expect", b"upgrade", b"transfer-encoding", b"te", b"trailer", b"proxy-connection")
)


class PlainRequest(msgspec.Struct, frozen=True, gc=False):
    """A plain request, which has each of its headers once. Their names are in lower case here."""

    headers: Mapping[bytes, bytes]


class PlainRegistration(PlainRequest, frozen=True, gc=False):
    """`POST /events/<event_id>/register`."""

    event_id: int
    body: bytes


class PlainPoll(PlainRequest, frozen=True, gc=False):
    """`GET /registrations/<ticket_id>`."""

    ticket_id: str


class Incomplete(Enum):
    """What has come may become a plain request."""

    INCOMPLETE = "incomplete"


INCOMPLETE: Final = Incomplete.INCOMPLETE


class Recognizer:
    """Reads one request at a time, for all connections of a process."""

    __slots__ = ("_body", "_complete", "_headers", "_messages", "_parser")

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def read(self, data: bytes) -> PlainRegistration | PlainPoll | Incomplete | None:
        """Returns the plain request that `data` is, INCOMPLETE if it may become one, None for anything else."""
        line = _REQUEST_LINE.match(data)
        if line is None:
            return INCOMPLETE if _may_begin_one(data) else None
        # llhttp leaves white space at the end of a value, which is rare.
        if len(data) > MAX_BYTES or b" \r\n" in data or b"\t\r\n" in data:
            return None
        found = self._parse(data, line)
        if found is None or found is INCOMPLETE:
            # The parser is in the middle of a request, or of an error.
            self._parser = httptools.HttpRequestParser(self)
        return found

    def _parse(self, data: bytes, line: re.Match[bytes]) -> PlainRegistration | PlainPoll | Incomplete | None:
        self._messages, self._complete, self._body = 0, False, b""
        fields: list[Header] = []
        self._headers = fields
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        headers = dict(fields)
        # A header that comes twice is legal in places, and rare; where it is not, llhttp accepts it all the same.
        if self._messages != 1 or len(headers) != len(fields) or len(fields) > MAX_FIELDS or not _is_plain(headers):
            return None
        if not self._complete:
            return INCOMPLETE if _may_be_held(data, line, headers) else None
        body = self._body
        # llhttp skips an empty line behind a request.
        if b"host" not in headers or len(data) != data.find(_END_OF_HEAD) + len(_END_OF_HEAD) + len(body):
            return None
        event_id, ticket_id = line.groups()
        if event_id is not None:
            return PlainRegistration(headers, int(event_id), body)
        return None if body else PlainPoll(headers, ticket_id.decode())

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Counts requests."""
        self._messages += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header field."""
        self._headers.append((name.lower(), value))

    def on_body(self, part: bytes) -> None:
        """Takes a part of the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """Notes that the request is whole."""
        self._complete = True


def _is_plain(headers: Mapping[bytes, bytes]) -> bool:
    return _UNUSUAL.isdisjoint(headers) and (
        b"connection" not in headers or headers[b"connection"].lower() == b"keep-alive"
    )


def _may_be_held(data: bytes, line: re.Match[bytes], headers: Mapping[bytes, bytes]) -> bool:
    """Tells whether the rest of a request is worth waiting for: gunicorn could not answer it any sooner.

    A poll is answered as soon as its head is there, and so is a body that will be too large.
    """
    end = data.find(_END_OF_HEAD)
    if end < 0:
        return True
    length = int(headers.get(b"content-length", b"0"))
    return line[1] is not None and end + len(_END_OF_HEAD) + length <= MAX_BYTES


def _may_begin_one(data: bytes) -> bool:
    """Tells whether more bytes could make this the beginning of a plain request."""
    if b"\n" in data or len(data) > MAX_BYTES:
        return False
    return data.startswith(_BEGINNINGS) or any(beginning.startswith(data) for beginning in _BEGINNINGS)
