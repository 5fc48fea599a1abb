"""A registration's language in the queue: a number of blanks behind its payload, none where it said no language.

Blanks behind JSON mean nothing (RFC 8259, 2), so that a worker of the release before, which during an update takes
what a door of this one has admitted, reads it as one without a language. A further string in the payload it could not
read, and would refuse the registration. Those without a language pay nothing.
"""

from __future__ import annotations

# Never changed, only added to at the end: what is in a queue keeps its language.
_NUMBERS = ("en", "de", "fr", "es", "ja")
BLANK = b" "


def write_language(language: str) -> str:
    """Returns the blanks for a language; none for one without a number."""
    return " " * (_NUMBERS.index(language) + 1) if language in _NUMBERS else ""


def read_language(payload: bytes) -> str:
    """Reads the language of a payload; empty for one that this release does not know."""
    number = len(payload) - len(payload.rstrip(BLANK))
    return _NUMBERS[number - 1] if 0 < number <= len(_NUMBERS) else ""
