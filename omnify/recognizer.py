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

# How a request for a hot route begins; what begins otherwise is not looked at.
_BEGINNINGS = (b"POST /events/", b"GET /registrations/")
# A request with one of these needs more than the fast path has.
_UNUSUAL = frozenset((b"authorization", b"expect", b"upgrade", b"transfer-encoding", b"te", b"trailer"))
# Headers that the door reads, and those that may come only once.
_READ = frozenset((b"content-type", b"content-length", b"idempotency-key", b"x-forwarded-for", b"if-none-match"))
_HOST = b"host"
_ONCE = frozenset((_HOST, b"content-type", b"content-length"))


class Route(Enum):
    """A hot route."""

    REGISTER = re.compile(rb"/events/([0-9]{1,18})/register")
    STATUS = re.compile(rb"/registrations/([0-9A-Za-z_-]{1,64})")


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

    __slots__ = ("_body", "_complete", "_fields", "_headers", "_messages", "_once", "_parser", "_plain", "_target")

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def read(self, data: bytes) -> PlainRequest | Incomplete | None:
        """The plain request that `data` is, INCOMPLETE if it may become one, None for anything else."""
        if not data.startswith(_BEGINNINGS):
            return INCOMPLETE if any(begin.startswith(data) for begin in _BEGINNINGS) else None
        if len(data) > MAX_BYTES:
            return None
        found = self._parse(data)
        if not isinstance(found, PlainRequest):
            # It is in the middle of a request, or of an error.
            self._parser = httptools.HttpRequestParser(self)
        return found

    def _parse(self, data: bytes) -> PlainRequest | Incomplete | None:
        self._plain, self._complete, self._messages, self._fields = True, False, 0, 0
        self._headers: list[Header] = []
        self._once: set[bytes] = set()
        self._target = self._body = b""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        if not self._plain or self._messages != 1:
            return None
        return self._request(data) if self._complete else INCOMPLETE

    def _request(self, data: bytes) -> PlainRequest | None:
        route = Route.REGISTER if data.startswith(b"POST") else Route.STATUS
        match = route.value.fullmatch(self._target)
        kept = self._parser.should_keep_alive() and self._parser.get_http_version() == "1.1"
        if match is None or not kept or _HOST not in self._once or self._fields > MAX_FIELDS:
            return None
        if route is Route.STATUS and b"content-length" in self._once:
            return None
        return PlainRequest(route, match[1].decode(), self._headers, self._body)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._messages += 1

    def on_url(self, part: bytes) -> None:
        """Part of the request's target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field."""
        self._fields += 1
        name = name.lower()
        if name in _READ:
            self._headers.append((name, value.strip(b" \t")))
        if name in _ONCE:
            self._plain = self._plain and name not in self._once
            self._once.add(name)
        elif name in _UNUSUAL or (name == b"connection" and value.strip(b" \t").lower() != b"keep-alive"):
            self._plain = False

    def on_body(self, part: bytes) -> None:
        """Part of the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._complete = True
