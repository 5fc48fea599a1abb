"""Decides who gets a seat: a pure function from the event's counters and the next commands to changes of status.

The drain calls it under the event's row lock with the oldest entries of the queue, so decisions follow the order of
admission and never race for capacity. The database's constraints hold the same invariants a second time.

Two invariants hold between any two commands: `confirmed <= capacity`, and a seat is free only while the waitlist is
empty. So a seat that becomes free goes to the first ticket on the waitlist at once, before any later registration.
A command that was admitted after the event's end changes no seat; when it is applied does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from heapq import heappop, heappush

import msgspec

from events.domain import allocation
from events.domain.allocation import Allocation, DecidedTicket, LedgerView, Seats, Sizing
from events.domain.commands import Cancellation, Closing, Command, Request, Resize
from events.domain.outcome import Outcome
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
    done.seats = replace(
        seats,
        capacity=allocator.capacity,
        confirmed=allocator.confirmed,
        waitlist_capacity=allocator.waitlist_capacity,
        waitlisted=allocator.waitlisted,
    )
    return done


class _Allocator:
    """Applies commands, one at a time, to its own copy of the counters and lists."""

    def __init__(self, seats: Seats, ledger: LedgerView, now_ms: int) -> None:
        self.capacity, self.confirmed = seats.capacity, seats.confirmed
        self.waitlist_capacity, self.waitlisted = seats.waitlist_capacity, seats.waitlisted
        self.done = Allocation(seats=seats)
        self._closed = seats.cancelled
        self._now_ms, self._ends_ms = now_ms, seats.ends_ms
        self._cancel_until_ms = seats.cancel_until_ms
        self._emails = set(ledger.taken)
        self._tickets = {held.outcome.key: held for held in (*ledger.waitlist, *ledger.tickets.values())}
        self._tickets |= {held.outcome.key: held for held in ledger.holders}
        self._holders = ledger.holders
        self._line: list[tuple[int, str]] = [(held.outcome.sequence, held.outcome.key) for held in ledger.waitlist]

    def register(self, request: Request) -> None:
        """Gives a seat or a position on the waitlist, or rejects with a reason."""
        reason = self._refusal(request)
        if reason is not None:
            self.done.rejected[reason] = self.done.rejected.get(reason, 0) + 1
            self._decide(request, Status.REJECTED, reason)
            return
        self._emails.add(request.email_key)
        if self.confirmed < self.capacity:
            self.confirmed += 1
            outcome = self._decide(request, Status.CONFIRMED)
        else:
            self.waitlisted += 1
            heappush(self._line, (request.sequence, request.key))
            outcome = self._decide(request, Status.WAITLISTED, position=self.waitlisted)
        self._tickets[request.key] = DecidedTicket(request.email_key, outcome)

    def apply(self, command: Cancellation | Resize | Closing) -> bool:
        """Applies a command. Returns False if there is more to do than one transaction may."""
        match command:
            case Cancellation():
                if command.requested_ms >= self._ends_ms:
                    return True
                held = self._tickets.get(command.key)
                if held is None or not self._is_late(command, held):
                    self._cancel(held, command.reason)
                self._promote()
                return True
            case Resize():
                return self._resize(command)
            case Closing():
                return self._close()

    def _is_late(self, command: Cancellation, held: DecidedTicket) -> bool:
        closed = command.requested_ms >= self._cancel_until_ms and not command.exempt
        return closed and held.outcome.status is Status.CONFIRMED

    def _refusal(self, request: Request) -> Reason | None:
        if self._closed:
            return Reason.EVENT_CANCELLED
        if request.requested_ms >= self._ends_ms:
            return Reason.REGISTRATION_CLOSED
        if request.email_key in self._emails:
            return Reason.DUPLICATE
        full = self.confirmed >= self.capacity and self.waitlisted >= self.waitlist_capacity
        return Reason.SOLD_OUT if full else None

    def _decide(
        self, request: Request, status: Status, reason: Reason | None = None, position: int | None = None
    ) -> Outcome:
        outcome = Outcome(
            key=request.key,
            status=status,
            reason=reason,
            sequence=request.sequence,
            requested_ms=request.requested_ms,
            decided_ms=self._now_ms,
            revision=1,
            email_digest=request.email_digest,
            mark=request.mark,
            position=position,
            callback=request.callback,
        )
        self.done.decided_requests.append(request)
        self.done.changes.append(outcome)
        return outcome

    def _change(self, held: DecidedTicket, status: Status, reason: Reason | None = None) -> None:
        was = held.outcome
        outcome = msgspec.structs.replace(
            was, status=status, reason=reason, decided_ms=self._now_ms, revision=was.revision + 1, position=None
        )
        self._tickets[was.key] = DecidedTicket(held.email_key, outcome)
        self.done.changes.append(outcome)

    def _cancel(self, held: DecidedTicket | None, reason: Reason) -> None:
        """Cancels a ticket. One that holds no seat and does not wait is left unchanged: cancelling twice is harmless.

        A checked-in ticket keeps its seat, because the person is inside. It is cancelled only with the whole event, and
        keeps its check-in.
        """
        if held is None or held.outcome.status not in HOLDING:
            return
        if held.outcome.checked_in_ms is not None and reason is not Reason.EVENT_CANCELLED:
            return
        if held.outcome.status is Status.CONFIRMED:
            self.confirmed -= 1
        else:
            self.waitlisted -= 1
        self._emails.discard(held.email_key)
        self._change(held, Status.CANCELLED, reason)
        self.done.cancelled += 1

    def _promote(self) -> None:
        """Gives free seats to the first tickets on the waitlist."""
        while self._line and self.waitlisted and self.confirmed < self.capacity and not self._closed:
            held = self._tickets[heappop(self._line)[1]]
            if held.outcome.status is Status.WAITLISTED:
                self.waitlisted -= 1
                self.confirmed += 1
                self._change(held, Status.CONFIRMED)

    def _resize(self, resize: Resize) -> bool:
        if resize.requested_ms >= self._ends_ms:
            self.done.resizes.append((resize, Sizing.EVENT_OVER))
            return True
        seats = self.capacity if resize.max_capacity is None else resize.max_capacity
        waitlist = self.waitlist_capacity if resize.waitlist_capacity is None else resize.waitlist_capacity
        moving = 0 if self._closed else min(self.waitlisted, max(0, seats - self.confirmed))
        if seats < self.confirmed or waitlist < self.waitlisted - moving:
            verdict = Sizing.BELOW_CONFIRMED if seats < self.confirmed else Sizing.BELOW_WAITLISTED
            self.done.resizes.append((resize, verdict))
            return True
        # Only as many seats as are filled now: others would be free while the waitlist is not empty.
        finished = moving <= allocation.MOVES_AT_ONCE
        self.capacity = seats if finished else self.confirmed + allocation.MOVES_AT_ONCE
        self._promote()
        if finished:
            self.waitlist_capacity = waitlist
            self.done.resizes.append((resize, Sizing.APPLIED))
        return finished

    def _close(self) -> bool:
        if not self._closed:
            return True
        for held in self._holders:
            self._cancel(self._tickets[held.outcome.key], Reason.EVENT_CANCELLED)
        return len(self._holders) < allocation.MOVES_AT_ONCE
