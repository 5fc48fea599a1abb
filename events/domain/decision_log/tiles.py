"""Tiles of a log as C2SP tlog-tiles names them: 256 hashes of one level, or the 256 entries under one.

A tile is full, and never changes again, or **partial**: the last one of its level, with its width in its path.
https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from events.domain.decision_log.merkle import TILE_HEIGHT, TILE_WIDTH, Nodes, node_hash

ENTRIES = "entries"
_MAX_LEVEL = 5
_NUMBER = re.compile(r"/log/([1-9][0-9]*)")
_PATH = re.compile(r"(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """The `number`-th tile of a level, which is None for a bundle of entries. Its first `width` are asked for."""

    level: int | None
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it stands below `tile/`."""
        end = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"{ENTRIES if self.level is None else self.level}/{_spell(self.number)}{end}"

    @property
    def first(self) -> int:
        """The index of its first hash in its level, or of its first entry."""
        return self.number << TILE_HEIGHT

    def is_in(self, size: int) -> bool:
        """Tells whether a tree of `size` leaves has it."""
        return self.first + self.width <= size >> TILE_HEIGHT * (self.level or 0)


def read_tile(path: str) -> Tile | None:
    """Reads what stands behind `tile/`; None for anything that is not spelled as tiles are."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = None if match[1] == ENTRIES else int(match[1])
    tile = Tile(level, int(re.sub("[x/]", "", match[2])), int(match[3] or TILE_WIDTH))
    return tile if tile.path == path and (level or 0) <= _MAX_LEVEL else None


def log_number(origin: str) -> int:
    """Returns which log of its event has this name: 1, and behind a break what stands at the end of the name."""
    found = _NUMBER.fullmatch(origin, max(0, origin.rfind("/log")))
    return int(found[1]) if found else 1


def _spell(number: int) -> str:
    """Spells a number in groups of three digits: 1234067 is x001/x234/067."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def nodes_of_tiles(read: Callable[[Tile], Sequence[bytes]], size: int) -> Nodes:
    """Finds nodes of the tree of `size` leaves in its tiles, each of which is read once."""
    kept: dict[tuple[int, int], Sequence[bytes]] = {}

    def hashes(level: int, number: int) -> Sequence[bytes]:
        if (level, number) not in kept:
            left = (size >> TILE_HEIGHT * level) - (number << TILE_HEIGHT)
            kept[level, number] = read(Tile(level, number, min(left, TILE_WIDTH)))
        return kept[level, number]

    def node(level: int, index: int) -> bytes:
        above = level % TILE_HEIGHT
        first, count = (index << above) % TILE_WIDTH, 1 << above
        tile = hashes(level // TILE_HEIGHT, index << above >> TILE_HEIGHT)
        return perfect_root(tile[first : first + count])

    return node


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Returns the hash of a perfect subtree over these."""
    while len(hashes) > 1:
        hashes = [reduce(node_hash, hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]
