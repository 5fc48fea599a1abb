"""Ticket ids that explain themselves.

An id is `<event id>-<key><mac>`: the event in decimal, a key of 20 characters (120 random bits) and a MAC of 8
characters (48 bits, keyed BLAKE2b), both in URL-safe base64. So all that is stored about a ticket can live beside
its event, a made-up id is refused without asking any store, and "accepted but lost" can be told from "never
existed". The first 8 characters of the key are the ticket's `ref`, the only part that may stand in a log: the 72
bits after it stay unguessable.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple, NewType

from events.domain.keyring import Keyring, Purpose, mark_of, subkey

KEY_BYTES = 15
KEY_CHARS = 20
MAC_BYTES = 6
REF_CHARS = 8

# A text that looks like a ticket id, made by `read_ticket_id` alone.
TicketId = NewType("TicketId", str)

_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{20})([A-Za-z0-9_-]{8})")


class Name(NamedTuple):
    """What a registration is called under one secret, which `mark` names.

    `key` is its ticket's; under an older secret it is empty without an Idempotency-Key. `note` stands for the
    Idempotency-Key in Redis, whatever body it comes with, and is empty without one; `email_digest` for the e-mail.
    """

    key: str
    note: str
    email_digest: str
    mark: str


class Tickets:
    """Makes ticket ids under the current secret, and knows those of the older ones, which stand newest first.

    Whoever holds a secret can make genuine ids; without it every id that it made is unknown.
    """

    __slots__ = ("_address_key", "_keys", "mark")

    def __init__(self, secret: str, *older: str) -> None:
        self._keys = Keyring(_Keys, (secret, *older))
        self._address_key = subkey(secret, Purpose.ADDRESS_DIGEST)
        self.mark = self._keys.mark

    def mint(self) -> str:
        """A fresh key: 120 bits from the operating system."""
        return urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()

    def names(self, *, event_id: int, idempotency_key: str | None, body: Sequence[str], email_key: str) -> list[Name]:
        """What a registration is called: under the current secret, and then under each older one.

        With an `idempotency_key` the ticket's key is derived from it, the event and the body, so that every retry names
        the same ticket, and another body never does. `body` is what makes two registrations the same one, in a fixed
        order; what is left out at its end is empty. None of it holds a NUL.
        """
        if idempotency_key is None:
            first, *older = [Name("", "", keys.email_digest(email_key), keys.mark) for keys in self._keys]
            return [first._replace(key=self.mint()), *older]
        return [keys.name(event_id, idempotency_key, body, email_key) for keys in self._keys]

    def ticket_id(self, *, event_id: int, key: str, mark: str | None = None) -> str:
        """The public id of a key as the secret with this mark made it; without a mark, the current one."""
        return f"{event_id}-{key}{self._keys.under(mark).mac(event_id, key)}"

    def ticket_ids(self, *, event_id: int, key: str) -> list[str]:
        """Every id that a key of unknown mark may have been given out as, under the current secret first."""
        return [f"{event_id}-{key}{keys.mac(event_id, key)}" for keys in self._keys]

    def parse(self, ticket_id: str) -> tuple[int, str] | None:
        """`(event_id, key)` of a genuine id, or None for any other text. Touches no store."""
        match = _SHAPE.fullmatch(ticket_id)
        if match is None:
            return None
        event_id, key = int(match[1]), match[2]
        genuine = any(compare_digest(match[3], keys.mac(event_id, key)) for keys in self._keys)
        return (event_id, key) if genuine else None

    def email_digest(self, email_key: str, mark: str | None = None) -> str:
        """72 keyed bits, in base64, that stand for an e-mail in Redis: compared there, not readable there."""
        return self._keys.under(mark).email_digest(email_key)

    def email_digests(self, email_key: str) -> list[str]:
        """All that may stand for an e-mail in Redis."""
        return [keys.email_digest(email_key) for keys in self._keys]

    def address_digest(self, address: str) -> str:
        """48 keyed bits, in base64, that stand for a client's address in Redis: two that meet share one limit."""
        return _digest(address, self._address_key, 6)


class _Keys:
    """What one secret makes of tickets."""

    __slots__ = ("_email", "_idempotency", "_mac", "_note", "mark")

    def __init__(self, secret: str) -> None:
        self.mark = mark_of(secret)
        self._mac = subkey(secret, Purpose.TICKET_MAC)
        self._idempotency = subkey(secret, Purpose.IDEMPOTENCY)
        self._note = subkey(secret, Purpose.IDEMPOTENCY_DIGEST)
        self._email = subkey(secret, Purpose.EMAIL_DIGEST)

    def mac(self, event_id: int, key: str) -> str:
        return _digest(f"{event_id}-{key}", self._mac, MAC_BYTES)

    def name(self, event_id: int, idempotency_key: str, body: Sequence[str], email_key: str) -> Name:
        scope = f"{event_id}:{idempotency_key}"
        # Without what is empty at the end: a field that a later release adds must not change the keys of today.
        key = _digest("\0".join((scope, *body)).rstrip("\0"), self._idempotency, KEY_BYTES)
        return Name(key, _digest(scope, self._note, 9), self.email_digest(email_key), self.mark)

    def email_digest(self, email_key: str) -> str:
        return _digest(email_key, self._email, 9)


def read_ticket_id(text: str) -> TicketId | None:
    """The text, if a ticket id may look like that: what else is built of it then holds nothing but one. Whether it is
    genuine, `Tickets.parse` says."""
    return TicketId(text) if _SHAPE.fullmatch(text) else None


def ticket_ref(key: str) -> str:
    """The part of a ticket that logs may hold."""
    return key[:REF_CHARS]


def _digest(text: str, key: bytes, size: int) -> str:
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=size, key=key).digest()).decode()
