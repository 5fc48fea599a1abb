"""A ledger in memory, for tests of the allocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from events.domain import allocation
from events.domain.allocation import Allocation, DecidedTicket, LedgerView, Seats, lookahead
from events.domain.allocator import allocate
from events.domain.commands import Command, Correction, Request, Resize
from events.domain.draw import give
from events.domain.outcome import Outcome
from events.domain.seats import NO_TYPE, Counters
from events.domain.states import HOLDING, TRANSITIONS, Reason, Status

MAX_CAPACITY = 10_000_000


def request(sequence: int, email_key: str, *, quantity: int = 1, type_id: int = 0) -> Request:
    """A registration that was admitted in the millisecond `sequence`."""
    named = (key(sequence), f"Guest {sequence}", email_key.upper(), email_key)
    return Request(*named, sequence, sequence, digest_of(email_key), quantity=quantity, type_id=type_id)


def digest_of(email_key: str) -> str:
    """Stands for an e-mail as in Redis."""
    return f"digest of {email_key}"


@dataclass
class Books:
    """A ledger in memory: what the database would hold between two batches."""

    seats: Seats
    tickets: dict[str, DecidedTicket] = field(default_factory=dict)
    closed: bool = False
    queue_ms: int = 0
    now_ms: int = 1

    def batch(self, commands: list[Command]) -> Allocation:
        emails = {c.email_key for c in commands if isinstance(c, Request | Correction)}
        named = [c.ticket if isinstance(c, Correction) else c.key for c in commands]
        tickets = {name: self.tickets[name] for name in named if name in self.tickets}
        holding = [held for held in self.tickets.values() if held.outcome.status in HOLDING]
        asked = lookahead(commands, seats=self.seats, tickets=tickets)
        smallest = min((size for c in commands if isinstance(c, Resize) for size in _capacities(c)), default=0)
        ledger = LedgerView(
            taken={held.email_key for held in holding} & emails,
            tickets=tickets,
            waitlist=[held for type_id, count in asked.items() for held in self.waiting(type_id)[:count]],
            large_groups=[
                held for line in self.lines() for held in self.waiting(line) if held.outcome.quantity > smallest
            ],
            holders=holding[: allocation.MOVES_AT_ONCE],
        )
        done = allocate(seats=self.seats, commands=commands, ledger=ledger, now_ms=self.now_ms, queue_ms=self.queue_ms)
        emails_of = {r.key: r.email_key for r in done.decided_requests}
        corrected = {(r.correction.ticket, r.revision): r.correction.email_key for r in done.corrections}
        for outcome in done.changes:
            if (outcome.key, outcome.revision) in corrected:
                self._correct(outcome, corrected[outcome.key, outcome.revision])
            else:
                self._write(outcome, emails_of.get(outcome.key))
        self.seats = done.seats
        return done

    def give(self, order: Sequence[str], *, drawn: int, requested_ms: int) -> Allocation:
        """The next in the order that was drawn have their turn."""
        entries = [self.tickets[name] for name in order]
        times = {"requested_ms": requested_ms, "now_ms": self.now_ms, "queue_ms": self.queue_ms}
        done = give(seats=self.seats, entries=entries, drawn=drawn, **times)
        for outcome in done.changes:
            self._write(outcome, None)
        self.seats = done.seats
        return done

    def _write(self, outcome: Outcome, email_key: str | None) -> None:
        before = self.tickets.get(outcome.key)
        if before is None:
            assert outcome.revision == 1
            assert email_key is not None
        else:
            # The status stays while its hold changes, when an address is proved.
            same = before.outcome.is_unproved and outcome.status is before.outcome.status and not outcome.is_unproved
            assert same or outcome.status in TRANSITIONS[before.outcome.status]
            assert outcome.revision == before.outcome.revision + 1
            email_key = before.email_key
        self.tickets[outcome.key] = DecidedTicket(email_key, outcome)

    def _correct(self, outcome: Outcome, email_key: str | None) -> None:
        before = self.tickets[outcome.key]
        assert outcome.status is before.outcome.status
        assert outcome.revision == before.outcome.revision + 1
        self.tickets[outcome.key] = DecidedTicket(email_key or before.email_key, outcome)

    def lines(self) -> Mapping[int, Counters]:
        return self.seats.types or {NO_TYPE: self.seats}

    def of(self, type_id: int, status: Status) -> list[Outcome]:
        outcomes = (held.outcome for held in self.tickets.values())
        return [o for o in outcomes if o.status is status and o.type_id == type_id]

    def waiting(self, type_id: int) -> list[DecidedTicket]:
        waiting = [self.tickets[o.key] for o in self.of(type_id, Status.WAITLISTED)]
        return sorted(waiting, key=lambda held: held.outcome.turn or held.outcome.sequence)

    def check(self) -> None:
        """The invariants that the database holds too, and the counters against the tickets."""
        for type_id, line in self.lines().items():
            confirmed, waiting = self.of(type_id, Status.CONFIRMED), self.waiting(type_id)
            held = self.of(type_id, Status.HELD)
            assert sum(o.quantity for o in confirmed) == line.confirmed
            assert sum(o.quantity for o in held) == line.held <= line.capacity - line.confirmed
            assert line.held - line.held_companions == len(held)
            assert sum(held.outcome.quantity for held in waiting) == line.waitlisted <= line.waitlist_capacity
            assert line.confirmed - line.confirmed_companions == len(confirmed)
            assert line.waitlisted - line.waitlisted_companions == len(waiting)
            head = waiting[0].outcome.quantity if waiting else 1
            if not self.seats.cancelled:
                assert line.head_quantity == head
                assert not waiting or line.free < head or self.seats.over
        entries = [o.quantity for type_id in self.lines() for o in self.of(type_id, Status.ENTERED)]
        assert sum(entries) == self.seats.entered
        assert self.seats.entered - self.seats.entered_companions == len(entries)
        holders = [held.email_key for held in self.tickets.values() if held.outcome.status in HOLDING]
        assert len(holders) == len(set(holders))

    def email_keys(self) -> dict[str, str]:
        return {key: held.email_key for key, held in self.tickets.items()}

    def told(self) -> dict[str, tuple[Status, Reason | None]]:
        return {key: (held.outcome.status, held.outcome.reason) for key, held in self.tickets.items()}


def _capacities(command: Resize) -> list[int]:
    return [terms.capacity for terms in command.types] or [command.max_capacity or MAX_CAPACITY]


def filled(*, capacity: int, waitlist: int, people: int) -> Books:
    books = Books(Seats(capacity=capacity, confirmed=0, waitlist_capacity=waitlist))
    books.batch([request(n, f"guest{n}@example.com") for n in range(1, people + 1)])
    return books


def key(number: int) -> str:
    return f"key{number:017}"
