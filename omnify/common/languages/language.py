"""One language: its texts, its plural forms, its numbers, dates and lengths of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from babel.units import format_unit

from omnify.common.languages.catalogue import LOCALE, catalogue

# Whose numbers and dates are used: days before months, and 24 hours, as English pages have had from the start.
_FORMATS = {"en": "en_GB"}
# Numbers among which every plural form of every language has one.
_SAMPLES = (*range(201), 1_000_000)


class Language:
    """A language to say something in. `code` is its tag, `direction` is `ltr` or `rtl`."""

    def __init__(self, code: str, *, locale: Path = LOCALE) -> None:
        self.code = code
        self._locale = Locale.parse(_FORMATS.get(code, code))
        self._texts = catalogue(code, locale)
        self.direction: str = self._locale.text_direction

    def gettext(self, text: str, **values: str | int) -> str:
        """Translates a text and puts `values` where it names them in braces; whole numbers as the language writes."""
        found = self._texts.gettext(text)
        return found.format_map(self._shown(values)) if values else found

    def ngettext(self, one: str, many: str, count: int, **values: str | int) -> str:
        """Translates a text in the form for `count`, which it may name in braces as `{count}`, as any of `values`."""
        return self._texts.ngettext(one, many, count).format_map(self._shown({"count": count, **values}))

    def forms(self, one: str, many: str) -> dict[str, str]:
        """Returns a text in every form by its category (CLDR), for scripts: `Intl.PluralRules` chooses among them."""
        rule = self._locale.plural_form
        samples = {rule(number): number for number in reversed(_SAMPLES)}
        return {category: self._texts.ngettext(one, many, number) for category, number in sorted(samples.items())}

    def all(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Translates every text of a list."""
        return {code: self._texts.gettext(text) for code, text in texts.items()}

    def number(self, value: int) -> str:
        """Formats a whole number."""
        return format_decimal(value, locale=self._locale)

    def date(self, at: datetime) -> str:
        """Formats the day of a moment, in its own time zone: `Sunday 1 June 2031`."""
        return format_date(at, "full", locale=self._locale)

    def time(self, at: datetime) -> str:
        """Formats the hour and minute of a moment, in its own time zone."""
        # Babel converts to UTC if it is not told the zone.
        return format_time(at, "short", tzinfo=at.tzinfo or UTC, locale=self._locale)

    def length(self, count: int, unit: str) -> str:
        """Formats a length of time in `unit`, which is `second`, `minute`, `hour` or `day`: `2 days`."""
        return format_unit(count, f"duration-{unit}", "long", locale=self._locale)

    def _shown(self, values: Mapping[str, str | int]) -> dict[str, str]:
        return {name: self.number(one) if isinstance(one, int) else one for name, one in values.items()}


@cache
def language(code: str) -> Language:
    """Returns an offered language."""
    return Language(code)
