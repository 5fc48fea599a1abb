"""A draw: entries in an order that no one could choose, and what each of them gets in its turn.

The order is that of SHA-256(seed ‖ ticket commitment). The seed is SHA-256(secret ‖ public part): the secret was
committed to before the first entry, and the public part is known only once no entry can be added: the randomness of a
round that was named beforehand, or else the root of the log that the seal closed. docs/the-rules.md has the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from events.domain.allocation import Allocation, DecidedTicket, LedgerView
from events.domain.line import Line
from events.domain.moves import Moves
from events.domain.seats import Seats
from events.domain.states import Reason, Status

SECRET_BYTES = 32


def commitment_to(secret: bytes) -> bytes:
    """Returns what is published of the secret before the first entry."""
    return sha256(secret).digest()


def seed_of(secret: bytes, public: bytes) -> bytes:
    """Returns the seed of a draw."""
    return sha256(secret + public).digest()


def rank_of(seed: bytes, commitment: bytes) -> bytes:
    """Returns what a ticket is ordered by, the lowest first. `commitment` is the ticket's in the decision log."""
    return sha256(seed + commitment).digest()


def give(
    *, seats: Seats, entries: Sequence[DecidedTicket], drawn: int, requested_ms: int, now_ms: int, queue_ms: int = 0
) -> Allocation:
    """Gives the next `entries`, in the order that was drawn, what is left for them: the rules of a registration.

    Args:
        seats: the event's counters as the ledger holds them, under its row lock.
        drawn: how many entries had their turn before.
        requested_ms: when the draw was admitted; at the event's end or later no one gets a seat any more.
        queue_ms: the queue's clock, from which holds run.
    """
    turns = _Turns(replace(seats, draw_ms=None), LedgerView(), now_ms, queue_ms)
    for turn, entry in enumerate(entries, start=drawn + 1):
        turns.draw(entry, turn, late=requested_ms >= seats.ends_ms)
    done = turns.done
    done.seats, done.code_uses = replace(turns.seats(), draw_ms=seats.draw_ms), turns.code_uses
    done.handled = 1
    return done


class _Turns(Moves):
    """Gives seats to entries, one at a time."""

    def draw(self, held: DecidedTicket, turn: int, *, late: bool) -> None:
        """Gives an entry its seats, a position on the waitlist, or nothing."""
        self._tickets[held.outcome.key] = held
        self._withdraw(held.outcome.quantity)
        if late or not self._find_place(held, self._line_of(held), turn):
            self.done.rejected[Reason.NOT_DRAWN] = self.done.rejected.get(Reason.NOT_DRAWN, 0) + 1
            self._change(held, Status.REJECTED, Reason.NOT_DRAWN)

    def _find_place(self, held: DecidedTicket, line: Line, turn: int) -> bool:
        quantity = held.outcome.quantity
        if quantity <= line.free and not line.waitlisted:
            if self._first_hold is None:
                line.seat(quantity)
                self._change(held, Status.CONFIRMED)
            else:
                line.hold(quantity)
                self._change(held, Status.HELD, hold=self._first_hold)
            return True
        if not line.has_place(quantity):
            return False
        # A turn is lower than the sequence of any registration behind the draw.
        line.wait(turn, held.outcome.key, quantity)
        self._change(held, Status.WAITLISTED, position=line.waiting, turn=turn)
        return True
