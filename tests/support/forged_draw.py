"""What an operator who cheats would write into a log with a draw: entries as bytes, by the published rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from events.domain.draw import rank_of, seed_of
from verify.omnify_verify import (
    CONFIRMED,
    DRAWN,
    ENTERED,
    NOT_DRAWN,
    REGISTRATION,
    REVEAL,
    SEAL,
    WAITLISTED,
    leaf,
    root_of,
)

Entries = list[bytes]
# Where a registration, a seal and a reveal have their parts.
_TICKET, _SEQUENCE, _REQUESTED = slice(30, 62), slice(6, 14), slice(14, 22)
_ROOT, _SECRET = slice(25, 57), slice(25, 57)


def place(entries: Sequence[bytes], kind: int) -> int:
    return next(at for at, entry in enumerate(entries) if entry[0] == kind)


def put(entry: bytes, where: slice, value: bytes) -> bytes:
    return entry[: where.start] + value + entry[where.stop :]


def drawn_again(entries: Entries, secret: bytes, *, seats: int, positions: int) -> Entries:
    """The same entries sealed and drawn by this secret: what follows from them is written as the rules say."""
    sealed = place(entries, SEAL)
    before, seal, reveal, last = entries[:sealed], entries[sealed], entries[sealed + 1], entries[-1]
    root = root_of([leaf(entry) for entry in before])
    seed = seed_of(secret, root)
    entered = [entry[_TICKET] for entry in before if entry[0] == REGISTRATION and entry[1] == ENTERED]
    order = sorted(entered, key=lambda ticket: rank_of(seed, ticket))
    outcomes = [CONFIRMED] * seats + [WAITLISTED] * positions
    outcomes += [NOT_DRAWN] * len(order)
    turns = [bytes([DRAWN, outcome]) + last[2:10] + ticket for outcome, ticket in zip(outcomes, order, strict=False)]
    return [*before, put(seal, _ROOT, root), put(reveal, _SECRET, secret), *turns]


def another_secret(entries: Entries, seats: int, positions: int) -> Entries:
    """The draw repeated until it pleased."""
    return drawn_again(entries, sha256(b"a better one").digest(), seats=seats, positions=positions)


def uncommitted_seed(entries: Entries, seats: int, positions: int) -> Entries:
    """A seed that was not committed to."""
    at = place(entries, REVEAL)
    return [*entries[:at], put(entries[at], _SECRET, bytes(32)), *entries[at + 1 :]]


def friend(entries: Entries) -> bytes:
    """One more entry behind the last, of no one who registered."""
    last = entries[place(entries, SEAL) - 1]
    sequence = int.from_bytes(last[_SEQUENCE]) + 1
    made = put(put(last, _SEQUENCE, sequence.to_bytes(8)), _TICKET, sha256(b"a friend").digest())
    return made[:-16] + sha256(b"a friend's mailbox").digest()[:16]


def invented_entry(entries: Entries, seats: int, positions: int) -> Entries:
    """A friend who is slipped in before the seal, and the draw left as it was."""
    at = place(entries, SEAL)
    return [*entries[:at], friend(entries), *entries[at:]]


def late_entry(entries: Entries, seats: int, positions: int) -> Entries:
    """A friend who came after the draw's time, sealed and drawn with the others."""
    at = place(entries, SEAL)
    late = put(friend(entries), _REQUESTED, entries[at][9:17])
    return drawn_again([*entries[:at], late, *entries[at:]], entries[at + 1][_SECRET], seats=seats, positions=positions)


def rewritten(entries: Entries, seats: int, positions: int) -> Entries:
    """A friend who came in time, sealed and drawn with the others: by the rules alone it is as it must be."""
    at = place(entries, SEAL)
    longer = [*entries[:at], friend(entries), *entries[at:]]
    return drawn_again(longer, entries[at + 1][_SECRET], seats=seats, positions=positions)


def swapped_turns(entries: Entries, seats: int, positions: int) -> Entries:
    """Two who were drawn change their turns."""
    at = place(entries, DRAWN)
    return [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]


FOUND: dict[Callable[[Entries, int, int], Entries], str] = {
    another_secret: "rule 17: this secret was not committed to",
    uncommitted_seed: "rule 17: this secret was not committed to",
    invented_entry: "rule 16",
    late_entry: "rule 5",
    swapped_turns: "rule 18",
}
