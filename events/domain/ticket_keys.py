"""What one secret gives for tickets: the keys of `events.domain.tickets`, and the names that they make."""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest

from msgspec import Struct

from events.domain.digests import Digest, decode, encode
from events.domain.keyring import Purpose, mark_of, subkey

KEY_BYTES = 15
KEY_CHARS = 20
MAC_BYTES = 6
REF_CHARS = 8
MAC_CHARS = 8
TAG_BYTES = 9
PROOF_BYTES = 18


class TicketName(Struct, frozen=True, gc=False):
    """What a registration is called under one secret, which `mark` names.

    `key` is its ticket's; under an older secret it is empty without an Idempotency-Key. `note` stands for the
    Idempotency-Key in Redis, whatever body it comes with, and is empty without one; `email_digest` for the e-mail.
    """

    key: str
    note: str
    email_digest: str
    mark: str


class Cover:
    """Writes a ticket's key so that only this secret can read it: a tag, and under a pad derived from it what does not
    stand in the ticket's reference. Each purpose has a cover of its own."""

    __slots__ = ("_pad", "_tag")

    def __init__(self, secret: str, *, tag: Purpose, pad: Purpose) -> None:
        self._tag = Digest(subkey(secret, tag), TAG_BYTES)
        self._pad = Digest(subkey(secret, pad), TAG_BYTES)

    def of(self, named: str) -> str:
        """Returns the tag of `<event id>-<key>`, and the rest of the key, encrypted."""
        tag = self._tag.of(named)
        return tag + self._padded(named[:-KEY_CHARS], tag, named[REF_CHARS - KEY_CHARS :])

    def key(self, event_id: int, ref: str, tag: str, hidden: str) -> str | None:
        """Decrypts the whole key, if this secret covered it."""
        key = ref + self._padded(f"{event_id}-", tag, hidden)
        genuine = compare_digest(tag, self._tag.of(f"{event_id}-{key}"))
        return key if genuine else None

    def _padded(self, event: str, tag: str, text: str) -> str:
        """Encrypts 12 characters with the pad of `<event id>-` and `tag`; a second call decrypts them."""
        pad = self._pad.bytes_of(event + tag)
        mixed = int.from_bytes(decode(text)) ^ int.from_bytes(pad)
        return encode(mixed.to_bytes(TAG_BYTES))


class TicketKeys:
    """The keys that one secret gives for tickets."""

    __slots__ = ("_email", "_idempotency", "_note", "access_code", "check_in", "mac", "mark", "opt_out", "proof")

    def __init__(self, secret: str) -> None:
        self.mark = mark_of(secret)
        self.mac = Digest(subkey(secret, Purpose.TICKET_MAC), MAC_BYTES)
        self._idempotency = Digest(subkey(secret, Purpose.IDEMPOTENCY), KEY_BYTES)
        self._note = Digest(subkey(secret, Purpose.IDEMPOTENCY_DIGEST), 9)
        self._email = Digest(subkey(secret, Purpose.EMAIL_DIGEST), 9)
        self.access_code = Digest(subkey(secret, Purpose.ACCESS_CODE), 9)
        self.proof = Digest(subkey(secret, Purpose.ADDRESS_PROOF), PROOF_BYTES)
        self.check_in = Cover(secret, tag=Purpose.CHECK_IN_TAG, pad=Purpose.CHECK_IN_PAD)
        self.opt_out = Cover(secret, tag=Purpose.OPT_OUT_TAG, pad=Purpose.OPT_OUT_PAD)

    def new_name(self, key: str, email_key: str) -> TicketName:
        return TicketName(key, "", self._email.of(email_key), self.mark)

    def name(self, event_id: int, idempotency_key: str, body: Sequence[str], email_key: str) -> TicketName:
        scope = f"{event_id}:{idempotency_key}"
        # Without what is empty at the end: a field that a later release adds must not change the keys of today.
        key = self._idempotency.of("\0".join((scope, *body)).rstrip("\0"))
        return TicketName(key, self._note.of(scope), self._email.of(email_key), self.mark)

    def email_digest(self, email_key: str) -> str:
        return self._email.of(email_key)
