"""What a crowd observes from outside, as records that are sent between processes and checked by the proofs.

`*_at` are seconds of this machine's monotonic clock, which all its processes share; `*_ms` are milliseconds since 1970
on the service's clock.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from rehearsal.receipts_seen import ReceiptsSeen

ACCEPTED = 202
NO_ANSWER = 0


class RegistrationResult(msgspec.Struct, frozen=True, array_like=True):
    """The last response to one registration, over all its tries.

    It was admitted, if at all, between `first_sent_at` (the first try may have been admitted and its response lost) and
    `answered_at`. `latency` is that of the last try (s). It asked for `seats` of the ticket type (0: the event has
    none), with the access code of this index (-1: without one). `receipt` is JSON, empty unless it was asked for.
    """

    number: int
    email: str
    status: int
    code: str
    ticket_id: str
    first_sent_at: float
    answered_at: float
    latency: float
    type_id: int = 0
    seats: int = 1
    code_index: int = -1
    receipt: str = ""

    @property
    def accepted(self) -> bool:
        return self.status == ACCEPTED


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """The last `GET /registrations/{ticket_id}`. `status` is the error code if there was no ticket.

    `position` is the position on the waitlist, if the service gave it; `before` is the status of the time the ticket
    was read before, `before_ms` the first `decided_ms` that was read. `expires_ms` is the end of its hold, if any.
    `unlikely`: it was told so at some time.
    """

    ticket_id: str
    status: str
    reason: str | None = None
    sequence: int | None = None
    requested_ms: float | None = None
    decided_ms: float | None = None
    position: int | None = None
    before: str = ""
    before_ms: float | None = None
    type_id: int = 0
    seats: int = 1
    expires_ms: float | None = None
    unlikely: bool = False

    @property
    def first_decided_ms(self) -> float | None:
        """When the ticket was first decided, as far as observed: moving up the waitlist is a second decision."""
        return self.decided_ms if self.before_ms is None else self.before_ms


class CancellationResult(msgspec.Struct, frozen=True, array_like=True):
    """The last response to one `DELETE /registrations/{ticket_id}`, over all its `tries`.

    `sequence` is the cancellation's own in the order of admission; None if the service said that there was nothing to
    cancel. It was admitted, if at all, between `first_sent_at` and `answered_at`.
    """

    ticket_id: str
    status: int
    code: str
    sequence: int | None
    first_sent_at: float
    answered_at: float
    tries: int = 1


class ConfirmationResult(msgspec.Struct, frozen=True, array_like=True):
    """The last response to one `POST /registrations/{ticket_id}/confirm`, over all its tries."""

    ticket_id: str
    status: int
    code: str

    @property
    def accepted(self) -> bool:
        return self.status == ACCEPTED


class Attendee(msgspec.Struct, frozen=True):
    """A line of the organizer's attendee list, which names tickets by their reference."""

    reference: str
    email: str
    sequence: int
    quantity: int = 1
    ticket_type: int | str = 0


class TypeCounts(msgspec.Struct, frozen=True):
    """The same of one ticket type."""

    id: int
    confirmed_count: int
    seats_left: int
    waitlisted_count: int = 0
    held_count: int = 0


class EventCounts(msgspec.Struct, frozen=True):
    """The part of `GET /events/{id}` that counts seats."""

    max_capacity: int
    confirmed_count: int
    seats_left: int
    waitlisted_count: int = 0
    ticket_types: list[TypeCounts] = []
    held_count: int = 0


class Sizes(msgspec.Struct, frozen=True, array_like=True):
    """Seats and waitlist of an event, or of a ticket type."""

    seats: int
    waitlist: int


class CodeCounts(msgspec.Struct, frozen=True):
    """How many seats an access code is for, and how many its tickets have."""

    uses: int
    used: int


class Stats(msgspec.Struct, frozen=True):
    """The part of `GET /events/{id}/stats` that counts registrations."""

    queued: int
    confirmed: int
    waitlisted: int
    rejected: dict[str, int]
    cancelled: int


class WebhookMessage(msgspec.Struct, frozen=True):
    """A webhook message about a ticket. `genuine`: its signature is valid."""

    id: str
    type: str
    ticket_id: str
    status: str
    genuine: bool


class Observation(msgspec.Struct, frozen=True):
    """Everything that was observed of one event.

    `samples` are its counts during the rehearsal; `messages` and `receipts` are None unless asked for; `types` are the
    sizes of its ticket types, by id; `codes` its access codes; `hold` is how long a seat is set aside first (s).
    """

    seats: int
    results: list[RegistrationResult]
    tickets: list[Ticket]
    attendees: list[Attendee]
    samples: list[EventCounts]
    counts: EventCounts
    stats: Stats
    waitlist: int = 0
    cancellations: list[CancellationResult] = []
    messages: list[WebhookMessage] | None = None
    types: dict[int, Sizes] = {}
    codes: list[CodeCounts] = []
    confirmations: list[ConfirmationResult] = []
    hold: int = 0
    receipts: ReceiptsSeen | None = None


class Workload(msgspec.Struct, frozen=True):
    """The work of one of `processes` processes. `rate` is its own, in registrations per second.

    The organizer's token exempts the crowd, which comes from one address, from the limit by address. `cancel` is how
    many registrations of the whole crowd are cancelled. `reads_again`: every ticket is read a second time at the end.
    """

    url: str
    token: str
    event_id: int
    run: str
    people: int
    duplicates: int
    index: int
    processes: int
    connections: int
    rate: float | None
    cancel: int = 0
    reads_again: bool = False
    type_ids: list[int] = []
    groups: tuple[int, int] = (1, 1)
    codes: list[str] = []
    hold: int = 0
    pay: int = 0
    receipts: bool = False


class Tally(msgspec.Struct):
    """The progress of one process, or of all. `retries` counts repeated tries by cause.

    `given_back` counts cancellations with a response, `paid` confirmations, `idle` the processes that wait before they
    read tickets again.
    """

    answered: int = 0
    accepted: int = 0
    decided: int = 0
    retries: dict[str, int] = {}
    given_back: int = 0
    read_again: int = 0
    idle: int = 0
    paid: int = 0

    @property
    def steps(self) -> int:
        """A number that grows with any progress."""
        return self.answered + self.decided + self.given_back + self.read_again + self.idle + self.paid

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.answered + other.answered,
            self.accepted + other.accepted,
            self.decided + other.decided,
            dict(Counter(self.retries) + Counter(other.retries)),
            self.given_back + other.given_back,
            self.read_again + other.read_again,
            self.idle + other.idle,
            self.paid + other.paid,
        )


class WorkloadResult(msgspec.Struct, frozen=True):
    """Everything that one process observed."""

    results: list[RegistrationResult]
    tickets: list[Ticket]
    cancellations: list[CancellationResult] = []
    confirmations: list[ConfirmationResult] = []
