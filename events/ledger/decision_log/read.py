"""Reads a decision log: what tiles, proofs and checkpoints are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from events.domain.decision_log.entries import Kind, requested_of_reveal
from events.domain.decision_log.merkle import TILE_HEIGHT, TILE_WIDTH, Tree, leaf_hash
from events.domain.decision_log.tiles import Tile, log_number, perfect_root
from events.ledger.database import database
from events.models import DecisionLog, DecisionLogChunk


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far a log is, after a whole batch. `key` is the public key that signs it, empty if none does."""

    event_id: int
    origin: str
    key: bytes
    tree: Tree

    @property
    def number(self) -> int:
        """Which log of its event it is. Tiles of another one have other addresses, and stay what they are."""
        return log_number(self.origin)


def log_head(event_id: int) -> LogHead | None:
    """Returns how far an event's log is; None if it has none."""
    found = DecisionLog.objects.filter(pk=event_id).values_list("origin", "key", "size", "frontier").first()
    if found is None:
        return None
    origin, key, size, frontier = found
    return LogHead(event_id, origin, bytes(key), Tree.unpack(size, bytes(frontier)))


def bundle_of(event_id: int, tile: Tile) -> bytes:
    """Returns the entries of a tile that is in the log, each behind its length."""
    return b"".join(frame for frame in _frames(event_id, tile.first, tile.first + tile.width))


def tile_hashes(event_id: int, tile: Tile) -> Sequence[bytes]:
    """Returns the hashes of a tile that is in the log."""
    first, behind = tile.first, tile.first + tile.width
    if not tile.level:
        return [leaf_hash(frame[2:]) for frame in _frames(event_id, first, behind)]
    if tile.level == 1:
        return _complete_tiles(event_id, first, behind)
    below = (Tile(tile.level - 1, number) for number in range(first, behind))
    return [perfect_root(tile_hashes(event_id, one)) for one in below]


def entries_of_ticket(event_id: int, commitment: bytes, *, sequence: int, changed: bool) -> list[tuple[int, bytes]]:
    """Finds the entries of a ticket, and their indexes. `changed`: there may be others than that of its registration,
    for which the rest of the log is read."""
    chunks = DecisionLogChunk.objects.filter(log_id=event_id, last_sequence__gte=sequence)
    row = chunks.order_by("last_sequence", "first_index").values_list("first_index", "entries").first()
    if row is None:
        return []
    rows = [(row[0], bytes(row[1]))]
    if changed:
        rows += database().find_log_chunks(event_id, row[0], commitment)
    return [
        (first + offset, frame[2:])
        for first, entries in rows
        for offset, frame in enumerate(_split(entries))
        if commitment in frame
    ]


def revealed_ms(event_id: int, sealed_size: int) -> int | None:
    """Returns when the reveal of a draw was admitted; None if it is not in the log. `sealed_size` is the seal's index.

    It stands close behind the seal, and the tickets that were drawn stand behind it: few batches are read at once.
    """
    rows = DecisionLogChunk.objects.filter(log_id=event_id).order_by("first_index")
    behind, number = sealed_size, 1
    while found := list(rows.filter(first_index__gt=behind).values_list("first_index", "entries")[:number]):
        for frame in (frame for _, data in found for frame in _split(bytes(data))):
            if frame[2] == Kind.REVEAL:
                return requested_of_reveal(frame[2:])
        behind, number = found[-1][0], number * 2
    return None


def _complete_tiles(event_id: int, first: int, behind: int) -> Sequence[bytes]:
    """Reads the hashes of complete tiles of the lowest level, from the batches that completed them."""
    last_entries = ((first << TILE_HEIGHT) + TILE_WIDTH - 1, (behind << TILE_HEIGHT) - 1)
    chunks = _chunks(event_id, last_entries[0], last_entries[1] + 1, "tile_hashes")
    found: dict[int, bytes] = {}
    for index, data in chunks:
        hashes = (data[at : at + 32] for at in range(0, len(data), 32))
        found.update(enumerate(hashes, index >> TILE_HEIGHT))
    return [found[number] for number in range(first, behind)]


def _frames(event_id: int, first: int, behind: int) -> Iterator[bytes]:
    for index, data in _chunks(event_id, first, behind, "entries"):
        frames = _split(data)
        yield from frames[max(0, first - index) : behind - index]


def _chunks(event_id: int, first: int, behind: int, column: str) -> Iterator[tuple[int, bytes]]:
    """Reads a column of the batches that have entries from index `first` up to `behind`."""
    rows = DecisionLogChunk.objects.filter(log_id=event_id)
    start = rows.filter(first_index__lte=first).order_by("-first_index").values_list("first_index", flat=True).first()
    found = rows.filter(first_index__gte=start or 0, first_index__lt=behind).order_by("first_index")
    return ((index, bytes(data)) for index, data in found.values_list("first_index", column))


def _split(data: bytes) -> list[bytes]:
    frames, at = list[bytes](), 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        frames.append(data[at:end])
        at = end
    return frames
