"""Public randomness: a chain of rounds at known times, each with a signature that no one knows before its time.

A round is named by its number before the first entry, and is published after the draw was sealed. What the chain's
parameters are: https://docs.drand.love and `/chains` of each of its servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

# Between the seal and the round there must be time to read what was sealed.
SEAL_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain of rounds. `name` is the SHA-256 by which drand names it; times in seconds since 1970."""

    name: bytes
    public_key: bytes
    genesis: int
    period: int

    def time_of(self, number: int) -> int:
        """Returns when a round is published (ms)."""
        return (self.genesis + (number - 1) * self.period) * 1000

    def round_behind(self, draw_ms: int) -> int:
        """Names the round that a draw at this time waits for: the first that is published a minute later or more."""
        earliest = -(-draw_ms // 1000) + SEAL_SECONDS
        return max(1, -((self.genesis - earliest) // self.period) + 1)


# drand's "quicknet": every three seconds, unchained, scheme bls-unchained-g1-rfc9380.
QUICKNET = Chain(
    name=bytes.fromhex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"),
    public_key=bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c"
        "8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb"
        "5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    genesis=1_692_803_367,
    period=3,
)


def randomness(signature: bytes) -> bytes:
    """Returns what a round gives, by drand's own rule."""
    return sha256(signature).digest()
