"""Decides who gets a seat: a pure function from the event's counters and the next commands to changes of status.

The drain calls it under the event's row lock with the oldest entries of the queue, so decisions follow the order of
admission and never race for capacity. The database's constraints hold the same invariants a second time.

Two invariants hold between any two commands, in each line (an event's, or each ticket type's): taken seats are at most
the capacity, and fewer seats are free than the head of the waitlist asks for. So a seat that becomes free goes to the
first ticket on the waitlist at once, or is kept for it, before any later registration. A command that was admitted
after the event's end changes no seat; when it is applied does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from events.domain import allocation
from events.domain.allocation import Allocation, DecidedTicket, LedgerView, Sizing, Step
from events.domain.commands import (
    Cancellation,
    Closing,
    Command,
    Confirmation,
    Correction,
    Drawing,
    Expiry,
    OfTicket,
    Request,
    Resize,
)
from events.domain.corrections import corrected, judge_correction
from events.domain.line import Line
from events.domain.moves import Moves
from events.domain.outcome import Outcome
from events.domain.seats import MAX_CAPACITY, Seats
from events.domain.sizes import NewSizes, asked_sizes, judge
from events.domain.states import Reason, Status


def allocate(
    *, seats: Seats, commands: Iterable[Command], ledger: LedgerView, now_ms: int, queue_ms: int = 0
) -> Allocation:
    """Applies `commands` in the order given, at `now_ms` (milliseconds since 1970, UTC).

    Args:
        seats: the event's counters as the ledger holds them, under its row lock.
        commands: the next ones in order of admission; no request among them was decided before.
        ledger: what the ledger has about them.
        queue_ms: the queue's clock, from which new holds run; needed if `seats` have a hold, or want addresses proved.
    """
    kind = _Allocator if seats.draw_ms is None else _BeforeTheDraw
    allocator = kind(seats, ledger, now_ms, queue_ms)
    done = allocator.done
    for command in commands:
        if isinstance(command, Request):
            allocator.register(command)
        elif not allocator.step(command):
            break
        done.handled += 1
    done.seats, done.code_uses = allocator.seats(), allocator.code_uses
    return done


class _Allocator(Moves):
    """Applies commands, one at a time."""

    def register(self, request: Request) -> None:
        """Gives seats or positions on the waitlist, or rejects with a reason."""
        line = self._only or self._typed_line(request.type_id)
        reason = self._refusal(request, line)
        if reason is None and line is not None:
            quantity = request.quantity
            fits = quantity <= line.free and not line.waitlisted
            if fits or (request.beyond_capacity and line.grow(quantity, at_most=MAX_CAPACITY - self._capacity())):
                outcome = self._seat_or_hold(request, line)
                self._emails.add(request.email_key)
                self._tickets[request.key] = DecidedTicket(request.email_key, outcome)
                return
            if line.has_place(quantity):
                line.wait(request.sequence, request.key, quantity)
                proof = None if request.added else self._proof
                outcome = self._decide(request, Status.WAITLISTED, position=line.waiting, hold=proof)
                self._emails.add(request.email_key)
                self._tickets[request.key] = DecidedTicket(request.email_key, outcome)
                return
        reason = reason or Reason.SOLD_OUT
        self.done.rejected[reason] = self.done.rejected.get(reason, 0) + 1
        self._decide(request, Status.REJECTED, reason)

    def _seat_or_hold(self, request: Request, line: Line) -> Outcome:
        hold = self._first_hold if self._proof is None or request.added else self._proof
        if hold is None:
            line.seat(request.quantity)
            return self._decide(request, Status.CONFIRMED)
        line.hold(request.quantity)
        return self._decide(request, Status.HELD, hold=hold)

    def _capacity(self) -> int:
        return sum(line.capacity for line in self._lines.values())

    def step(self, command: OfTicket | Resize | Correction | Closing | Drawing) -> bool:
        """Applies a command, and writes down which changes it made. The same return value."""
        first, sized = len(self.done.changes), len(self.done.resizes)
        finished = self.apply(command)
        resized = isinstance(command, Resize) and (
            not finished or self.done.resizes[sized:] == [(command, Sizing.APPLIED)]
        )
        self.done.steps.append(Step(command, first, len(self.done.changes), self._sizes() if resized else None))
        return finished

    def _sizes(self) -> Mapping[int, tuple[int, int]]:
        return {type_id: (line.capacity, line.waitlist_capacity) for type_id, line in self._lines.items()}

    def apply(self, command: OfTicket | Resize | Correction | Closing | Drawing) -> bool:
        """Applies a command. Returns False if there is more to do than one transaction may."""
        match command:
            case Cancellation():
                held = self._tickets.get(command.key)
                if held is not None and not self._is_late(command, held) and self._cancel(held, command.reason):
                    self._promote(self._line_of(held))
                return True
            case Confirmation():
                self._confirm(command)
                return True
            case Expiry():
                self._expire(command)
                return True
            case Resize():
                return self._resize(command)
            case Correction():
                self._correct(command)
                return True
            case Closing():
                return self._close()
            case Drawing():
                # One that is not due, or a second one. A draw is held by `events.domain.draw`.
                return True

    def _is_late(self, command: Cancellation, held: DecidedTicket) -> bool:
        if command.requested_ms >= self._ends_ms:
            return True
        closed = command.requested_ms >= self._cancel_until_ms and not command.exempt
        return closed and held.outcome.status is Status.CONFIRMED

    def _typed_line(self, type_id: int) -> Line | None:
        line = self._lines.get(type_id)
        if line is not None:
            self._used.add(type_id)
        return line

    def _refusal(self, request: Request, line: Line | None) -> Reason | None:
        if self._closed:
            return Reason.EVENT_CANCELLED
        if request.requested_ms >= self._ends_ms:
            return Reason.REGISTRATION_CLOSED
        if line is None:
            # Its type is not sold any more.
            return Reason.REGISTRATION_CLOSED
        if request.email_key in self._emails:
            return Reason.DUPLICATE
        used_up = request.code_id and not self._codes.suffice(request.code_id, request.quantity)
        return Reason.REGISTRATION_CLOSED if used_up else None

    def _correct(self, correction: Correction) -> None:
        held = self._tickets.get(correction.ticket)
        outcome, email_key = (held.outcome, held.email_key) if held else (None, "")
        result = judge_correction(correction, outcome, email_key=email_key, emails=self._emails, ends_ms=self._ends_ms)
        if result.is_applied and outcome is not None:
            self._emails.discard(email_key)
            self._emails.add(correction.email_key or email_key)
            outcome = corrected(outcome, correction, now_ms=self._now_ms)
            self._tickets[outcome.key] = DecidedTicket(correction.email_key or email_key, outcome)
            self.done.changes.append(outcome)
        self.done.corrections.append(result)

    def _resize(self, resize: Resize) -> bool:
        wanted = asked_sizes(resize, self._lines)
        verdict = (
            Sizing.EVENT_OVER
            if resize.requested_ms >= self._ends_ms
            else judge(wanted, self._lines, tickets=self._tickets, used=self._used, closed=self._closed)
        )
        if verdict is Sizing.APPLIED and not self._apply_sizes(wanted):
            return False
        self.done.resizes.append((resize, verdict))
        return True

    def _apply_sizes(self, wanted: Mapping[int, NewSizes]) -> bool:
        """Sets the sizes of every line, and moves the waitlists up. Returns False if more would move than may at once.

        A line's capacity is set to what is filled then: other seats would be free while the waitlist is not empty.
        """
        left, finished = allocation.MOVES_AT_ONCE, True
        known = {type_id: self._lines[type_id] for type_id in wanted if type_id in self._lines}
        for type_id, line in known.items():
            line.resize(wanted[type_id].capacity)
            left -= self._promote(line, at_most=left)
            if self._could_move(line):
                line.resize(line.confirmed + line.held)
                finished = False
            else:
                line.waitlist_capacity = wanted[type_id].waitlist_capacity
        if finished:
            self._lines = {type_id: known.get(type_id) or sizes.new_line() for type_id, sizes in wanted.items()}
        return finished

    def _close(self) -> bool:
        if not self._closed:
            return True
        for held in self._holders:
            self._cancel(self._tickets[held.outcome.key], Reason.EVENT_CANCELLED)
        return len(self._holders) < allocation.MOVES_AT_ONCE


class _BeforeTheDraw(_Allocator):
    """Applies commands while an event's draw is still to be held: registrations enter it, and get no seat."""

    def register(self, request: Request) -> None:
        """Enters a registration, or rejects it with a reason. A guest beyond the capacity has a seat at once, and takes
        none from the draw."""
        line = self._only or self._typed_line(request.type_id)
        reason = self._refusal(request, line)
        if reason is None and line is not None:
            outcome = self._grow_or_enter(request, line)
            if outcome is not None:
                self._emails.add(request.email_key)
                self._tickets[request.key] = DecidedTicket(request.email_key, outcome)
                return
        reason = reason or Reason.REGISTRATION_CLOSED
        self.done.rejected[reason] = self.done.rejected.get(reason, 0) + 1
        self._decide(request, Status.REJECTED, reason)

    def _grow_or_enter(self, request: Request, line: Line) -> Outcome | None:
        if request.beyond_capacity and request.quantity <= MAX_CAPACITY - self._capacity():
            line.resize(line.capacity + request.quantity)
            return self._seat_or_hold(request, line)
        draw_ms = self._before.draw_ms
        if self._before.sealed or draw_ms is None or request.requested_ms >= draw_ms:
            return None
        self._entered += request.quantity
        self._entered_companions += request.quantity - 1
        return self._decide(request, Status.ENTERED)
