"""Who gets a place: a pure function from the event's counters and the next commands to changes of status.

The drain calls it under the event's row lock with the oldest entries of the queue, so order of admission is order
of decision and capacity can never race. The database's constraints hold the same invariants a second time.

Two invariants hold between any two commands: `confirmed <= capacity`, and a seat is free only while nobody is on the
waitlist. So a seat that becomes free goes to the first on the waitlist at once, and nobody who comes later can be
quicker. After the event's end no seat moves: what counts is when a command was admitted, not when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappop, heappush

import msgspec

from events.domain.commands import Cancellation, Closing, Command, Request, Resize
from events.domain.outcome import Outcome
from events.domain.states import HOLDING, Reason, Status

# How many places one transaction may move for a single order of the organizer's: an order that moves more goes on in
# the next transaction. A transaction of any size would outlive its statement timeout, and jam the event for good.
MOVES_AT_ONCE = 1000
NEVER = 1 << 62


class DecidedTicket(msgspec.Struct, frozen=True):
    """A ticket that has a decision, with the e-mail that it holds."""

    email_key: str
    outcome: Outcome


class Sizing(StrEnum):
    """What became of a `Resize`."""

    APPLIED = "applied"
    BELOW_CONFIRMED = "below_confirmed"  # more registrations are confirmed than there would be seats
    BELOW_WAITLISTED = "below_waitlisted"  # more are on the waitlist than it would have places
    EVENT_OVER = "event_over"  # it was ordered after the event's end


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """The event's counters before or after a batch. Nothing that was admitted at `ends_ms` or later moves a seat."""

    capacity: int
    confirmed: int
    waitlist_capacity: int = 0
    waitlisted: int = 0
    cancelled: bool = False
    ends_ms: int = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the ledger holds about a batch's tickets and e-mails.

    Attributes:
        taken: the `email_key`s among the requests that hold a place.
        tickets: the decided tickets that the cancellations name, by key.
        waitlist: the first on the waitlist in order of admission; `lookahead` says how many are needed.
        holders: for a `Closing`: up to `MOVES_AT_ONCE` tickets that hold a place.
    """

    taken: Set[str] = frozenset()
    tickets: Mapping[str, DecidedTicket] = field(default_factory=dict)
    waitlist: Sequence[DecidedTicket] = ()
    holders: Sequence[DecidedTicket] = ()


@dataclass(slots=True, kw_only=True)
class Allocation:
    """What a batch leads to.

    Attributes:
        seats: the counters after it.
        changes: every change of a status, in the order in which they happened; a ticket may stand in it twice.
        fresh: the requests that were decided, in order of admission.
        rejected: rejections by reason; `cancelled`: tickets that lost their place.
        sized: what became of each order that is done.
        handled: commands that are done. The one behind them, if any, has begun and is to be given again.
    """

    seats: Seats
    changes: list[Outcome] = field(default_factory=list)
    decided_requests: list[Request] = field(default_factory=list)
    rejected: dict[Reason, int] = field(default_factory=dict)
    cancelled: int = 0
    resizes: list[tuple[Resize, Sizing]] = field(default_factory=list)
    handled: int = 0


def lookahead(commands: Iterable[Command]) -> int:
    """How many of the waitlist a batch may touch: each cancellation frees a seat, and may itself empty a place."""
    needed = 0
    for command in commands:
        if isinstance(command, Cancellation):
            needed += 2
        elif isinstance(command, Resize):
            needed += MOVES_AT_ONCE
    return needed


def allocate(*, seats: Seats, commands: Iterable[Command], ledger: LedgerView, now_ms: int) -> Allocation:
    """Carries out `commands` in the order given, at `now_ms` (milliseconds since 1970, UTC).

    Args:
        seats: the event's counters as the ledger holds them, under its row lock.
        commands: the next ones in order of admission; no request among them was decided before.
        ledger: what is known about them.
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
    """Carries commands out, one at a time, on counters and lists of its own."""

    def __init__(self, seats: Seats, ledger: LedgerView, now_ms: int) -> None:
        self.capacity, self.confirmed = seats.capacity, seats.confirmed
        self.waitlist_capacity, self.waitlisted = seats.waitlist_capacity, seats.waitlisted
        self.done = Allocation(seats=seats)
        self._closed = seats.cancelled
        self._now_ms, self._ends_ms = now_ms, seats.ends_ms
        self._emails = set(ledger.taken)
        self._tickets = {held.outcome.key: held for held in (*ledger.waitlist, *ledger.tickets.values())}
        self._tickets |= {held.outcome.key: held for held in ledger.holders}
        self._holders = ledger.holders
        self._line: list[tuple[int, str]] = [(held.outcome.sequence, held.outcome.key) for held in ledger.waitlist]

    def register(self, request: Request) -> None:
        """A seat, a place on the waitlist, or a reason."""
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
        """False: there is more to do than one transaction bears."""
        match command:
            case Cancellation():
                if command.requested_ms >= self._ends_ms:
                    return True
                self._cancel(self._tickets.get(command.key), Reason.BY_HOLDER)
                self._promote()
                return True
            case Resize():
                return self._resize(command)
            case Closing():
                return self._close()

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
        """Takes a place back. A ticket that holds none is left as it is: cancelling twice is harmless.

        Whoever has been let in keeps their seat, or a second person would sit on it; if the event itself ends, the
        check-in stays on record.
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
        """Gives free seats to the first on the waitlist."""
        while self._line and self.waitlisted and self.confirmed < self.capacity and not self._closed:
            held = self._tickets[heappop(self._line)[1]]
            if held.outcome.status is Status.WAITLISTED:
                self.waitlisted -= 1
                self.confirmed += 1
                self._change(held, Status.CONFIRMED)

    def _resize(self, order: Resize) -> bool:
        if order.requested_ms >= self._ends_ms:
            self.done.resizes.append((order, Sizing.EVENT_OVER))
            return True
        seats = self.capacity if order.max_capacity is None else order.max_capacity
        places = self.waitlist_capacity if order.waitlist_capacity is None else order.waitlist_capacity
        moving = 0 if self._closed else min(self.waitlisted, max(0, seats - self.confirmed))
        if seats < self.confirmed or places < self.waitlisted - moving:
            verdict = Sizing.BELOW_CONFIRMED if seats < self.confirmed else Sizing.BELOW_WAITLISTED
            self.done.resizes.append((order, verdict))
            return True
        # Only as many seats as can be filled now: the rest would be free while somebody waits.
        finished = moving <= MOVES_AT_ONCE
        self.capacity = seats if finished else self.confirmed + MOVES_AT_ONCE
        self._promote()
        if finished:
            self.waitlist_capacity = places
            self.done.resizes.append((order, Sizing.APPLIED))
        return finished

    def _close(self) -> bool:
        if not self._closed:
            return True
        for held in self._holders:
            self._cancel(self._tickets[held.outcome.key], Reason.EVENT_CANCELLED)
        return len(self._holders) < MOVES_AT_ONCE
