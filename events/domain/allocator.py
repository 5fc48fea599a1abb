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
from dataclasses import replace

import msgspec

from events.domain import allocation
from events.domain.allocation import Allocation, DecidedTicket, LedgerView, Sizing
from events.domain.codes import CodeUses
from events.domain.commands import Cancellation, Closing, Command, Correction, Request, Resize
from events.domain.corrections import corrected, judge_correction
from events.domain.line import Line
from events.domain.outcome import Outcome, first_outcome
from events.domain.seats import MAX_CAPACITY, NO_TYPE, Seats, total
from events.domain.sizes import NewSizes, asked_sizes, judge
from events.domain.states import HOLDING, Reason, Status


def allocate(*, seats: Seats, commands: Iterable[Command], ledger: LedgerView, now_ms: int) -> Allocation:
    """Applies `commands` in the order given, at `now_ms` (milliseconds since 1970, UTC).

    Args:
        seats: the event's counters as the ledger holds them, under its row lock.
        commands: the next ones in order of admission; no request among them was decided before.
        ledger: what the ledger has about them.
    """
    allocator = _Allocator(seats, ledger, now_ms)
    done = allocator.done
    for command in commands:
        if isinstance(command, Request):
            allocator.register(command)
        elif not allocator.apply(command):
            break
        done.handled += 1
    done.seats, done.code_uses = allocator.seats(), allocator.code_uses
    return done


class _Allocator:
    """Applies commands, one at a time, to its own copy of the counters and lists."""

    def __init__(self, seats: Seats, ledger: LedgerView, now_ms: int) -> None:
        self.done = Allocation(seats=seats)
        self._before = seats
        self._lines = {type_id: Line(line) for type_id, line in (seats.types or {NO_TYPE: seats}).items()}
        # An event without types looks nothing up.
        self._only = None if seats.types else self._lines[NO_TYPE]
        self._used = set(seats.used_types)
        self._closed = seats.cancelled
        self._now_ms, self._ends_ms = now_ms, seats.ends_ms
        self._cancel_until_ms = seats.cancel_until_ms
        self._emails = set(ledger.taken)
        self._codes = CodeUses(ledger.codes)
        known = (*ledger.waitlist, *ledger.large_groups, *ledger.tickets.values(), *ledger.holders)
        self._tickets = {held.outcome.key: held for held in known}
        self._holders = ledger.holders
        for held in ledger.waitlist:
            self._line_of(held).seed(held.outcome.sequence, held.outcome.key)

    @property
    def code_uses(self) -> dict[int, int]:
        """How many more seats the tickets of each access code have."""
        return self._codes.moved

    def seats(self) -> Seats:
        """Returns the counters as they are now."""
        counters = {type_id: line.counters(self._tickets) for type_id, line in self._lines.items()}
        if self._only is not None:
            return self._before.with_counters(counters[NO_TYPE])
        used = self._used & counters.keys()
        return replace(self._before.with_counters(total(counters)), types=counters, used_types=frozenset(used))

    def register(self, request: Request) -> None:
        """Gives seats or positions on the waitlist, or rejects with a reason."""
        line = self._only or self._typed_line(request.type_id)
        reason = self._refusal(request, line)
        if reason is None and line is not None:
            quantity = request.quantity
            fits = quantity <= line.free and not line.waitlisted
            if fits or (request.beyond_capacity and line.grow(quantity, at_most=MAX_CAPACITY - self._capacity())):
                line.seat(quantity)
                outcome = self._decide(request, Status.CONFIRMED)
                self._emails.add(request.email_key)
                self._tickets[request.key] = DecidedTicket(request.email_key, outcome)
                return
            if line.has_place(quantity):
                line.wait(request.sequence, request.key, quantity)
                outcome = self._decide(request, Status.WAITLISTED, position=line.waiting)
                self._emails.add(request.email_key)
                self._tickets[request.key] = DecidedTicket(request.email_key, outcome)
                return
        reason = reason or Reason.SOLD_OUT
        self.done.rejected[reason] = self.done.rejected.get(reason, 0) + 1
        self._decide(request, Status.REJECTED, reason)

    def _capacity(self) -> int:
        return sum(line.capacity for line in self._lines.values())

    def apply(self, command: Cancellation | Resize | Correction | Closing) -> bool:
        """Applies a command. Returns False if there is more to do than one transaction may."""
        match command:
            case Cancellation():
                held = self._tickets.get(command.key)
                if held is not None and not self._is_late(command, held) and self._cancel(held, command.reason):
                    self._promote(self._line_of(held))
                return True
            case Resize():
                return self._resize(command)
            case Correction():
                self._correct(command)
                return True
            case Closing():
                return self._close()

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

    def _line_of(self, held: DecidedTicket) -> Line:
        return self._only or self._lines[held.outcome.type_id]

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

    def _decide(
        self, request: Request, status: Status, reason: Reason | None = None, position: int | None = None
    ) -> Outcome:
        outcome = first_outcome(request, status, reason, position, decided_ms=self._now_ms)
        if request.code_id and status in HOLDING:
            self._codes.count(request.code_id, request.quantity)
        self.done.decided_requests.append(request)
        self.done.changes.append(outcome)
        return outcome

    def _change(self, held: DecidedTicket, status: Status, reason: Reason | None = None) -> None:
        was = held.outcome
        if status not in HOLDING:
            self._codes.count(was.code_id, -was.quantity)
        outcome = msgspec.structs.replace(
            was, status=status, reason=reason, decided_ms=self._now_ms, revision=was.revision + 1, position=None
        )
        self._tickets[was.key] = DecidedTicket(held.email_key, outcome)
        self.done.changes.append(outcome)

    def _cancel(self, held: DecidedTicket, reason: Reason) -> bool:
        """Cancels a ticket. One that holds no seat and does not wait is left unchanged: cancelling twice is harmless.
        Returns False then.

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
        else:
            self._line_of(held).leave(was.quantity)
        self._emails.discard(held.email_key)
        self._change(held, Status.CANCELLED, reason)
        self.done.cancelled += 1
        return True

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

    def _promote(self, line: Line, *, at_most: int = allocation.NEVER) -> int:
        """Gives free seats to the first tickets on the waitlist, as long as they suffice. Returns how many moved up."""
        moved = 0
        while line.waitlisted and line.free > 0 and moved < at_most and not self._closed:
            head = line.head(self._tickets)
            if head is None or head.outcome.quantity > line.free:
                break
            line.leave(head.outcome.quantity)
            line.seat(head.outcome.quantity)
            self._change(head, Status.CONFIRMED)
            moved += 1
        return moved

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

    def _could_move(self, line: Line) -> bool:
        head = line.head(self._tickets) if line.waitlisted and not self._closed else None
        return head is not None and head.outcome.quantity <= line.free

    def _close(self) -> bool:
        if not self._closed:
            return True
        for held in self._holders:
            self._cancel(self._tickets[held.outcome.key], Reason.EVENT_CANCELLED)
        return len(self._holders) < allocation.MOVES_AT_ONCE
