"""Keyed digests and random keys, in URL-safe base64: what ticket ids are made of."""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from hashlib import blake2b

_DRAWN_AT_ONCE = 256
_URL_SAFE, _STANDARD = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


def encode(data: bytes) -> str:
    """Encodes bytes in URL-safe base64, as `base64.urlsafe_b64encode` does, in half the time."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).decode()


def decode(text: str) -> bytes:
    """Decodes what `encode` has made."""
    return a2b_base64(text.encode().translate(_STANDARD))


class Digest:
    """Keyed BLAKE2b in URL-safe base64. Copying a state that has absorbed the key costs less than absorbing it."""

    __slots__ = ("_start",)

    def __init__(self, key: bytes, size: int) -> None:
        self._start = blake2b(digest_size=size, key=key)

    def of(self, text: str) -> str:
        """Returns the digest of a text."""
        digest = self._start.copy()
        digest.update(text.encode())
        # `encode`, without the call: a request makes up to four digests.
        return b2a_base64(digest.digest(), newline=False).translate(_URL_SAFE).decode()

    def text_of(self, data: bytes) -> bytes:
        """Returns the digest of bytes, as the bytes of its text."""
        digest = self._start.copy()
        digest.update(data)
        return b2a_base64(digest.digest(), newline=False).translate(_URL_SAFE)

    def bytes_of(self, text: str) -> bytes:
        """Returns the same as bytes."""
        digest = self._start.copy()
        digest.update(text.encode())
        return digest.digest()

    def bytes_of_all(self, data: Iterable[bytes]) -> list[bytes]:
        """Returns the digests of many."""
        start, found = self._start.copy, []
        for one in data:
            digest = start()
            digest.update(one)
            found.append(digest.digest())
        return found

    def texts_of_all(self, data: Iterable[bytes]) -> list[bytes]:
        """Returns the same as the bytes of their texts, encoded in one go: each has characters of its own only if the
        size of this digest is a multiple of three."""
        texts = b2a_base64(b"".join(self.bytes_of_all(data)), newline=False).translate(_URL_SAFE)
        chars = self._start.digest_size * 4 // 3
        return [texts[at : at + chars] for at in range(0, len(texts), chars)]


class RandomKeys:
    """Keys of `size` bytes from the operating system, in URL-safe base64.

    They are drawn many at a time: a call for each would cost more than all else about it. `size` is a multiple of
    three, so that each key has characters of its own.
    """

    __slots__ = ("_keys", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: list[str] = []
        # A forked process must not give out the keys that its parent has drawn.
        os.register_at_fork(after_in_child=self._keys.clear)

    def next(self) -> str:
        """Returns a key that was never returned before."""
        if not self._keys:
            drawn = encode(os.urandom(self._size * _DRAWN_AT_ONCE))
            chars = len(drawn) // _DRAWN_AT_ONCE
            self._keys.extend(drawn[at : at + chars] for at in range(0, len(drawn), chars))
        return self._keys.pop()
