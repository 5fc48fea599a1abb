"""What a registration that asks to be admitted consists of, and how a batch of them goes to `lua/admit.lua`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

_encode = msgspec.msgpack.Encoder().encode


class OrganizerClaim(NamedTuple):
    """The organizer whose token a registration came with, and whether it has a callback."""

    organizer_id: int
    has_callback: bool


class OlderName(NamedTuple):
    """A registration's name under an older secret. `key` and `note` are empty without an Idempotency-Key."""

    key: str
    note: str
    email_digest: str


class More(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What few registrations have; None is what this one does not have.

    `quantity`, `type_id`: how many seats of which ticket type it asks for, 0 where it does not say which.
    `untyped_keys`: the keys that its names would have if it did not (absent equals the default), the current secret's
    first; only where it does, with an Idempotency-Key. `codes`: the digests under which the event may have its access
    code, each of one secret.
    """

    organizer: OrganizerClaim | None = None
    older_names: Sequence[OlderName] | None = None
    quantity: int | None = None
    type_id: int | None = None
    untyped_keys: Sequence[str] | None = None
    codes: Sequence[str] | None = None


class AdmissionRequest(msgspec.Struct, frozen=True, gc=False):
    """A registration that asks to be admitted. `note` stands for its Idempotency-Key, and is empty without one;
    `address` is a digest, empty for callers who are not limited."""

    key: str
    email_digest: str
    note: str
    payload: str
    address: str = ""
    more: More | None = None

    def admitted_key(self, name: int) -> str:
        """Returns the key of the ticket that was admitted under the name with this number."""
        untyped = self.more.untyped_keys if self.more and name else None
        return untyped[0] if untyped else self.key


def pack_requests(requests: Sequence[AdmissionRequest]) -> bytes:
    """Packs a batch as the script reads it: all parts one after the other, and `more` of those that have more."""
    parts: list[str] = []
    for each in requests:
        parts += (each.key, each.email_digest, each.note, each.payload, each.address)
    rest = {number: each.more for number, each in enumerate(requests, 1) if each.more is not None}
    return _encode(parts) + _encode(rest)
