"""Headers of every response of the service: the API's version, and Strict-Transport-Security behind TLS.

The latter makes browsers use TLS only. It is for services that are reached over https (`CSRF_TRUSTED_ORIGINS`,
`PUBLIC_URL`). Browsers ignore the header in responses over plain http, as on the service's own machine (RFC 6797, 8.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from omnify.common.asgi_types import ASGIApp, Header, Message, Receive, Scope, Send
from omnify.versions import VERSION_HEADER

_HSTS = b"strict-transport-security"


def common_headers(*, hsts_seconds: int) -> Sequence[Header]:
    """Returns the headers; without Strict-Transport-Security for a max-age of 0."""
    hsts = ((_HSTS, b"max-age=%d" % hsts_seconds),) if hsts_seconds else ()
    return (VERSION_HEADER, *hsts)


def with_headers(app: ASGIApp, headers: Sequence[Header]) -> ASGIApp:
    """Returns `app`, wrapped to add these headers to all of its responses, in place of its own of the same names."""
    return _WithHeaders(app, headers)


class _WithHeaders:
    def __init__(self, app: ASGIApp, headers: Sequence[Header]) -> None:
        self._app = app
        self._headers = headers
        self._names = frozenset(name for name, _ in headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [header for header in message["headers"] if header[0].lower() not in self._names]
                message = {**message, "headers": [*others, *self._headers]}
            await send(message)

        await self._app(scope, receive, sending)
