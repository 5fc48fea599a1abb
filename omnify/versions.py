"""The API's versions, which are dates: what is compatible within one, docs/versions.md says.

Every response names its version. A request may name the one that its client was written for; one that there is not is
refused, so that a client learns at once what it would otherwise learn from an answer that it takes for another.
"""

from __future__ import annotations

import msgspec

from omnify.common.asgi_types import ASGIApp, Header, Receive, Scope, Send
from omnify.common.envelope import HELP_LINKS, Code, failure

CURRENT = "2026-11-27"
# Oldest first. There is one so far, so all requests are answered alike.
KNOWN = (CURRENT.encode(),)
NAME = b"omnify-version"
VERSION_HEADER: Header = (NAME, CURRENT.encode())

_SENTENCE = f"There is no such version. This service has {', '.join(version.decode() for version in KNOWN)}."
_BODY = msgspec.json.encode(failure(Code.INVALID, "The request is not valid.", {"Omnify-Version": [_SENTENCE]}))
_HEADERS: list[Header] = [
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(_BODY)),
    (b"cache-control", b"no-store"),
    (b"link", HELP_LINKS[Code.INVALID].encode()),
    # The request's body is not read, and its rest would be taken for the next request.
    (b"connection", b"close"),
]


def is_known(version: bytes) -> bool:
    """Tells whether the service has this version."""
    return version in KNOWN


class Versions:
    """Hands requests to `app` that name no version, or a known one, and responds with 400 to others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, value in scope["headers"]:
            if name == NAME and not is_known(value):
                await send({"type": "http.response.start", "status": 400, "headers": _HEADERS})
                await send({"type": "http.response.body", "body": _BODY})
                return
        await self._app(scope, receive, send)
