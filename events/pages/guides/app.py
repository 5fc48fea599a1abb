"""The routes of the guides.

/docs/guides         the list of all guides          /docs/errors          all error codes
/docs/guides/<name>  one of them, or its picture     /docs/errors/<code>   one of them: where `Link` headers lead
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.pages import files
from events.pages.cached_template import TemplateCache
from events.pages.guides import library
from events.pages.guides.markdown import ERRORS, GUIDES
from events.pages.headers import SECURITY_BYTES
from events.pages.page_language import ENGLISH
from events.pages.responses import PageResponse, public_page, unless_known
from omnify.common.asgi_types import Scope

_SHARED = (b"cache-control", b"public, max-age=3600")


class Guides:
    """Answers with pages made from `docs/`, in English."""

    def __init__(self, templates: TemplateCache) -> None:
        self._templates = templates

    def read(self, scope: Scope) -> PageResponse | None:
        """Answers GET; None if there is no such page."""
        path: str = scope["path"]
        root, _, name = path.removeprefix("/docs/").partition("/")
        if f"/docs/{root}" == GUIDES:
            found = self._guide(name or library.INDEX) if name != library.INDEX else None
            return unless_known(scope, found) if found else _file(name)
        found = self._error(name) if name else self._guide(library.ERRORS)
        return unless_known(scope, found) if found else None

    def _guide(self, name: str) -> PageResponse | None:
        page = library.guide(name)
        if page is None:
            return None
        listed = [] if name == library.INDEX else page.headings
        return self._page(("guide", name), {"title": page.title, "html": page.html, "headings": listed})

    def _error(self, code: str) -> PageResponse | None:
        html = library.errors().get(code)
        return None if html is None else self._page(("error", code), {"title": code, "html": html, "code": True})

    def _page(self, key: tuple[str, str], context: Mapping[str, Any]) -> PageResponse:
        fixed = {"assets": files.base(), "guides": GUIDES, "errors": ERRORS, "headings": [], "code": False}
        template = self._templates.get(
            key, lambda: self._templates.render("guides/page.html", {**fixed, **context}, ENGLISH)
        )
        return public_page(template.fill({}))


def _file(name: str) -> PageResponse | None:
    found = library.file(name)
    if found is None:
        return None
    content, kind = found
    return PageResponse(200, content, ((b"content-type", kind), _SHARED, *SECURITY_BYTES))
