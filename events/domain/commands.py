"""The commands in an event's queue: everything that can move a seat, in order of admission.

Request       registers a person
Cancellation  the holder of a ticket gives it back, or the organizer takes it back
Confirmation  a held ticket is taken: it was paid for, or its holder wants it; or the address of a ticket is proved
Expiry        the time of a held ticket is over, or that to prove the address of one that waits
Resize        the organizer changes the capacity, the waitlist's capacity, or the ticket types
Correction    the organizer corrects a guest's name or e-mail, which moves no seat
Closing       the organizer has cancelled the event: every ticket loses its seat or its position on the waitlist

`requested_ms` is the moment of admission by the queue's clock (milliseconds since 1970, UTC). It decides whether a
command came before the event's end, however late the command is applied.
"""

from __future__ import annotations

import msgspec

from events.domain.states import Reason


class Callback(msgspec.Struct, frozen=True, gc=False):
    """Where the messages about one ticket go, and the organizer who registered it."""

    url: str
    organizer_id: int


# A batch makes thousands of these: msgspec creates a struct in C, at a tenth of the cost of a frozen dataclass. Nothing
# in one can refer back to it, so the garbage collector need not look at them.
class Request(msgspec.Struct, frozen=True, gc=False):
    """One admitted registration.

    `sequence` is its number in the event's order of admission; `mark` names the secret that made the ticket's id;
    `type_id` is the ticket type's, 0 for an event without types; `code_id` that of its access code, 0 without one.
    `language` is that of its mails, empty if it did not say one. `trace` is the context of its span (24 bytes:
    `omnify.common.tracing`), empty if it is not traced.
    `added`: by the organizer; `beyond_capacity`: the event or the type then grows by what is missing.
    """

    key: str
    name: str
    email: str
    email_key: str
    sequence: int
    requested_ms: int
    email_digest: str = ""
    mark: str = ""
    callback: Callback | None = None
    quantity: int = 1
    type_id: int = 0
    code_id: int = 0
    beyond_capacity: bool = False
    added: bool = False
    language: str = ""
    trace: bytes = b""

    @classmethod
    def blank(cls, key: str, sequence: int, requested_ms: int, *, mark: str = "") -> Request:
        """Makes a request that can always be stored: the ticket, without data that could not be read or written."""
        return cls(key, "", "", "", sequence, requested_ms, mark=mark)


class Cancellation(msgspec.Struct, frozen=True):
    """Gives the ticket `key` back, for `reason`. It may be applied before or after the decision on that ticket.

    The event's `cancel_until` does not bind it if it is `exempt`: the ticket had no seat yet when it was admitted, or
    it is not its holder's.
    """

    key: str
    sequence: int
    requested_ms: int = 0
    exempt: bool = False
    reason: Reason = Reason.BY_HOLDER


class Confirmation(msgspec.Struct, frozen=True):
    """Turns the held ticket `key` into a confirmed one, if it was admitted before the hold's end.

    `in_time` says so of one that is queued a second time: the ledger has lost the first. `address` is the digest of the
    e-mail that it proves; it is empty for the confirmation of a hold.
    """

    key: str
    sequence: int
    requested_ms: int
    payment_reference: str = ""
    in_time: bool = False
    address: str = ""


class Expiry(msgspec.Struct, frozen=True):
    """Ends the hold of the ticket `key`, if it was admitted at the hold's end or later."""

    key: str
    sequence: int
    requested_ms: int


class TypeTerms(msgspec.Struct, frozen=True):
    """A ticket type as the organizer wants it: its id, which it has before it exists, and its terms."""

    id: int
    name: str
    capacity: int
    waitlist_capacity: int = 0
    max_quantity: int = 1
    price: str = ""


class Resize(msgspec.Struct, frozen=True):
    """Sets new sizes; None leaves one unchanged. `key` names this command: the ledger stores its result under it.

    `types` are all the ticket types that an event with types has afterwards; the sizes stand there then.
    """

    key: str
    sequence: int
    max_capacity: int | None
    waitlist_capacity: int | None
    requested_ms: int = 0
    types: tuple[TypeTerms, ...] = ()


class Correction(msgspec.Struct, frozen=True):
    """Sets a guest's name or e-mail; None leaves one unchanged. `key` names this command, like a resize's.

    `email_key` and `email_digest` are those of the new e-mail, the digest under the secret of the ticket's id.
    """

    key: str
    sequence: int
    ticket: str
    name: str | None
    email: str | None
    email_key: str | None = None
    email_digest: str = ""
    requested_ms: int = 0


class Closing(msgspec.Struct, frozen=True):
    """Cancels the tickets of a cancelled event, `MOVES_AT_ONCE` in a transaction, until none holds a seat."""

    key: str
    sequence: int


class Drawing(msgspec.Struct, frozen=True):
    """Holds the event's draw, if it was admitted at its time or later: a step in each transaction.

    `signature` is that of the public round of randomness that the draw was to wait for; empty if there is none.
    """

    key: str
    sequence: int
    requested_ms: int
    signature: bytes = b""


# These name a ticket by their key. Applied a second time they change nothing.
OfTicket = Cancellation | Confirmation | Expiry
Command = Request | OfTicket | Resize | Correction | Closing | Drawing
