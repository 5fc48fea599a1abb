"""HTTP responses of pages: HTML with the headers that every page has, redirects, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from events.pages.headers import SECURITY_BYTES
from omnify.common.asgi_types import Header, Scope

_HTML: Header = (b"content-type", b"text/html; charset=utf-8")
# Requested again every time: a page contains the time it was made and a new Idempotency-Key for its form.
_PRIVATE: Header = (b"cache-control", b"private, no-cache")
# A ticket's page must not stay in the browser for the next person who uses it.
_NO_STORE: Header = (b"cache-control", b"no-store")
# Which language a page is in is for its browser to wish.
_VARY: Header = (b"vary", b"accept-language")
# Any cache may keep it for a while, and need not ask for each visitor.
_SHARED: Header = (b"cache-control", b"public, max-age=10")
_NO_INDEX: Header = (b"x-robots-tag", b"noindex, nofollow")


@dataclass(frozen=True, slots=True)
class PageResponse:
    """An HTTP response, ready to send."""

    status: int
    body: bytes
    headers: Sequence[Header]


def page(
    body: bytes, *, status: int = 200, secret: bool = False, retry_seconds: int | None = None, now_ms: str = ""
) -> PageResponse:
    """Builds an HTML page.

    Args:
        secret: its address is a key, so it is neither stored nor indexed.
        now_ms: the server's time, which the page's countdown is set by.
    """
    cache = (_NO_STORE, _NO_INDEX) if secret else (_PRIVATE,)
    retry = () if retry_seconds is None else ((b"retry-after", b"%d" % retry_seconds),)
    now = ((b"x-server-time", now_ms.encode()),) if now_ms else ()
    return PageResponse(status, body, (_HTML, _VARY, *cache, *retry, *now, *SECURITY_BYTES))


def closing(response: PageResponse) -> PageResponse:
    """Adds `Connection: close` to `response`: the unread rest of a body must not be taken for the next request."""
    return PageResponse(response.status, response.body, (*response.headers, (b"connection", b"close")))


def see_other(path: str) -> PageResponse:
    """Builds a redirect with GET, the response to a form: reloading the page then sends nothing twice."""
    return PageResponse(303, b"", ((b"location", path.encode()), _NO_STORE, *SECURITY_BYTES))


def document(body: bytes, content_type: str, *, name: str) -> PageResponse:
    """Builds a download named `name`."""
    disposition = f'attachment; filename="{name}"'.encode()
    kind = (b"content-type", content_type.encode())
    return PageResponse(200, body, (kind, (b"content-disposition", disposition), _NO_STORE, *SECURITY_BYTES))


def public_page(body: bytes) -> PageResponse:
    """Builds an HTML page that is the same for all who read it in one language, with its tag."""
    return PageResponse(200, body, (_HTML, _VARY, _SHARED, _tag(body), *SECURITY_BYTES))


def calendar_feed(body: bytes) -> PageResponse:
    """Builds a calendar to subscribe to, with its tag."""
    kind = (b"content-type", b"text/calendar; charset=utf-8")
    return PageResponse(200, body, (kind, _SHARED, _tag(body), *SECURITY_BYTES))


def unless_known(scope: Scope, response: PageResponse) -> PageResponse:
    """Returns the response, or a 304 without a body for a client that has it already."""
    tag = next(value for name, value in response.headers if name == b"etag")
    known = any(name == b"if-none-match" and tag in value for name, value in scope["headers"])
    return PageResponse(304, b"", response.headers) if known else response


def _tag(body: bytes) -> Header:
    return (b"etag", f'"{blake2b(body, digest_size=9).hexdigest()}"'.encode())
