"""A limit on how often something may be done: so many times in a window of time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_TEXT = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour)")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`count` times in `window_seconds`. `name` is what clients know the limit by."""

    count: int
    window_seconds: int
    name: str = "register"

    @property
    def policy(self) -> str:
        """The value of RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10): quota and window in seconds."""
        return f'"{self.name}";q={self.count};w={self.window_seconds}'


class Quota(NamedTuple):
    """What an address has left: `left` more now; after `seconds` there will be more."""

    left: int
    seconds: int

    def field(self, name: str) -> str:
        """Returns the value of RateLimit for the limit of this name, as in the same draft."""
        return f'"{name}";r={self.left};t={self.seconds}'


def parse_rate_limit(text: str, *, name: str = "register") -> RateLimit | None:
    """Parses a limit such as `6000/minute`; returns None for `off`.

    Raises:
        ValueError: with a sentence for people.
    """
    wanted = text.strip().lower()
    if wanted == "off":
        return None
    match = _TEXT.fullmatch(wanted)
    if match is None:
        raise ValueError(f"{text!r} is neither off nor like 6000/minute (second, minute or hour)")
    return RateLimit(int(match[1]), _SECONDS[match[2]], name)
