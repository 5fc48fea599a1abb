"""Lets pages of other origins use the guests' routes: CORS, for `CORS_ALLOWED_ORIGINS`.

Every answer of such a route says whom a browser may show it to, refusals, 304s and streams included: without that a
page learns of them only that the network failed. Preflights are answered here, without a store, and count against no
limit. Credentials are never allowed, and neither is `Authorization`: what an organizer may do is for no page elsewhere.

(WHATWG Fetch, 3.3 "CORS protocol")
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from omnify.common.asgi_types import ASGIApp, Header, Message, Receive, Scope, Send

ANY_ORIGIN = "*"
# The routes that anyone may use without a token, and what for. A test holds them to the scopes of the views.
_ROUTES = re.compile(
    r"(?P<read>/events(/[^/]+)?|/events/[^/]+/log/.+|/registrations/[^/]+/(events|proof))"
    r"|(?P<send>/events/[^/]+/(register|resend)|/registrations/[^/]+/confirm)"
    r"|(?P<ticket>/registrations/[^/]+)"
)
_METHODS = {"read": ("GET", "HEAD"), "send": ("POST",), "ticket": ("GET", "HEAD", "DELETE")}

# Fetch lets pages read few headers, and send few, unless they are named. Date is the server's clock, for countdowns.
EXPOSED = (
    *("Date", "ETag", "Link", "Location", "Omnify-Version", "Preference-Applied"),
    *("RateLimit", "RateLimit-Policy", "Retry-After"),
)
ACCEPTED = (
    *("Accept-Language", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Omnify-Version"),
    "Prefer",
)
# How long a browser may remember a preflight: a day in Firefox; Chromium shortens it to two hours.
_PREFLIGHT_SECONDS = 86_400

# Of an answer to what could not be read: its path and origin may be unknown, and it quotes nothing of anyone.
OF_THE_UNREAD = (("Access-Control-Allow-Origin", ANY_ORIGIN), ("Access-Control-Expose-Headers", "Link, Omnify-Version"))

_VARY: Header = (b"vary", b"origin")
_EXPOSING: Header = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
_ACCEPTING: Header = (b"access-control-allow-headers", ", ".join(ACCEPTED).encode())
_MAX_AGE: Header = (b"access-control-max-age", b"%d" % _PREFLIGHT_SECONDS)


def methods_of(path: str) -> tuple[str, ...]:
    """Returns the methods that pages elsewhere may use on a path; none for a path that is no guest's."""
    found = _ROUTES.fullmatch(path)
    return _METHODS[found.lastgroup] if found and found.lastgroup else ()


class Origins:
    """The origins that are allowed, with the headers for each, made once."""

    def __init__(self, allowed: Sequence[str]) -> None:
        if ANY_ORIGIN in allowed:
            # The same for all, so caches need not tell origins apart.
            self._naming: Mapping[bytes, tuple[Header, ...]] = {}
            self._other: tuple[Header, ...] = (_allowing(b"*"), _EXPOSING)
        else:
            origins = [origin.encode() for origin in allowed]
            self._naming = {origin: (_allowing(origin), _EXPOSING, _VARY) for origin in origins}
            self._other = (_VARY,)

    def headers(self, origin: bytes | None) -> tuple[Header, ...]:
        """Returns what a public answer to a request of this origin carries."""
        return self._other if origin is None else self._naming.get(origin, self._other)

    def lines(self, common: Sequence[Header]) -> Mapping[bytes | None, bytes]:
        """Returns the same as the header lines of an HTTP/1.1 response, with `common` behind; None is any other."""
        known: list[bytes | None] = [None, *self._naming]
        return {origin: header_lines((*self.headers(origin), *common)) for origin in known}


def header_lines(headers: Sequence[Header]) -> bytes:
    """Returns headers as they stand in an HTTP/1.1 response."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def with_cors(app: ASGIApp, origins: Origins | None) -> ASGIApp:
    """Returns `app`, wrapped to speak CORS; `app` itself where no origin is allowed."""
    return app if origins is None else _Cors(app, origins)


class _Cors:
    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = methods_of(scope["path"])
        if scope["method"] in methods:
            added = self._origins.headers(_origin(scope))
            await self._app(scope, receive, _adding(send, added))
        elif methods and _is_preflight(scope):
            await send({"type": "http.response.start", "status": 204, "headers": self._preflight(scope, methods)})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, receive, send)

    def _preflight(self, scope: Scope, methods: Sequence[str]) -> list[Header]:
        allowing = [header for header in self._origins.headers(_origin(scope)) if header is not _EXPOSING]
        if allowing == [_VARY]:
            return allowing
        return [*allowing, (b"access-control-allow-methods", ", ".join(methods).encode()), _ACCEPTING, _MAX_AGE]


def _allowing(origin: bytes) -> Header:
    return (b"access-control-allow-origin", origin)


def _adding(send: Send, added: Sequence[Header]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending


def _origin(scope: Scope) -> bytes | None:
    """Returns the page's origin; None for a request without one, or with two."""
    found = [value for name, value in scope["headers"] if name == b"origin"]
    return found[0] if len(found) == 1 else None


def _is_preflight(scope: Scope) -> bool:
    """Tells whether this asks what a page may do. One with a body is no browser's: its body would stay unread."""
    names = {name for name, _ in scope["headers"]}
    asks = scope["method"] == "OPTIONS" and {b"origin", b"access-control-request-method"} <= names
    return asks and not names & {b"content-length", b"transfer-encoding"}
