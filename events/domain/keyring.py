"""The service's secrets, and every key that is derived from one of them.

Nothing signs, seals or digests with a secret itself: each purpose has a derived key, so that leaking one of them
endangers no other. There is one current secret, which makes everything new, and there may be older ones,
which still verify what they made. A **mark** names the secret that made a value; it is stored where the value must
stay the same after the secret has changed.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, unique
from hashlib import blake2b
from typing import Generic, TypeVar

MARK_CHARS = 4

Key = TypeVar("Key")


@unique
class Purpose(Enum):
    """What a key is for. The value is the personalisation of its BLAKE2b (RFC 7693), 16 bytes at most: changing one
    changes everything that its key has made."""

    TICKET_MAC = b"ticket mac"
    IDEMPOTENCY = b"idempotency"
    IDEMPOTENCY_DIGEST = b"idempotency note"
    EMAIL_DIGEST = b"e-mail digest"
    ADDRESS_DIGEST = b"address digest"
    WEBHOOK_SECRETS = b"webhook secrets"
    MESSAGE_IDS = b"message ids"
    ADDRESS_PROOF = b"address proof"
    ACCESS_CODE = b"access code"
    CHECK_IN_TAG = b"check-in tag"
    CHECK_IN_PAD = b"check-in pad"
    OPT_OUT_TAG = b"opt-out tag"
    OPT_OUT_PAD = b"opt-out pad"
    MARK = b"secret mark"


def subkey(secret: str, purpose: Purpose) -> bytes:
    """Derives the 32 bytes that serve this purpose under this secret."""
    return blake2b(secret.encode(), digest_size=32, person=purpose.value).digest()


def mark_of(secret: str) -> str:
    """Returns 24 bits that name a secret and do not reveal it."""
    return urlsafe_b64encode(blake2b(subkey(secret, Purpose.MARK), digest_size=3).digest()).decode()


class Keyring(Generic[Key]):
    """What is made from each secret for one purpose, the current one first, then the older ones, newest first."""

    __slots__ = ("_by_mark", "all", "current", "mark", "older")

    def __init__(self, make: Callable[[str], Key], secrets: Sequence[str]) -> None:
        self.mark = mark_of(secrets[0])
        self.all = tuple(make(secret) for secret in secrets)
        self.current, *self.older = self.all
        self._by_mark = {mark_of(secret): made for secret, made in zip(secrets, self, strict=True)}
        # Made before marks were kept, so under a secret that is older than all others.
        self._by_mark[""] = self.older[-1] if self.older else self.current

    def __iter__(self) -> Iterator[Key]:
        return iter(self.all)

    def under(self, mark: str | None) -> Key:
        """Returns what this mark's secret made; the current one without a mark, or for an unknown secret."""
        return self.current if mark is None else self._by_mark.get(mark, self.current)
