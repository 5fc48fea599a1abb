"""A rendered template with slots, so that what is the same for everybody is rendered once.

A template costs about a millisecond, filling its slots some microseconds: that is what lets ten thousand people reload
a page.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

Render = Callable[[str, Mapping[str, Any]], str]

# Unguessable, so that no text of an organizer can contain a slot.
_MARK = f"~{secrets.token_hex(8)}~"
_KEPT = 512


class _Slots:
    """What templates see as `slot`: `{{ slot.now }}` leaves a slot named "now"."""

    def __getitem__(self, name: str) -> str:
        return f"{_MARK}{name}{_MARK}"


class Sheet:
    """One rendering, cut at its slots."""

    __slots__ = ("_names", "_texts")

    def __init__(self, html: str) -> None:
        pieces = html.split(_MARK)
        self._texts = [piece.encode() for piece in pieces[::2]]
        self._names = pieces[1::2]

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The page. `values` go in as they are: numbers, ids and tags made here, nothing that a person typed."""
        parts = [self._texts[0]]
        for name, text in zip(self._names, self._texts[1:], strict=True):
            parts.append(values[name].encode())
            parts.append(text)
        return b"".join(parts)


class Sheets:
    """Renders sheets and keeps the latest; the one used longest ago goes first."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._kept: OrderedDict[Hashable, Sheet] = OrderedDict()

    def kept(self, key: Hashable, make: Callable[[], Sheet]) -> Sheet:
        """The sheet under `key`, made if need be."""
        sheet = self._kept.get(key)
        if sheet is None:
            sheet = self._kept[key] = make()
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return sheet

    def render(self, template: str, context: Mapping[str, Any]) -> Sheet:
        """A sheet of its own."""
        return Sheet(self._render(template, {**context, "slot": _Slots()}))
