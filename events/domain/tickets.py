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
from hashlib import blake2b
from hmac import compare_digest
from typing import NewType

KEY_BYTES = 15
KEY_CHARS = 20
MAC_BYTES = 6
REF_CHARS = 8

# A text that looks like a ticket id, made by `read_ticket_id` alone.
TicketId = NewType("TicketId", str)

_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{20})([A-Za-z0-9_-]{8})")


class Tickets:
    """Makes and checks ticket ids under one secret.

    Whoever holds the secret can make genuine ids; changing it makes every id given out so far unknown.
    """

    __slots__ = ("_address_key", "_digest_key", "_idempotency_key", "_mac_key")

    def __init__(self, secret: str) -> None:
        self._mac_key = _subkey(secret, b"ticket mac")
        self._idempotency_key = _subkey(secret, b"idempotency")
        self._digest_key = _subkey(secret, b"e-mail digest")
        self._address_key = _subkey(secret, b"address digest")

    def mint(self) -> str:
        """A fresh key: 120 bits from the operating system."""
        return urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()

    def derive(self, *, event_id: int, idempotency_key: str) -> str:
        """The key that every retry under the same Idempotency-Key names."""
        text = f"{event_id}:{idempotency_key}".encode()
        return urlsafe_b64encode(blake2b(text, digest_size=KEY_BYTES, key=self._idempotency_key).digest()).decode()

    def ticket_id(self, *, event_id: int, key: str) -> str:
        """The public id of a key."""
        return f"{event_id}-{key}{self._mac(event_id, key)}"

    def parse(self, ticket_id: str) -> tuple[int, str] | None:
        """`(event_id, key)` of a genuine id, or None for any other text. Touches no store."""
        match = _SHAPE.fullmatch(ticket_id)
        if match is None:
            return None
        event_id, key = int(match[1]), match[2]
        return (event_id, key) if compare_digest(match[3], self._mac(event_id, key)) else None

    def email_digest(self, email_key: str) -> str:
        """72 keyed bits, in base64, that stand for an e-mail in Redis: compared there, not readable there."""
        return urlsafe_b64encode(blake2b(email_key.encode(), digest_size=9, key=self._digest_key).digest()).decode()

    def body_digest(self, name: str, email: str, callback_url: str = "") -> str:
        """48 keyed bits of a registration's body, in hex: tells a retry from a reused Idempotency-Key."""
        text = f"{name}\0{email}\0{callback_url}" if callback_url else f"{name}\0{email}"
        return blake2b(text.encode(), digest_size=6, key=self._digest_key).hexdigest()

    def address_digest(self, address: str) -> str:
        """48 keyed bits, in base64, that stand for a client's address in Redis: two that meet share one limit."""
        return urlsafe_b64encode(blake2b(address.encode(), digest_size=6, key=self._address_key).digest()).decode()

    def _mac(self, event_id: int, key: str) -> str:
        text = f"{event_id}-{key}".encode()
        return urlsafe_b64encode(blake2b(text, digest_size=MAC_BYTES, key=self._mac_key).digest()).decode()


def read_ticket_id(text: str) -> TicketId | None:
    """The text, if a ticket id may look like that: what else is built of it then holds nothing but one. Whether it is
    genuine, `Tickets.parse` says."""
    return TicketId(text) if _SHAPE.fullmatch(text) else None


def ticket_ref(key: str) -> str:
    """The part of a ticket that logs may hold."""
    return key[:REF_CHARS]


def _subkey(secret: str, purpose: bytes) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=purpose[:16]).digest()
