"""Adds Strict-Transport-Security to every response of the service, so that browsers use TLS only.

Only for services that are reached over https (`CSRF_TRUSTED_ORIGINS`, `PUBLIC_URL`). Browsers ignore the header in
responses over plain http, as on the service's own machine (RFC 6797, 8.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from omnify.common.asgi_types import ASGIApp, Header, Message, Receive, Scope, Send

_NAME = b"strict-transport-security"


def hsts_headers(seconds: int) -> Sequence[Header]:
    """Returns the header with this max-age; none for 0."""
    return ((_NAME, b"max-age=%d" % seconds),) if seconds else ()


def with_hsts(app: ASGIApp, headers: Sequence[Header]) -> ASGIApp:
    """Returns `app`, wrapped to add these headers; `app` itself without any."""
    return _Hsts(app, headers) if headers else app


class _Hsts:
    def __init__(self, app: ASGIApp, headers: Sequence[Header]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [header for header in message["headers"] if header[0].lower() != _NAME]
                message = {**message, "headers": [*others, *self._headers]}
            await send(message)

        await self._app(scope, receive, sending)
