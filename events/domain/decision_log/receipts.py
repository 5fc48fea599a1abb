"""Receipts: what the operator signs before the decision. docs/the-rules.md has their bytes.

A **statement** says that a ticket was admitted to an event at a place in its order, at a time. Those that are asked for
at the same moment are the leaves of one Merkle tree (RFC 6962), and its root is signed: one signature for all of them.
The signed note names itself by `receipts`, so no reader can take it for the checkpoint of a log.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from struct import Struct

import msgspec

from events.domain.decision_log.merkle import leaf_hash, node_hash
from events.domain.decision_log.notes import NoteSigner
from events.domain.public.receipt import Receipt
from events.domain.times import iso

# Behind the kinds of a log's entries: no statement is an entry.
KIND = 128
_pack = Struct(">BQ32sQQ").pack
_encode = msgspec.json.Encoder().encode


class Statement(msgspec.Struct, frozen=True, gc=False):
    """A ticket was admitted. `commitment` is SHA-256 of its id; the time in milliseconds since 1970, UTC."""

    event_id: int
    commitment: bytes
    sequence: int
    requested_ms: int

    @property
    def packed(self) -> bytes:
        """The leaf's bytes."""
        return _pack(KIND, self.event_id, self.commitment, self.sequence, self.requested_ms)


def statement(event_id: int, ticket_id: bytes, sequence: int, requested_ms: int) -> Statement:
    """Makes the statement about a ticket."""
    return Statement(event_id, sha256(ticket_id).digest(), sequence, requested_ms)


class ReceiptSigner:
    """Signs statements under the name `<host>/receipts` with the key of the decision logs (32 secret bytes)."""

    __slots__ = ("_signer",)

    def __init__(self, host: str, seed: bytes) -> None:
        self._signer = NoteSigner(f"{host}/receipts", seed)

    def sign(self, statements: Sequence[Statement]) -> list[bytes]:
        """Returns the receipt of each statement as JSON, in their order. Costs one signature."""
        root, paths = tree_of([leaf_hash(one.packed) for one in statements])
        text = f"{self._signer.name}\nreceipts {len(statements)}\n{b64encode(root).decode()}\n"
        # All have the same note: encoding it each time would cost as much as the rest of a receipt.
        note = msgspec.Raw(_encode(self._signer.sign(text)))
        return [_receipt(one, index, paths[index], note) for index, one in enumerate(statements)]


def _receipt(said: Statement, index: int, path: list[str], note: msgspec.Raw) -> bytes:
    requested = iso(said.requested_ms)
    told = (said.event_id, said.commitment.hex(), said.sequence, requested, index, path)
    return _encode(Receipt(*told, note))  # type: ignore[arg-type]


def tree_of(leaves: Sequence[bytes]) -> tuple[bytes, list[list[str]]]:
    """Returns the root over at least one leaf, given as its hash, and each leaf's audit path in hexadecimal.

    An odd node at the end of a level has no sibling there, and stands beside one on a higher level.
    """
    paths: list[list[str]] = [[] for _ in leaves]
    level, height = list(leaves), 0
    while len(level) > 1:
        shown = [one.hex() for one in level]
        last = len(level)
        for index, path in enumerate(paths):
            sibling = (index >> height) ^ 1
            if sibling < last:
                path.append(shown[sibling])
        odd = [level.pop()] if last & 1 else []
        pairs = iter(level)
        level = [node_hash(left, right) for left, right in zip(pairs, pairs, strict=True)] + odd
        height += 1
    return level[0], paths
