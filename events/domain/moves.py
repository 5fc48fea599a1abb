"""How tickets move while a batch is applied: between the seats and the waitlist of their line, all written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from events.domain import allocation
from events.domain.allocation import Allocation, DecidedTicket, LedgerView
from events.domain.codes import CodeUses
from events.domain.commands import Confirmation, Expiry, Request
from events.domain.holds import AppliesTo, ConfirmedBy, Hold, new_hold, proof_hold
from events.domain.line import Line
from events.domain.outcome import Outcome, first_outcome
from events.domain.seats import NO_TYPE, Seats, total
from events.domain.states import HOLDING, Reason, Status


class Moves:
    """A copy of an event's counters and lists, and the moves that have been made on it."""

    def __init__(self, seats: Seats, ledger: LedgerView, now_ms: int, queue_ms: int) -> None:
        self.done = Allocation(seats=seats)
        self._before = seats
        self._lines = {type_id: Line(line) for type_id, line in (seats.types or {NO_TYPE: seats}).items()}
        # An event without types looks nothing up.
        self._only = None if seats.types else self._lines[NO_TYPE]
        self._used = set(seats.used_types)
        self._closed = seats.cancelled
        self._now_ms, self._ends_ms = now_ms, seats.ends_ms
        self._cancel_until_ms = seats.cancel_until_ms
        terms = seats.hold
        self._promoted_hold = new_hold(terms, queue_ms=queue_ms, ends_ms=seats.ends_ms) if terms else None
        self._first_hold = self._promoted_hold if terms and terms.applies_to is AppliesTo.ALL else None
        self._proof = (
            proof_hold(seats.proof_seconds, queue_ms=queue_ms, ends_ms=seats.ends_ms) if seats.proof_seconds else None
        )
        self._over = seats.over
        self._entered, self._entered_companions = seats.entered, seats.entered_companions
        self._emails = set(ledger.taken)
        self._codes = CodeUses(ledger.codes)
        known = (*ledger.waitlist, *ledger.large_groups, *ledger.tickets.values(), *ledger.holders)
        self._tickets = {held.outcome.key: held for held in known}
        self._holders = ledger.holders
        for held in ledger.waitlist:
            self._line_of(held).seed(held.outcome.turn or held.outcome.sequence, held.outcome.key)

    @property
    def code_uses(self) -> dict[int, int]:
        """How many more seats the tickets of each access code have."""
        return self._codes.moved

    def seats(self) -> Seats:
        """Returns the counters as they are now."""
        counters = {type_id: line.counters(self._tickets) for type_id, line in self._lines.items()}
        before = replace(self._before, over=True) if self._over else self._before
        # Both: where a group leaves and as many others enter, only the companions are fewer.
        if (self._entered, self._entered_companions) != (before.entered, before.entered_companions):
            before = replace(before, entered=self._entered, entered_companions=self._entered_companions)
        if self._only is not None:
            return before.with_counters(counters[NO_TYPE])
        used = self._used & counters.keys()
        return replace(before.with_counters(total(counters)), types=counters, used_types=frozenset(used))

    def _line_of(self, held: DecidedTicket) -> Line:
        return self._only or self._lines[held.outcome.type_id]

    def _decide(
        self,
        request: Request,
        status: Status,
        reason: Reason | None = None,
        position: int | None = None,
        hold: Hold | None = None,
    ) -> Outcome:
        outcome = first_outcome(request, status, reason, position, hold, decided_ms=self._now_ms)
        if request.code_id and status in HOLDING:
            self._codes.count(request.code_id, request.quantity)
        self.done.decided_requests.append(request)
        self.done.changes.append(outcome)
        return outcome

    def _change(
        self,
        held: DecidedTicket,
        status: Status,
        reason: Reason | None = None,
        *,
        position: int | None = None,
        **more: Any,
    ) -> None:
        was = held.outcome
        if status not in HOLDING:
            self._codes.count(was.code_id, -was.quantity)
        outcome = msgspec.structs.replace(
            was,
            status=status,
            was=was.status,
            reason=reason,
            decided_ms=self._now_ms,
            revision=was.revision + 1,
            position=position,
            **more,
        )
        self._tickets[was.key] = DecidedTicket(held.email_key, outcome)
        self.done.changes.append(outcome)

    def _cancel(self, held: DecidedTicket, reason: Reason) -> bool:
        """Cancels a ticket. One that holds no seat, does not wait and is in no draw is left unchanged, since cancelling
        twice is harmless. Returns False then.

        A checked-in ticket keeps its seats, because people are inside. It is cancelled only with the whole event, and
        keeps its check-in.
        """
        was = held.outcome
        if was.status not in HOLDING:
            return False
        if was.checked_in_ms is not None and reason is not Reason.EVENT_CANCELLED:
            return False
        if was.status is Status.CONFIRMED:
            self._line_of(held).unseat(was.quantity)
        elif was.status is Status.HELD:
            self._line_of(held).unhold(was.quantity)
        elif was.status is Status.ENTERED:
            self._withdraw(was.quantity)
        else:
            self._line_of(held).leave(was.quantity)
        self._emails.discard(held.email_key)
        self._change(held, Status.CANCELLED, reason)
        self.done.cancelled += 1
        return True

    def _withdraw(self, quantity: int) -> None:
        """Takes an entry out of the draw."""
        self._entered -= quantity
        self._entered_companions -= quantity - 1

    def _confirm(self, command: Confirmation) -> None:
        """Turns held seats into confirmed ones. A ticket that is not held is left unchanged, and so is one whose hold
        ended before the command was admitted, or whose address is to be proved first."""
        held = self._tickets.get(command.key)
        if held is None or held.outcome.hold is None:
            return
        was, hold = held.outcome, held.outcome.hold
        if not (command.in_time or command.requested_ms < min(hold.expires_ms, self._ends_ms)):
            return
        if was.is_unproved and not command.in_time:
            self._prove(held, hold, command)
        elif was.status is Status.HELD and not command.address:
            self._take(held, payment_reference=command.payment_reference)

    def _take(self, held: DecidedTicket, **more: Any) -> None:
        line = self._line_of(held)
        line.unhold(held.outcome.quantity)
        line.seat(held.outcome.quantity)
        self._change(held, Status.CONFIRMED, **more)

    def _prove(self, held: DecidedTicket, hold: Hold, command: Confirmation) -> None:
        """Takes the proof of an address: a position on the waitlist is kept, a seat confirmed, or held anew where all
        are paid for. The proof of an address that was corrected since changes nothing."""
        was = held.outcome
        if not command.address or command.address != was.email_digest:
            return
        if was.status is Status.WAITLISTED:
            self._change(held, Status.WAITLISTED, hold=Hold(hold.expires_ms, ConfirmedBy.HOLDER))
        elif self._first_hold is not None and self._first_hold.confirmed_by is ConfirmedBy.ORGANIZER:
            self._change(held, Status.HELD, hold=self._first_hold)
        else:
            self._take(held)

    def _expire(self, command: Expiry) -> None:
        """Ends a hold whose time was over when the command was admitted, and gives its seats to the next in line; or
        takes a ticket off the waitlist whose address was not proved in time. After the event's end seats go to no one.
        A cancelled event's holds end with its `Closing`."""
        held = self._tickets.get(command.key)
        if held is None or self._closed or not (held.outcome.status is Status.HELD or held.outcome.is_unproved):
            return
        was = held.outcome
        if was.hold is not None and command.requested_ms >= was.hold.expires_ms:
            line = self._line_of(held)
            leave = line.unhold if was.status is Status.HELD else line.leave
            leave(was.quantity)
            self._emails.discard(held.email_key)
            self._change(held, Status.EXPIRED)
            self.done.expired += 1
            if command.requested_ms >= self._ends_ms:
                self._over = True
            else:
                self._promote(line)

    def _promote(self, line: Line, *, at_most: int = allocation.NEVER) -> int:
        """Gives free seats to the first tickets on the waitlist, as long as they suffice. Returns how many moved up."""
        moved = 0
        while line.waitlisted and line.free > 0 and moved < at_most and not self._closed:
            head = line.head(self._tickets)
            if head is None or head.outcome.quantity > line.free:
                break
            line.leave(head.outcome.quantity)
            if head.outcome.is_unproved:
                # With what is left of its time: no address is blocked for longer.
                line.hold(head.outcome.quantity)
                self._change(head, Status.HELD)
            elif self._promoted_hold is None:
                line.seat(head.outcome.quantity)
                self._change(head, Status.CONFIRMED)
            else:
                line.hold(head.outcome.quantity)
                self._change(head, Status.HELD, hold=self._promoted_hold)
            moved += 1
        return moved

    def _could_move(self, line: Line) -> bool:
        head = line.head(self._tickets) if line.waitlisted and not self._closed else None
        return head is not None and head.outcome.quantity <= line.free
