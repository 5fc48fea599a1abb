"""Rendered templates with slots: what is the same for all visitors is rendered once.

Rendering a template takes about a millisecond, filling its slots a few microseconds. That lets ten thousand people
reload a page.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from events.pages.page_language import SWITCH, PageLanguage

Render = Callable[[str, Mapping[str, Any]], str]

# Unguessable, so that no text of an organizer can contain a slot.
_MARK = f"~{secrets.token_hex(8)}~"
_MAX_TEMPLATES = 512


class _Slots:
    """What templates see as `slot`: `{{ slot.now }}` leaves a slot named "now"."""

    def __getitem__(self, name: str) -> str:
        return f"{_MARK}{name}{_MARK}"


class CachedTemplate:
    """A rendered template, split at its slots."""

    __slots__ = ("_names", "_texts")

    def __init__(self, html: str) -> None:
        pieces = html.split(_MARK)
        self._texts = [piece.encode() for piece in pieces[::2]]
        self._names = pieces[1::2]

    def fill(self, values: Mapping[str, str]) -> bytes:
        """Returns the page. `values` are not escaped: only numbers, ids and tags made here, nothing a person typed."""
        parts = [self._texts[0]]
        for name, text in zip(self._names, self._texts[1:], strict=True):
            parts.append(values[name].encode())
            parts.append(text)
        return b"".join(parts)


class TemplateCache:
    """Renders templates and keeps the 512 that were used last."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._cached: OrderedDict[Hashable, CachedTemplate] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], CachedTemplate]) -> CachedTemplate:
        """Returns the template cached under `key`; calls `make` if there is none."""
        template = self._cached.get(key)
        if template is None:
            template = self._cached[key] = make()
            if len(self._cached) > _MAX_TEMPLATES:
                self._cached.popitem(last=False)
        else:
            self._cached.move_to_end(key)
        return template

    def render(self, name: str, context: Mapping[str, Any], said: PageLanguage) -> CachedTemplate:
        """Renders the template `name` in a language and leaves its slots open. The result is not cached.

        `asked` in the context is what the same page in another language is asked for with: "search=jazz&", say.
        """
        page = {"language": said.language, "carried": said.carried, "languages": SWITCH, "slot": _Slots()}
        return CachedTemplate(self._render(name, {"asked": "", **context, **page}))
