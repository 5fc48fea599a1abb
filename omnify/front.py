"""Refuses paths that are not canonical, and paths that belong to the other port, before any route sees them.

A proxy in front may have rules for `/metrics` or `/admin` and read paths differently: `/%6detrics`, `//metrics`,
`/x/../metrics`. So a path that is not in its canonical form is answered with 404. The check is made once, here, on the
bytes that the client sent; routes see those bytes decoded once, and nothing decodes them again. A target may also be a
whole address, `http://host/path` (RFC 9112, section 3.2.2): its path is judged by the same rules.

With `OPERATIONS_BIND`, metrics and admin are served on that port only.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from omnify.common.asgi_types import ASGIApp, Message, Receive, Scope, Send
from omnify.common.envelope import HELP_LINKS, Code, failure

# Not canonical (RFC 3986, section 6.2.2): an empty or a dot segment; an escape of what needs none (letters, digits,
# `-._~`); an escape of `/`, `\\`, `%` or a control character, which some read as the character itself; half an escape.
_NOT_CANONICAL = re.compile(
    rb"//|/\.\.?(?:/|\Z)|\\|%(?:[01][0-9A-Fa-f]|2[5DdEeFf]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaCcFf]|6[1-9A-Fa-f]|7[0-9AaEeFf])"
    rb"|%(?![0-9A-Fa-f]{2})"
)
_ADDRESS = re.compile(rb"https?://(?P<host>[A-Za-z0-9.:\[\]-]+)(?P<path>/.*)?\Z", re.DOTALL | re.IGNORECASE)
_OPERATIONS = re.compile(rb"/(?:metrics|admin(?:/.*)?)\Z", re.DOTALL)
# What the operations port serves beside them: the admin's static files, and health checks.
_BESIDE = re.compile(rb"/(?:static/.*|health/[a-z]+)\Z", re.DOTALL)

_BODY = msgspec.json.encode(failure(Code.NOT_FOUND, "There is nothing at this address."))
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(_BODY)),
    (b"cache-control", b"no-store"),
    (b"link", HELP_LINKS[Code.NOT_FOUND].encode()),
]


def is_canonical(path: bytes) -> bool:
    """Tells whether this is the one way to write a path, as it came (percent-encoded, without the query)."""
    return path.startswith(b"/") and not _NOT_CANONICAL.search(path)


def is_plain(path: str, raw: bytes) -> bool:
    """Tells whether a path is canonical at first sight: nearly all are, and the regular expression costs tenfold.

    `path` is `raw` decoded, so a path with an escape has another length.
    """
    odd = "//" in path or "/." in path or "%" in path or "\\" in path
    return len(path) == len(raw) and path[:1] == "/" and not odd


def is_here(path: bytes, *, port: int | None, operations_port: int | None) -> bool:
    """Tells whether this port serves the path. Without an operations port, every port serves every path."""
    if operations_port is None:
        return True
    if port == operations_port:
        return bool(_OPERATIONS.match(path) or _BESIDE.match(path))
    return not _OPERATIONS.match(path)


def in_origin_form(scope: Scope) -> Scope:
    """Returns a request for a whole address as one for its path, with the address's host in place of Host."""
    found = _ADDRESS.match(scope["raw_path"])
    if found is None:
        return scope
    path = found["path"] or b"/"
    headers = [(b"host", found["host"]), *(header for header in scope["headers"] if header[0] != b"host")]
    return {**scope, "raw_path": path, "path": unquote(path.decode("latin-1")), "headers": headers}


class Front:
    """Hands requests for canonical paths of the right port to `app`, and responds with 404 to all others."""

    def __init__(self, *, app: ASGIApp, operations_port: int | None = None) -> None:
        self._app = app
        self._operations_port = operations_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: bytes = scope["raw_path"]
        if path[:1] != b"/":
            scope = in_origin_form(scope)
            path = scope["raw_path"]
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
    """Makes a response to HEAD from a response to GET by leaving out the body, once for all applications."""

    async def send_head(message: Message) -> None:
        await send(message if message["type"] == "http.response.start" else {**message, "body": b""})

    return send_head


def _port(scope: Scope) -> int | None:
    """Returns the port of the connection, from its socket and not from a header. None for a Unix socket."""
    server = scope.get("server")
    return server[1] if server and isinstance(server[1], int) else None
