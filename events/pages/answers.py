"""Pages as answers: HTML with the headers that every page carries, redirects, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.pages.headers import SECURITY_BYTES
from events.pages.internal_client import Header

_HTML: Header = (b"content-type", b"text/html; charset=utf-8")
# Asked for again every time: a page carries the moment it was made, and a key of its own for the form.
_PRIVATE: Header = (b"cache-control", b"private, no-cache")
# A ticket's page is for nobody who sits down at this browser later.
_NOT_KEPT: Header = (b"cache-control", b"no-store")
_NOT_INDEXED: Header = (b"x-robots-tag", b"noindex, nofollow")


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP answer, ready to send."""

    status: int
    body: bytes
    headers: Sequence[Header]


def page(
    body: bytes, *, status: int = 200, secret: bool = False, retry_seconds: int | None = None, now_ms: str = ""
) -> Page:
    """An HTML page; `secret` for one whose address is a key, `now_ms` for one that a countdown is set by."""
    kept = (_NOT_KEPT, _NOT_INDEXED) if secret else (_PRIVATE,)
    retry = () if retry_seconds is None else ((b"retry-after", b"%d" % retry_seconds),)
    now = ((b"x-server-time", now_ms.encode()),) if now_ms else ()
    return Page(status, body, (_HTML, *kept, *retry, *now, *SECURITY_BYTES))


def closing(answer: Page) -> Page:
    """`answer`, and then the end of the connection: what is left of a body must not be read as a request."""
    return Page(answer.status, answer.body, (*answer.headers, (b"connection", b"close")))


def see_other(path: str) -> Page:
    """Go there now, with GET: what a form's answer is, so that reloading sends nothing twice."""
    return Page(303, b"", ((b"location", path.encode()), _NOT_KEPT, *SECURITY_BYTES))


def document(body: bytes, content_type: str, *, name: str) -> Page:
    """A file to keep, named `name`."""
    disposition = f'attachment; filename="{name}"'.encode()
    kind = (b"content-type", content_type.encode())
    return Page(200, body, (kind, (b"content-disposition", disposition), _NOT_KEPT, *SECURITY_BYTES))
