"""Gives tickets with random ids names that are the same in both services: their place in the queue."""

from __future__ import annotations

import re
from collections.abc import Iterable

from events.domain.ticket_keys import KEY_CHARS, REF_CHARS

_TICKET_ID = re.compile(r"([1-9][0-9]*)-([A-Za-z0-9_-]{20})([A-Za-z0-9_-]{8})(?![A-Za-z0-9_-])")
_REPLACED = (
    (re.compile(r"(?m)^(date): [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$", re.I), r"\1: <date>"),
    (re.compile(r"(?m)^(retry-after): \d+$"), r"\1: <seconds>"),
    (re.compile(r"(?m)^(ratelimit: .*;t)=\d+$"), r"\1=<seconds>"),
    (re.compile(r"(?m)^(retry): \d+$"), r"\1: <milliseconds>"),
    (re.compile(r'(?m)^((?:etag|id): "[a-z]-)[0-9a-f]{8}"$'), r'\1<digest>"'),
    # Each service has its own key, and what is signed holds random ids and times.
    (re.compile(r'("receipt":\{"event_id":\d+),"commitment":"[0-9a-f]{64}",("sequence":\d+),[^}]*\}'), r"\1,\2}"),
    (re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"'), '"<time>"'),
)


class Names:
    """Names of the tickets of one event."""

    def __init__(self, keys: Iterable[str], *, derived: set[str]) -> None:
        random = [key for key in keys if not any(key.startswith(start) for start in derived)]
        self._names = {key: f"<ticket {number}>" for number, key in enumerate(random, start=1)}
        assert all(len(key) == KEY_CHARS for key in self._names)

    def in_text(self, text: str) -> str:
        """Text of a store with names in place of keys."""
        for key, name in self._names.items():
            text = text.replace(key, name)
        return text

    def in_answer(self, head: bytes, body: bytes) -> str:
        """An answer as text with names in place of ids, and without what differs between two equal services."""
        text = _TICKET_ID.sub(self._of_id, f"{head.decode('latin-1')}\r\n\r\n{body.decode('latin-1')}").replace(
            "\r", ""
        )
        for key, name in self._names.items():
            text = text.replace(f'-{key[:REF_CHARS]}"', f'-{name}"')
        for pattern, instead in _REPLACED:
            text = pattern.sub(instead, text)
        return text

    def _of_id(self, match: re.Match[str]) -> str:
        name = self._names.get(match[2])
        return f"{match[1]}-{name}" if name else match[0]
