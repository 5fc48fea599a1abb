"""A ledger in memory, for tests of the allocation."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.domain import allocation
from events.domain.allocation import Allocation, DecidedTicket, LedgerView, Seats, lookahead
from events.domain.allocator import allocate
from events.domain.commands import Command, Request
from events.domain.outcome import Outcome
from events.domain.states import HOLDING, TRANSITIONS, Reason, Status


def request(sequence: int, email_key: str) -> Request:
    """A registration that was admitted in the millisecond `sequence`."""
    return Request(f"key{sequence:017}", f"Guest {sequence}", email_key.upper(), email_key, sequence, sequence)


@dataclass
class Books:
    """A ledger in memory: what the database would hold between two batches."""

    seats: Seats
    tickets: dict[str, DecidedTicket] = field(default_factory=dict)
    closed: bool = False

    def batch(self, commands: list[Command]) -> Allocation:
        emails = {c.email_key for c in commands if isinstance(c, Request)}
        holding = [held for held in self.tickets.values() if held.outcome.status in HOLDING]
        waiting = [held for held in holding if held.outcome.status is Status.WAITLISTED]
        waiting.sort(key=lambda held: held.outcome.sequence)
        ledger = LedgerView(
            taken={held.email_key for held in holding} & emails,
            tickets={c.key: self.tickets[c.key] for c in commands if c.key in self.tickets},
            waitlist=waiting[: lookahead(commands)],
            holders=holding[: allocation.MOVES_AT_ONCE],
        )
        done = allocate(seats=self.seats, commands=commands, ledger=ledger, now_ms=1)
        emails_of = {r.key: r.email_key for r in done.decided_requests}
        for outcome in done.changes:
            self._write(outcome, emails_of.get(outcome.key))
        self.seats = done.seats
        return done

    def _write(self, outcome: Outcome, email_key: str | None) -> None:
        before = self.tickets.get(outcome.key)
        if before is None:
            assert outcome.revision == 1
            assert email_key is not None
        else:
            assert outcome.status in TRANSITIONS[before.outcome.status]
            assert outcome.revision == before.outcome.revision + 1
            email_key = before.email_key
        self.tickets[outcome.key] = DecidedTicket(email_key, outcome)

    def check(self) -> None:
        """The invariants that the database holds too."""
        statuses = [held.outcome.status for held in self.tickets.values()]
        assert statuses.count(Status.CONFIRMED) == self.seats.confirmed <= self.seats.capacity
        assert statuses.count(Status.WAITLISTED) == self.seats.waitlisted
        if not self.seats.cancelled:
            assert self.seats.waitlisted == 0 or self.seats.confirmed == self.seats.capacity
        holders = [held.email_key for held in self.tickets.values() if held.outcome.status in HOLDING]
        assert len(holders) == len(set(holders))

    def told(self) -> dict[str, tuple[Status, Reason | None]]:
        return {key: (held.outcome.status, held.outcome.reason) for key, held in self.tickets.items()}


def filled(*, capacity: int, waitlist: int, people: int) -> Books:
    books = Books(Seats(capacity=capacity, confirmed=0, waitlist_capacity=waitlist))
    books.batch([request(n, f"guest{n}@example.com") for n in range(1, people + 1)])
    return books


def key(number: int) -> str:
    return f"key{number:017}"
