"""Ticket ids that explain themselves.

An id is `<event id>-<key><mac>`: the event in decimal, a key of 20 characters (120 random bits) and a MAC of 8
characters (48 bits, keyed BLAKE2b), both in URL-safe base64. So all that is stored about a ticket can live beside
its event, a made-up id is refused without asking any store, and "accepted but lost" can be told from "never
existed". The event and the first 8 characters of the key are the ticket's `reference`, `<event id>-<8 characters>`, the
only part that may stand in logs and exports: it opens nothing, since the 72 bits after it stay unguessable.

A check-in code is `<reference>-<24 characters>` and identifies the ticket at the entrance only. The 24 characters are
a tag of 72 bits (keyed BLAKE2b over event and key) and the rest of the key, hidden under a pad that is derived from the
tag: the synthetic-IV construction of Rogaway and Shrimpton (2006). So nothing is stored for it, the entrance finds the
ticket by its whole key, and a photograph of the code says nothing about the id. The token of a mail's
`List-Unsubscribe` is made in the same way under other keys. With the key in clear, the 48 bits of the MAC could be
tried against the SHA-256 of the id, which the decision log publishes.

A proof token is the digest of an e-mail and 144 bits of a keyed digest over ticket and e-mail. It is sent to that
e-mail and stored nowhere; it proves that who has it reads the mail to this address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from hmac import compare_digest
from operator import add
from typing import NewType

from events.domain.digests import Digest, RandomKeys
from events.domain.keyring import Keyring, Purpose, subkey
from events.domain.ticket_keys import KEY_BYTES, KEY_CHARS, MAC_CHARS, REF_CHARS, Cover, TicketKeys, TicketName

EMAIL_DIGEST_CHARS = 12

# A text in the form of a ticket id; only `read_ticket_id` makes one.
TicketId = NewType("TicketId", str)

# The forms of what clients see, as a regular expression of JSON Schema (ECMA 262) says them.
TICKET_ID_PATTERN = r"^[1-9][0-9]{0,17}-[A-Za-z0-9_-]{28}$"
REFERENCE_PATTERN = r"^[1-9][0-9]{0,17}-[A-Za-z0-9_-]{8}$"
CHECK_IN_CODE_PATTERN = r"^[1-9][0-9]{0,17}-[A-Za-z0-9_-]{8}-[A-Za-z0-9_-]{24}$"

_SHAPE = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{20})([A-Za-z0-9_-]{8})")
_COVERED = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{8})-([A-Za-z0-9_-]{12})([A-Za-z0-9_-]{12})")
_REFERENCE = re.compile(r"([1-9][0-9]{0,17})-([A-Za-z0-9_-]{8})")

_random_keys = RandomKeys(KEY_BYTES)


class Tickets:
    """Makes ticket ids under the current secret, and also reads those of older secrets, which stand newest first.

    A secret is enough to make genuine ids; an id whose secret is not configured is unknown.
    """

    __slots__ = ("_address", "_keys", "mark")

    def __init__(self, secret: str, *older: str) -> None:
        self._keys = Keyring(TicketKeys, (secret, *older))
        self._address = Digest(subkey(secret, Purpose.ADDRESS_DIGEST), 6)
        self.mark = self._keys.mark

    def mint(self) -> str:
        """Makes a key: 120 random bits from the operating system."""
        return _random_keys.next()

    def names(
        self, *, event_id: int, idempotency_key: str | None, body: Sequence[str], email_key: str
    ) -> list[TicketName]:
        """Derives a registration's names: one under the current secret, then one under each older secret.

        With an `idempotency_key` the ticket's key is derived from it, the event and the body, so that every retry names
        the same ticket, and another body never does. `body` is what makes two registrations the same one, in a fixed
        order; what is left out at its end is empty. None of it holds a NUL.
        """
        if idempotency_key is not None:
            return [keys.name(event_id, idempotency_key, body, email_key) for keys in self._keys]
        names = [self._keys.current.new_name(_random_keys.next(), email_key)]
        if self._keys.older:
            names += [keys.new_name("", email_key) for keys in self._keys.older]
        return names

    def ticket_id(self, *, event_id: int, key: str, mark: str | None = None) -> str:
        """Builds the public id of a key, under the secret with this mark or, without a mark, the current one."""
        text = f"{event_id}-{key}"
        return text + self._keys.under(mark).mac.of(text)

    def id_maker(self, event_id: int) -> Callable[[str, str], bytes]:
        """Returns what makes the ids of an event's tickets of their keys and marks, as bytes: the same ids, in a third
        of the time less, for batches of them."""
        prefix, under = f"{event_id}-", self._keys.under

        def make(key: str, mark: str) -> bytes:
            named = (prefix + key).encode()
            return named + under(mark).mac.text_of(named)

        return make

    def ids_of(self, event_id: int, keys: Sequence[str], marks: Sequence[str]) -> list[bytes]:
        """Returns the ids of an event's tickets as bytes. Nearly always all of them are of one secret, and then they
        are made in two thirds of the time that `id_maker` takes."""
        if len(set(marks)) != 1:
            return list(map(self.id_maker(event_id), keys, marks))
        prefix = f"{event_id}-"
        named = [(prefix + key).encode() for key in keys]
        return list(map(add, named, self._keys.under(marks[0]).mac.texts_of_all(named)))

    def ticket_ids(self, *, event_id: int, key: str) -> list[str]:
        """Builds every id under which a key of unknown mark may have been given out, the current secret's first."""
        text = f"{event_id}-{key}"
        return [text + keys.mac.of(text) for keys in self._keys]

    def parse(self, ticket_id: str) -> tuple[int, str] | None:
        """Reads `(event_id, key)` from a genuine id; None for any other text. Reads no store."""
        match = _SHAPE.fullmatch(ticket_id)
        if match is None or self._maker(ticket_id) is None:
            return None
        event_id, key, _ = match.groups()
        return int(event_id), key

    def check_in_code(self, *, event_id: int, key: str, mark: str | None = None) -> str:
        """Builds what a ticket's QR code holds, under the secret with this mark or, without a mark, the current one."""
        return f"{reference(event_id, key)}-{self._keys.under(mark).check_in.of(f'{event_id}-{key}')}"

    def check_in_code_of(self, ticket_id: str) -> str:
        """Builds the code of a genuine id, under the same secret as the id: neither changes when the secret does."""
        keys = (self._maker(ticket_id) if self._keys.older else None) or self._keys.current
        return f"{reference_of(ticket_id)}-{keys.check_in.of(ticket_id[:-MAC_CHARS])}"

    def _maker(self, ticket_id: str) -> TicketKeys | None:
        """Finds the secret's keys that made an id of this form; None if none of them did."""
        named, mac = ticket_id[:-MAC_CHARS], ticket_id[-MAC_CHARS:]
        for keys in self._keys.all:
            if compare_digest(mac, keys.mac.of(named)):
                return keys
        return None

    def parse_check_in_code(self, code: str) -> tuple[int, str] | None:
        """Reads `(event_id, key)` from a genuine check-in code; None for any other text. Reads no store."""
        return _uncovered(code, (keys.check_in for keys in self._keys))

    def proof_token(self, *, event_id: int, key: str, email_key: str, mark: str) -> str:
        """Builds what proves a ticket's e-mail, for a mail to it, under the secret with this mark: that of its id."""
        keys = self._keys.under(mark)
        address = keys.email_digest(email_key)
        return address + keys.proof.of(f"{event_id}-{key}:{address}")

    def proved_address(self, ticket_id: str, token: str) -> str | None:
        """Returns the digest of the e-mail that a genuine token proves for the ticket with this genuine id; None for
        any other text. Reads no store."""
        keys, address = self._maker(ticket_id), token[:EMAIL_DIGEST_CHARS]
        if keys is None:
            return None
        genuine = address + keys.proof.of(f"{ticket_id[:-MAC_CHARS]}:{address}")
        return address if compare_digest(token.encode(), genuine.encode()) else None

    def opt_out_token(self, *, event_id: int, key: str, mark: str | None = None) -> str:
        """Builds what switches news about a ticket's event off. It opens nothing else, and says nothing of the id."""
        return f"{reference(event_id, key)}-{self._keys.under(mark).opt_out.of(f'{event_id}-{key}')}"

    def parse_opt_out_token(self, token: str) -> tuple[int, str] | None:
        """Reads `(event_id, key)` from a genuine token; None for any other text."""
        return _uncovered(token, (keys.opt_out for keys in self._keys))

    def email_digest(self, email_key: str, mark: str | None = None) -> str:
        """Returns 72 keyed bits, in base64, by which Redis can compare an e-mail but not read it."""
        return self._keys.under(mark).email_digest(email_key)

    def email_digests(self, email_key: str) -> list[str]:
        """Lists every digest under which Redis may have an e-mail."""
        return [keys.email_digest(email_key) for keys in self._keys]

    def code_digests(self, event_id: int, code: str) -> list[str]:
        """Lists every digest (72 keyed bits, in base64) under which an event may have a normalised access code."""
        return [keys.access_code.of(f"{event_id}:{code}") for keys in self._keys]

    def address_digest(self, address: str) -> str:
        """Returns 48 keyed bits, in base64, for a client's address in Redis. Two that collide share one limit."""
        return self._address.of(address)


def _uncovered(text: str, covers: Iterable[Cover]) -> tuple[int, str] | None:
    match = _COVERED.fullmatch(text)
    if match is None:
        return None
    event_id, ref, tag, hidden = int(match[1]), *match.groups()[1:]
    key = next(filter(None, (cover.key(event_id, ref, tag, hidden) for cover in covers)), None)
    return (event_id, key) if key else None


def read_ticket_id(text: str) -> TicketId | None:
    """Returns the text if it has the form of a ticket id, else None: paths and headers can then contain it safely.

    `Tickets.parse` tells whether it is genuine.
    """
    return TicketId(text) if _SHAPE.fullmatch(text) else None


def ticket_ref(key: str) -> str:
    """Returns the part of a ticket's key that logs may hold."""
    return key[:REF_CHARS]


def reference(event_id: int, key: str) -> str:
    """Builds a ticket's reference, which names it to people, in logs and in exports."""
    return f"{event_id}-{key[:REF_CHARS]}"


def reference_of(ticket_id: str) -> str:
    """Builds the reference of a ticket id."""
    return ticket_id[: REF_CHARS - KEY_CHARS - MAC_CHARS]


def parse_reference(text: str) -> tuple[int, str] | None:
    """Reads `(event_id, first characters of the key)`; None for any other text."""
    match = _REFERENCE.fullmatch(text)
    return (int(match[1]), match[2]) if match else None
