"""What a crowd can observe from outside, as records that travel between processes and into the proofs.

Times called `*_at` are seconds of this machine's monotonic clock, which all its processes share; times called
`*_ms` are milliseconds since 1970 by the service's clock.
"""

from __future__ import annotations

from collections import Counter

import msgspec

ACCEPTED = 202
NO_ANSWER = 0


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """How one registration was answered at last, over all its tries.

    It was admitted, if ever, between `first_sent_at` (the first try may have been admitted with its answer lost) and
    `answered_at`. `latency` is that of the last try, in seconds.
    """

    number: int
    email: str
    status: int
    code: str
    ticket_id: str
    first_sent_at: float
    answered_at: float
    latency: float

    @property
    def accepted(self) -> bool:
        return self.status == ACCEPTED


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What `GET /registrations/{ticket_id}` said last. `status` is the error code when there was no ticket.

    `position` is the place on the waitlist, where the service tells it; `before` and `before_ms` are status and
    `decided_ms` as they were when the ticket was read once already.
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

    @property
    def first_decided_ms(self) -> float | None:
        """The moment of its first decision, as far as it was seen: whoever moves up is decided again."""
        return self.decided_ms if self.before_ms is None else self.before_ms


class Return(msgspec.Struct, frozen=True, array_like=True):
    """How one `DELETE /registrations/{ticket_id}` was answered at last, over all its `tries`.

    `place` is the cancellation's own place in the order of admission; None if the service said that there was nothing
    to cancel. It was admitted, if ever, between `first_sent_at` and `answered_at`.
    """

    ticket_id: str
    status: int
    code: str
    place: int | None
    first_sent_at: float
    answered_at: float
    tries: int = 1


class Attendee(msgspec.Struct, frozen=True):
    """A line of the organizer's attendee list, which names tickets by their reference."""

    reference: str
    email: str
    sequence: int


class EventCounts(msgspec.Struct, frozen=True):
    """The part of `GET /events/{id}` that counts seats."""

    max_capacity: int
    confirmed_count: int
    seats_left: int
    waitlisted_count: int = 0


class Stats(msgspec.Struct, frozen=True):
    """The part of `GET /events/{id}/stats` that counts registrations."""

    queued: int
    confirmed: int
    waitlisted: int
    rejected: dict[str, int]
    cancelled: int


class Told(msgspec.Struct, frozen=True):
    """A webhook's message about a ticket, as it came. `genuine`: its signature is right."""

    id: str
    type: str
    ticket_id: str
    status: str
    genuine: bool


class Observation(msgspec.Struct, frozen=True):
    """Everything that was seen of one event. `samples` are its counts while the crowd was there; `messages` is None
    where no webhooks were asked for.
    """

    seats: int
    answers: list[Answer]
    tickets: list[Ticket]
    attendees: list[Attendee]
    samples: list[EventCounts]
    counts: EventCounts
    stats: Stats
    waitlist: int = 0
    returns: list[Return] = []
    messages: list[Told] | None = None


class Part(msgspec.Struct, frozen=True):
    """What one of `processes` processes of a crowd has to do. `rate` is in registrations per second, its own.

    With the organizer's token the crowd, which comes from one address, is not limited as one.
    `cancel` registrations of the whole crowd are given back. `looks_again`: every ticket is read a second time, when
    nobody moves any more.
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
    looks_again: bool = False


class Tally(msgspec.Struct):
    """How far one process, or all of them, are; `retries` counts the tries that had to be repeated, by cause.

    `given_back` counts answered cancellations, `resting` the processes that wait for the others before they look again.
    """

    answered: int = 0
    accepted: int = 0
    decided: int = 0
    retries: dict[str, int] = {}
    given_back: int = 0
    looked_again: int = 0
    resting: int = 0

    @property
    def steps(self) -> int:
        """Grows with all progress."""
        return self.answered + self.decided + self.given_back + self.looked_again + self.resting

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.answered + other.answered,
            self.accepted + other.accepted,
            self.decided + other.decided,
            dict(Counter(self.retries) + Counter(other.retries)),
            self.given_back + other.given_back,
            self.looked_again + other.looked_again,
            self.resting + other.resting,
        )


class Share(msgspec.Struct, frozen=True):
    """All that one process observed."""

    answers: list[Answer]
    tickets: list[Ticket]
    returns: list[Return] = []
