"""What stands before everything else: which paths there are, and on which of the two ports.

A path is decided once, here, on the bytes that came. Whoever stands in front may have rules for `/metrics` or `/admin`,
and another idea of which texts name them: `/%6detrics`, `//metrics`, `/x/../metrics`. So a path that is not in its one
canonical form is no path at all. What routes see is decoded from those very bytes, and nothing decodes again.

With `OPERATIONS_BIND` metrics and admin are on a port of their own, and on no other.
"""

from __future__ import annotations

import re

import msgspec

from omnify.common.asgi_types import ASGIApp, Message, Receive, Scope, Send
from omnify.common.envelope import Code, failure

# Not canonical (RFC 3986, section 6.2.2): an empty or a dot segment; an escape of what needs none (letters, digits,
# `-._~`); an escape of `/`, `\\`, `%` or a control character, which some read as the character itself; half an escape.
_NOT_CANONICAL = re.compile(
    rb"//|/\.\.?(?:/|\Z)|\\|%(?:[01][0-9A-Fa-f]|2[5DdEeFf]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaCcFf]|6[1-9A-Fa-f]|7[0-9AaEeFf])"
    rb"|%(?![0-9A-Fa-f]{2})"
)
_OPERATIONS = re.compile(rb"/(?:metrics|admin(?:/.*)?)\Z", re.DOTALL)
# What the other port has beside them: the admin's own files, and health for whoever watches it.
_BESIDE = re.compile(rb"/(?:static/.*|health/[a-z]+)\Z", re.DOTALL)

_BODY = msgspec.json.encode(failure(Code.NOT_FOUND, "There is nothing at this address."))
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(_BODY)),
    (b"cache-control", b"no-store"),
]


def is_canonical(path: bytes) -> bool:
    """Whether this is the one way to write a path, as it came (percent-encoded, without the query)."""
    return path.startswith(b"/") and not _NOT_CANONICAL.search(path)


def is_plain(path: str, raw: bytes) -> bool:
    """Whether nothing in a path could make it another than canonical, which nearly all requests are told by, at a tenth
    of what the expression costs. `path` is `raw` decoded, so a whole escape is why their lengths differ."""
    odd = "//" in path or "/." in path or "%" in path or "\\" in path
    return len(path) == len(raw) and path[:1] == "/" and not odd


def is_here(path: bytes, *, port: int | None, operations_port: int | None) -> bool:
    """Whether the port that was asked has the path. Without a port for operations each has all of them."""
    if operations_port is None:
        return True
    if port == operations_port:
        return bool(_OPERATIONS.match(path) or _BESIDE.match(path))
    return not _OPERATIONS.match(path)


class Front:
    """Hands requests for paths that are there to `app`; every other one is a plain 404."""

    def __init__(self, *, app: ASGIApp, operations_port: int | None = None) -> None:
        self._app = app
        self._operations_port = operations_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: bytes = scope["raw_path"]
        if (is_plain(scope["path"], path) or is_canonical(path)) and (
            self._operations_port is None or self._is_here(path, scope)
        ):
            await self._app(scope, receive, _without_body(send) if scope["method"] == "HEAD" else send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else _BODY})

    def _is_here(self, path: bytes, scope: Scope) -> bool:
        return is_here(path, port=_port(scope), operations_port=self._operations_port)


def _without_body(send: Send) -> Send:
    """HEAD is answered as GET would be, but for the body: here, for all that answer."""

    async def send_head(message: Message) -> None:
        await send(message if message["type"] == "http.response.start" else {**message, "body": b""})

    return send_head


def _port(scope: Scope) -> int | None:
    """Where the connection came in: the socket's own address, which no header can change. None for a Unix socket."""
    server = scope.get("server")
    return server[1] if server and isinstance(server[1], int) else None
