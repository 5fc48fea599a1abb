"""What the blocking driver and the one for asyncio do alike: the service's address, headers, httpx's requests, logs."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from omnify_client.flow import Action, Flow, Request, Response, Unreachable

T = TypeVar("T")

# Whether what is logged now comes from a request of this client.
ours: contextvars.ContextVar[bool] = contextvars.ContextVar("omnify_client", default=False)


def _not_ours(record: logging.LogRecord) -> bool:
    """Keeps out what httpx would log of our requests: a path has the ticket's id, and a 202's headers too."""
    return not ours.get()


for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"):
    logging.getLogger(_name).addFilter(_not_ours)


def base_url(url: str) -> str:
    """Checks the service's address, and returns it without a slash at its end. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("the service's URL is one like https://tickets.example.org")
    return url.rstrip("/")


def headers(token: str | None) -> dict[str, str]:
    """Returns what every request carries."""
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError("an organizer's token has no spaces and no special characters")
    sent = {"User-Agent": f"omnify-client-python/{_version()}", "Accept": "application/json"}
    return sent | ({"Authorization": f"Bearer {token}"} if token else {})


def _version() -> str:
    try:
        return version("omnify-client")
    except PackageNotFoundError:  # from a checkout
        return "0"


class Wire:
    """What both drivers do alike."""

    def __init__(self, url: str, sent: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(sent)

    def build(self, client: httpx.Client | httpx.AsyncClient, request: Request, seconds: float) -> httpx.Request:
        """Makes httpx's request."""
        return client.build_request(
            request.method,
            self._url + request.path,
            params=dict(request.params) or None,
            headers={**self._headers, **request.headers},
            content=request.body,
            timeout=httpx.Timeout(seconds, connect=min(seconds, 10.0)),
        )


def response_of(response: httpx.Response, body: bytes = b"") -> Response:
    return Response(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def unreachable(problem: Exception) -> Unreachable:
    # Only the kind: its text and its request may name the ticket.
    return Unreachable(type(problem).__name__)


def next_action(flow: Flow[T], reply: Any) -> Action:
    return flow.throw(reply) if isinstance(reply, Unreachable) else flow.send(reply)


FAILURES = (httpx.TransportError, httpx.DecodingError, httpx.StreamError)
