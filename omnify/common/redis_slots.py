"""Which node of a Redis Cluster serves which key: slots, and the map of them that nodes give."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from omnify.common.redis_urls import Address

SLOTS = 16_384


@lru_cache(maxsize=8192)
def slot_of(key: str | bytes) -> int:
    """Returns a key's slot: CRC16 of its hash tag, or of the whole key. Source: the Redis Cluster specification."""
    raw = key.encode() if isinstance(key, str) else key
    start = raw.find(b"{")
    end = raw.find(b"}", start + 1)
    tag = raw[start + 1 : end] if start >= 0 and end > start + 1 else raw
    return crc_hqx(tag, 0) % SLOTS


def slot_of_command(args: Sequence[Any]) -> int | None:
    """Returns the slot that a command belongs to, by its first key; None if it has no key.

    For the commands that Omnify sends: scripts name how many keys they have, all others begin with a key.
    """
    name = args[0].upper()
    if name in _SCRIPTS:
        return slot_of(args[3]) if int(args[2]) else None
    return None if name in _KEYLESS or len(args) < 2 else slot_of(args[1])


_SCRIPTS = {"EVAL", "EVALSHA"}
_KEYLESS = {
    *("PING", "ECHO", "TIME", "INFO", "CONFIG", "CONFIG GET", "CLUSTER", "CLUSTER SLOTS", "ROLE", "WAIT", "ASKING"),
    *("SCRIPT", "SCRIPT LOAD", "SCRIPT FLUSH", "BGREWRITEAOF", "BGSAVE", "CLIENT", "FLUSHALL", "DBSIZE", "SCAN"),
}


class SlotMap:
    """The master of each slot, as far as known. A slot that no node has is served by None."""

    def __init__(self) -> None:
        self._owners: list[Address | None] = [None] * SLOTS

    def __getitem__(self, slot: int) -> Address | None:
        return self._owners[slot]

    def learn(self, slot: int, owner: Address) -> None:
        """Takes over what one node said about one slot."""
        self._owners[slot] = owner

    def replace(self, reply: Sequence[Any], *, asked: Address) -> None:
        """Takes over a whole reply to CLUSTER SLOTS. A node that does not know its own host was reached as `asked`."""
        owners: list[Address | None] = [None] * SLOTS
        for first, last, master, *_ in reply:
            owner = _address(master, asked)
            owners[int(first) : int(last) + 1] = [owner] * (int(last) + 1 - int(first))
        self._owners = owners

    def masters(self) -> list[Address]:
        """Lists all nodes that serve slots, in the order of these."""
        return list(dict.fromkeys(owner for owner in self._owners if owner is not None))


def _address(node: Sequence[Any], asked: Address) -> Address:
    host = node[0].decode() if isinstance(node[0], bytes) else node[0]
    return (host if host and host != "?" else asked[0]), int(node[1])


def read_redirect(text: str, *, asked: Address) -> tuple[int, Address]:
    """Reads `3999 host:port`, what stands behind MOVED or ASK. Raises ValueError for anything else."""
    slot, _, place = text.partition(" ")
    host, _, port = place.rpartition(":")
    return int(slot), (host.strip("[]") or asked[0], int(port))
