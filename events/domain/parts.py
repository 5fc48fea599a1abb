"""A group may come in parts: when each of them came in, as it is recorded, and how many they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from events.domain.times import from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Part:
    """So many people who came in at one time."""

    at: datetime
    people: int


def read_parts(recorded: Iterable[Sequence[int]] | None) -> list[Part]:
    """Reads what `write_parts` made, the first part first."""
    return [Part(from_ms(ms), people) for ms, people in recorded or ()]


def write_parts(parts: Iterable[Part]) -> list[list[int]]:
    """Makes `[[ms since 1970, people], ...]` of them."""
    return [[to_ms(part.at), part.people] for part in parts]


def is_told(parts: Iterable[Part], *, at: datetime | None, people: int | None) -> bool:
    """Tells whether a device tells of a part once more, whose answer it has missed; `people` is None for all."""
    return any(part.at == at and people in (None, part.people) for part in parts)
