"""One line for seats while a batch is applied to it: an event's, or a ticket type's.

No one passes: a freed seat goes to the head of the waitlist, and where the head is a group, seats are kept for it until
they suffice. So while a ticket waits, fewer seats are free than it asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from events.domain.allocation import DecidedTicket
from events.domain.seats import MAX_QUANTITY, Counters
from events.domain.states import Status

Tickets = Mapping[str, DecidedTicket]


class Line:
    """The counters of one line, and the part of its waitlist that the batch may move. All counters count seats."""

    __slots__ = (
        *("capacity", "companions", "confirmed", "free", "held", "held_companions", "waiting_companions"),
        *("_before", "_queue", "_seeded", "waitlist_capacity", "waitlisted"),
    )

    def __init__(self, before: Counters) -> None:
        self._before = before
        self.capacity, self.confirmed, self.held, self.free = (
            before.capacity,
            before.confirmed,
            before.held,
            before.free,
        )
        self.waitlist_capacity, self.waitlisted = before.waitlist_capacity, before.waitlisted
        self.companions, self.waiting_companions = before.confirmed_companions, before.waitlisted_companions
        self.held_companions = before.held_companions
        self._queue: list[tuple[int, str]] = []
        self._seeded = False

    @property
    def waiting(self) -> int:
        """How many tickets wait."""
        return self.waitlisted - self.waiting_companions

    def seed(self, sequence: int, key: str) -> None:
        """Adds a ticket from the ledger's waitlist, in its order."""
        self._seeded = True
        self._queue.append((sequence, key))

    def has_place(self, quantity: int) -> bool:
        """Tells whether the waitlist has so many positions, and the line so many seats at all."""
        return self.waitlisted + quantity <= self.waitlist_capacity and quantity <= self.capacity

    def seat(self, quantity: int) -> None:
        """Takes seats."""
        self.confirmed += quantity
        self.free -= quantity
        self.companions += quantity - 1

    def unseat(self, quantity: int) -> None:
        """Gives seats back."""
        self.confirmed -= quantity
        self.free += quantity
        self.companions -= quantity - 1

    def hold(self, quantity: int) -> None:
        """Sets seats aside."""
        self.held += quantity
        self.free -= quantity
        self.held_companions += quantity - 1

    def unhold(self, quantity: int) -> None:
        """Gives held seats back."""
        self.held -= quantity
        self.free += quantity
        self.held_companions -= quantity - 1

    def wait(self, sequence: int, key: str, quantity: int) -> None:
        """Puts a newcomer on the waitlist."""
        heappush(self._queue, (sequence, key))
        self.waitlisted += quantity
        self.waiting_companions += quantity - 1

    def leave(self, quantity: int) -> None:
        """Takes a ticket off the waitlist; `head` passes over it."""
        self.waitlisted -= quantity
        self.waiting_companions -= quantity - 1

    def resize(self, capacity: int) -> None:
        """Sets the capacity."""
        self.free += capacity - self.capacity
        self.capacity = capacity

    def grow(self, quantity: int, *, at_most: int) -> bool:
        """Adds the seats that are missing for a guest who goes beyond the capacity. Returns False, and adds none, if
        that were more than `at_most`. Seats that are kept for the head of the waitlist stay kept."""
        missing = quantity - (0 if self.waitlisted else self.free)
        if missing > at_most:
            return False
        self.resize(self.capacity + missing)
        return True

    def head(self, tickets: Tickets) -> DecidedTicket | None:
        """Returns the first ticket that waits, as far as the batch was given the waitlist."""
        while self._queue:
            held = tickets[self._queue[0][1]]
            if held.outcome.status is Status.WAITLISTED:
                return held
            heappop(self._queue)
        return None

    def seats_to_move(self, capacity: int, tickets: Tickets) -> int:
        """Counts the seats that tickets on the waitlist would take at this capacity.

        Where groups wait and more tickets would move than the batch was given, it may be too low by a group.
        """
        free = capacity - self.confirmed - self.held
        if not self.waiting_companions:
            return min(self.waitlisted, max(0, free))
        moved = known = 0
        for held in self._in_order(tickets):
            if moved + held.outcome.quantity > free:
                return moved
            moved += held.outcome.quantity
            known += 1
        return moved if known == self.waiting else max(moved, min(self.waitlisted, free - MAX_QUANTITY + 1))

    def _in_order(self, tickets: Tickets) -> Iterator[DecidedTicket]:
        waiting = (tickets[key] for _, key in sorted(self._queue))
        return (held for held in waiting if held.outcome.status is Status.WAITLISTED)

    def counters(self, tickets: Tickets) -> Counters:
        """Returns the counters as they are now."""
        return Counters(
            capacity=self.capacity,
            confirmed=self.confirmed,
            held=self.held,
            waitlist_capacity=self.waitlist_capacity,
            waitlisted=self.waitlisted,
            confirmed_companions=self.companions,
            waitlisted_companions=self.waiting_companions,
            held_companions=self.held_companions,
            head_quantity=self._head_quantity(tickets),
        )

    def _head_quantity(self, tickets: Tickets) -> int:
        if not self.waiting_companions:
            return 1
        if self._before.waitlisted and not self._seeded:
            # Nothing in the batch could take a ticket off the waitlist.
            return self._before.head_quantity
        head = self.head(tickets)
        assert head is not None, "lookahead counts one ticket more than may leave"
        return head.outcome.quantity
