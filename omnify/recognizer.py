"""Recognizes plain requests for the hot routes in what a connection has sent.

A plain request is whole and nothing follows it, it is small, HTTP/1.1, kept alive and without a query, and has one Host
and nothing about it that asks for more than an answer. Everything else is gunicorn's, which has the limits and the
errors. This is no parser for all of HTTP: it knows the one strict form that every parser reads in the same way, and
what is written differently, legal or not, is not plain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from omnify import versions
from omnify.common.asgi_types import Header

# Under each of gunicorn's limits on lines and header fields, so that none of them is exceeded here.
MAX_BYTES = 8190
MAX_FIELDS = 64
_MAX_DIGITS = 4  # of a Content-Length

# The request lines of the hot routes, and how they begin.
_REQUEST_LINE = re.compile(
    rb"(?:POST /events/([1-9][0-9]{0,17})/register|GET /registrations/([0-9A-Za-z_-]{1,64})) HTTP/1\.1\r\n"
)
_BEGINNINGS = (b"POST /events/", b"GET /registrations/")

_LINE_END = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"

# A header line: a token, a colon, and a value without white space at its end (RFC 9110, sections 5.5 and 5.6.2).
_FIELD = re.compile(rb"([0-9A-Za-z!#$%&'*+.^_`|~-]+):[ \t]*([!-~\x80-\xff]+(?:[ \t]+[!-~\x80-\xff]+)*)")
# Lines that are remembered, some 100 kB of them.
MAX_KNOWN_LINES = 1024

# Headers whose values hardly come twice. To remember such a line costs as much as to read it, and in a crowd of them
# all others would be forgotten and read again.
_VARYING = frozenset(
    (b"idempotency-key", b"x-forwarded-for", b"x-real-ip", b"x-request-id", b"traceparent", b"tracestate")
)

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


def recognize(data: bytes) -> PlainRegistration | PlainPoll | Incomplete | None:
    """Returns the plain request that `data` is, INCOMPLETE if it may become one, None for anything else."""
    line = _REQUEST_LINE.match(data)
    if line is None:
        return INCOMPLETE if _may_begin_one(data) else None
    if len(data) > MAX_BYTES:
        return None
    head, is_whole, body = data.partition(_END_OF_HEAD)
    if not is_whole:
        return INCOMPLETE if _may_begin_head(data[line.end() :]) else None
    headers = _plain_headers(head[line.end() :].split(_LINE_END))
    if headers is None or b"host" not in headers:
        return None
    event_id, ticket_id = line.groups()
    length = int(headers.get(b"content-length", 0))
    if event_id is None:
        return None if length or body else PlainPoll(headers, ticket_id.decode())
    if length == len(body):
        return PlainRegistration(headers, int(event_id), body)
    return INCOMPLETE if 0 < length - len(body) <= MAX_BYTES - len(data) else None


class _NotPlain(Exception):
    """A header line that is not plain."""


class _Fields(dict[bytes, Header]):
    """Header fields by their lines. Most lines of a crowd's requests are the same, and need not be read again."""

    def __missing__(self, line: bytes) -> Header:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise _NotPlain
        field = (match[1].lower(), match[2])
        if field[0] in _VARYING:
            return field
        if not _is_usual(*field):
            raise _NotPlain
        if len(self) >= MAX_KNOWN_LINES:
            self.clear()
        self[line] = field
        return field


def _is_usual(name: bytes, value: bytes) -> bool:
    """Tells whether a plain request may have this header."""
    if name == b"content-length":
        return value.isdigit() and len(value) <= _MAX_DIGITS
    if name == b"connection":
        return value.lower() == b"keep-alive"
    if name == versions.NAME:
        return versions.is_known(value)
    return name not in _UNUSUAL


_fields = _Fields()


def _plain_headers(lines: list[bytes]) -> Mapping[bytes, bytes] | None:
    """Reads header lines; None if they are not those of a plain request."""
    try:
        headers = dict(map(_fields.__getitem__, lines))
    except _NotPlain:
        return None
    # A header that comes twice is legal in places, and rare.
    return headers if len(headers) == len(lines) <= MAX_FIELDS else None


def _may_begin_head(lines: bytes) -> bool:
    """Tells whether these are the first header lines of a plain request; the last of them has not come whole."""
    *whole, last = lines.split(_LINE_END)
    return b"\n" not in last and (not whole or _plain_headers(whole) is not None)


def _may_begin_one(data: bytes) -> bool:
    """Tells whether more bytes could make this the beginning of a plain request."""
    if b"\n" in data or len(data) > MAX_BYTES:
        return False
    return data.startswith(_BEGINNINGS) or any(beginning.startswith(data) for beginning in _BEGINNINGS)
