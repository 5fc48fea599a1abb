"""The language that letters are written in."""

from __future__ import annotations

from datetime import datetime


class Language:
    """English. `code` is its tag, `direction` is `ltr`."""

    code, direction = "en", "ltr"

    def gettext(self, text: str, **values: str | int) -> str:
        """Says a text and puts `values` where it names them in braces."""
        return text.format_map(values) if values else text

    def ngettext(self, one: str, many: str, count: int, **values: str | int) -> str:
        """Says a text in the form for `count`, which it may name in braces, as any of `values`."""
        return (one if count == 1 else many).format_map({"count": count, **values})

    def date(self, at: datetime) -> str:
        """Formats the day of a moment, in its own time zone: `Sunday, 1 December 2030`."""
        return f"{at:%A}, {at.day} {at:%B %Y}"

    def time(self, at: datetime) -> str:
        """Formats the hour and minute of a moment, in its own time zone."""
        return f"{at:%H:%M}"


def language(code: str) -> Language:
    """Returns the language of a tag."""
    return Language()
