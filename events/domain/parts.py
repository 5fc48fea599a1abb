"""A group may come in parts: when each of them came in, how many they were, and how its device names that check-in.

A device names a check-in by an id of its own choice. The time on record is no name: the service moves one that cannot
be, of a device whose clock is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.domain.times import from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Part:
    """So many people who came in at one time; `id` is empty where their device named none."""

    at: datetime
    people: int
    id: str = ""


def read_parts(recorded: Iterable[Sequence[Any]] | None) -> list[Part]:
    """Reads what `write_parts` made, the first part first."""
    return [Part(from_ms(ms), people, *named) for ms, people, *named in recorded or ()]


def write_parts(parts: Iterable[Part]) -> list[list[Any]]:
    """Makes `[[ms since 1970, people, id], ...]` of them, without an id that is empty."""
    return [[to_ms(part.at), part.people, *([part.id] if part.id else [])] for part in parts]


def is_told(parts: Iterable[Part], *, at: datetime | None, people: int | None, id: str) -> bool:
    """Tells whether a device tells of a part once more, whose answer it has missed; `people` is None for all.

    Without an `id` a part is found by its time.
    """
    if id:
        return any(part.id == id for part in parts)
    return any(part.at == at and people in (None, part.people) for part in parts)


def without(parts: Iterable[Part], *, at: datetime | None, id: str) -> list[Part]:
    """Returns the parts that stay when one is taken back, found by its id or else its time; without either none."""
    if id:
        return [part for part in parts if part.id != id]
    return [part for part in parts if at is not None and part.at != at]
