"""Every path that Django answers, with the view behind it: for tests that walk all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_PARAMETER = re.compile(r"<[^>]*>")


class Route(NamedTuple):
    """A path as a client would send it (ids are 1, tickets are no ticket), as it is written, and its view's class."""

    path: str
    pattern: str
    view: Any


def routes() -> Iterator[Route]:
    """All routes but those of the admin's site, which are Django's own."""
    from django.urls import get_resolver

    yield from _walk(get_resolver().url_patterns, "/")


def methods(view: Any) -> list[str]:
    """What a view answers, without the methods that are the same as GET."""
    return [name.upper() for name in ("get", "post", "patch", "delete") if hasattr(view, name)]


def _walk(patterns: Any, prefix: str) -> Iterator[Route]:
    for found in patterns:
        pattern = f"{prefix}{found.pattern}"
        if pattern == "/admin/":
            continue
        if hasattr(found, "url_patterns"):
            yield from _walk(found.url_patterns, pattern)
        else:
            callback = found.callback
            view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
            yield Route(_PARAMETER.sub("1", pattern), pattern, view)
