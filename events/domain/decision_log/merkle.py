"""The Merkle tree of RFC 6962, section 2.1, over leaves that are only ever appended.

A **frontier** is what is kept of a tree of `size` leaves to append to it: the hashes of its perfect subtrees, the
largest first, as many as `size` has binary ones; at most 63 of 32 bytes. A **node** (level, index) is the hash of the
perfect subtree over the leaves from `index << level` on, `1 << level` of them: of a tile's hashes, every eighth level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
# Of a tlog-tile: 256 hashes of one level.
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

EMPTY_ROOT = sha256(b"").digest()

# Returns the hash of a node, which is inside the tree.
Nodes = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Hashes an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Hashes many entries as leaves."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hashes two subtrees as one."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as far as it must be known to grow."""

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size.bit_count() != len(self.frontier):
            raise ValueError(f"a tree of {self.size} leaves has no frontier of {len(self.frontier)} hashes")

    @classmethod
    def unpack(cls, size: int, data: bytes) -> Tree:
        """Reads what `packed` has made. Raises ValueError."""
        if len(data) % HASH_BYTES:
            raise ValueError("a frontier is made of whole hashes")
        return cls(size, tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))

    @property
    def packed(self) -> bytes:
        """The hashes of the frontier, one behind the other."""
        return b"".join(self.frontier)

    @property
    def root(self) -> bytes:
        """The tree's hash."""
        if not self.frontier:
            return EMPTY_ROOT
        *larger, found = self.frontier
        for left in reversed(larger):
            found = node_hash(left, found)
        return found

    def append(self, leaves: Sequence[bytes]) -> tuple[Tree, Sequence[bytes]]:
        """Appends leaves, given as their hashes.

        Returns the tree, and the nodes of `TILE_HEIGHT` that are complete since: the hashes of the next level's tiles.
        Costs one hash for each leaf, all of a level in one go.
        """
        left, right = list(self.frontier), list[bytes]()
        nodes, level, tiles = list(leaves), 0, list[bytes]()
        while nodes:
            if level == TILE_HEIGHT:
                tiles = nodes[:]
            if self.size >> level & 1:
                nodes.insert(0, left.pop())
            if len(nodes) & 1:
                right.append(nodes.pop())
            pairs = iter(nodes)
            nodes = [sha256(b"\x01" + a + b).digest() for a, b in zip(pairs, pairs, strict=True)]
            level += 1
        return Tree(self.size + len(leaves), (*left, *reversed(right))), tiles


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Returns the audit path of a leaf in the tree of `size` leaves (RFC 6962, 2.1.1), from the leaf up.

    Raises ValueError: it has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path, low, high = list[bytes](), 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(range_hash(middle, high, nodes))
            high = middle
        else:
            path.append(range_hash(low, middle, nodes))
            low = middle
    return path[::-1]


def consistency_proof(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """Returns the proof that the tree of `size` leaves begins with the one of `old` leaves (RFC 6962, 2.1.2).

    Empty where the older tree has no leaf, or is the same. Raises ValueError: it is the larger one.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves does not begin with {old}")
    return [] if old in (0, size) else _subproof(old, 0, size, nodes, whole=True)


def _subproof(old: int, low: int, high: int, nodes: Nodes, *, whole: bool) -> list[bytes]:
    if old == high - low:
        return [] if whole else [range_hash(low, high, nodes)]
    k = _split(high - low)
    if old <= k:
        return [*_subproof(old, low, low + k, nodes, whole=whole), range_hash(low + k, high, nodes)]
    return [*_subproof(old - k, low + k, high, nodes, whole=False), range_hash(low, low + k, nodes)]


def range_hash(low: int, high: int, nodes: Nodes) -> bytes:
    """Returns the hash of the leaves from `low` up to `high`, as they stand together in a tree."""
    count = high - low
    if count.bit_count() == 1:
        level = count.bit_length() - 1
        return nodes(level, low >> level)
    k = _split(count)
    return node_hash(range_hash(low, low + k, nodes), range_hash(low + k, high, nodes))


def _split(count: int) -> int:
    """Returns the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)
