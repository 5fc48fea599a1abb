"""What an event's queue carries: everything that may move a seat, in one order of admission.

Request       somebody registers
Cancellation  the holder of a ticket gives it back
Resize        the organizer changes the capacity, or the waitlist's
Closing       the organizer has cancelled the event: whoever holds a place loses it

`requested_ms` is the moment of admission by the queue's clock (milliseconds since 1970, UTC), which the entry carries:
whether a command came before the event's end is decided by it, however late its turn comes.
"""

from __future__ import annotations

import msgspec


class Callback(msgspec.Struct, frozen=True):
    """Where the messages about one ticket go, on behalf of the organizer who registered it."""

    url: str
    organizer_id: int


# A batch makes thousands of these: msgspec's structs are made in C, at a tenth of a frozen dataclass's cost.
class Request(msgspec.Struct, frozen=True):
    """One admitted registration.

    `sequence` is its place in the event's order of admission, `mark` names the secret that made the ticket's id.
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


class Cancellation(msgspec.Struct, frozen=True):
    """The ticket `key` is given back. It may stand before or behind the decision on that ticket."""

    key: str
    sequence: int
    requested_ms: int = 0


class Resize(msgspec.Struct, frozen=True):
    """New sizes; None leaves one as it is. `key` names this order, so that it can be told what became of it."""

    key: str
    sequence: int
    max_capacity: int | None
    waitlist_capacity: int | None
    requested_ms: int = 0


class Closing(msgspec.Struct, frozen=True):
    """The event is cancelled. Takes places back, as many as one transaction bears, until nobody holds one."""

    key: str
    sequence: int


Command = Request | Cancellation | Resize | Closing
