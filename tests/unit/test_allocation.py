"""The allocation against a naive allocator with a list of names, and the promises one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import allocation
from events.domain.allocation import (
    MOVES_AT_ONCE,
    Allocation,
    DecidedTicket,
    LedgerView,
    Seats,
    Sizing,
    lookahead,
)
from events.domain.allocator import allocate
from events.domain.commands import Cancellation, Closing, Command, Request, Resize
from events.domain.outcome import Outcome
from events.domain.states import HOLDING, TRANSITIONS, Reason, Status


def request(sequence: int, email_key: str) -> Request:
    """Whoever has the place n was admitted in the millisecond n."""
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


class Naive:
    """What a allocator with a list would do, one command at a time, looking through the whole list for everything."""

    def __init__(self, capacity: int, waitlist: int, ends_ms: int = allocation.NEVER) -> None:
        self.capacity, self.waitlist, self.ends_ms = capacity, waitlist, ends_ms
        self.rows: list[dict] = []

    def of(self, status: Status) -> list[dict]:
        return [row for row in self.rows if row["status"] is status]

    def do(self, command: Command) -> None:
        if command.requested_ms >= self.ends_ms:
            self.refuse(command)
        elif isinstance(command, Request):
            self.rows.append({"key": command.key, "email": command.email_key, "reason": None, **self.seat(command)})
        elif isinstance(command, Cancellation):
            for row in self.rows:
                if row["key"] == command.key and row["status"] in HOLDING:
                    row |= {"status": Status.CANCELLED, "reason": Reason.BY_HOLDER}
        elif isinstance(command, Resize):
            seats = self.capacity if command.max_capacity is None else command.max_capacity
            places = self.waitlist if command.waitlist_capacity is None else command.waitlist_capacity
            confirmed, waiting = len(self.of(Status.CONFIRMED)), len(self.of(Status.WAITLISTED))
            if confirmed <= seats and max(0, waiting - (seats - confirmed)) <= places:
                self.capacity, self.waitlist = seats, places
        while self.of(Status.WAITLISTED) and len(self.of(Status.CONFIRMED)) < self.capacity:
            self.of(Status.WAITLISTED)[0]["status"] = Status.CONFIRMED

    def refuse(self, command: Command) -> None:
        """Nothing that comes after the end moves anybody."""
        if isinstance(command, Request):
            told = {"status": Status.REJECTED, "reason": Reason.REGISTRATION_CLOSED}
            self.rows.append({"key": command.key, "email": command.email_key, **told})

    def seat(self, command: Request) -> dict:
        if any(row["email"] == command.email_key and row["status"] in HOLDING for row in self.rows):
            return {"status": Status.REJECTED, "reason": Reason.DUPLICATE}
        if len(self.of(Status.CONFIRMED)) < self.capacity:
            return {"status": Status.CONFIRMED}
        if len(self.of(Status.WAITLISTED)) < self.waitlist:
            return {"status": Status.WAITLISTED}
        return {"status": Status.REJECTED, "reason": Reason.SOLD_OUT}


commands = st.one_of(
    st.tuples(st.just("register"), st.integers(0, 12)),
    st.tuples(st.just("register"), st.integers(0, 12)),
    st.tuples(st.just("cancel"), st.integers(1, 40)),
    st.tuples(st.just("resize"), st.tuples(st.none() | st.integers(1, 12), st.none() | st.integers(0, 8))),
)
cases = st.fixed_dictionaries(
    {
        "capacity": st.integers(1, 8),
        "waitlist": st.integers(0, 6),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "batches": st.lists(st.lists(commands, max_size=12), max_size=6),
    }
)


def commands_of(case: dict) -> list[list[Command]]:
    numbers = count(1)

    def command(kind: str, value: object) -> Command:
        place = next(numbers)
        if kind == "register":
            return request(place, f"guest{value}@example.com")
        if kind == "cancel":
            return Cancellation(f"key{value:017}", place, place)
        return Resize(f"order{place:015}", place, *value, place)

    return [[command(*order) for order in batch] for batch in case["batches"]]


@given(cases)
def test_any_split_into_batches_decides_like_one_clerk(case: dict) -> None:
    ends_ms = case["ends_ms"]
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"], ends_ms=ends_ms))
    naive = Naive(case["capacity"], case["waitlist"], ends_ms)
    for batch in commands_of(case):
        done = books.batch(batch)
        books.check()
        assert done.handled == len(batch)
        for command in batch:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert (books.seats.capacity, books.seats.waitlist_capacity) == (naive.capacity, naive.waitlist)


@given(cases, st.integers(0, 5))
def test_a_cancelled_event_ends_everybody(case: dict, at: int) -> None:
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"]))
    batches = commands_of(case)
    for batch in batches[:at]:
        books.batch(batch)
    before = dict(books.told())
    books.seats = Seats(**{f: getattr(books.seats, f) for f in books.seats.__slots__} | {"cancelled": True})
    for batch in batches[at:]:
        books.batch(batch)
    books.batch([Closing("close" + "0" * 15, 999)])
    assert (books.seats.confirmed, books.seats.waitlisted) == (0, 0)
    for key, (status, reason) in books.told().items():
        if key not in before:
            assert (status, reason) == (Status.REJECTED, Reason.EVENT_CANCELLED)
        else:
            assert status not in HOLDING
            given_back = {c.key for batch in batches for c in batch if isinstance(c, Cancellation)}
            ended = (Status.CANCELLED, Reason.EVENT_CANCELLED)
            assert before[key][0] not in HOLDING or key in given_back or (status, reason) == ended


@given(cases)
def test_counts_are_those_of_the_history(case: dict) -> None:
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"]))
    for batch in commands_of(case):
        done = books.batch(batch)
        rejected = [outcome for outcome in done.changes if outcome.status is Status.REJECTED]
        for reason in Reason:
            assert done.rejected.get(reason, 0) == sum(outcome.reason is reason for outcome in rejected)
        assert done.cancelled == sum(o.status is Status.CANCELLED for o in done.changes)
        assert done.decided_requests == [c for c in batch if isinstance(c, Request)]


def filled(*, capacity: int, waitlist: int, people: int) -> Books:
    books = Books(Seats(capacity=capacity, confirmed=0, waitlist_capacity=waitlist))
    books.batch([request(n, f"guest{n}@example.com") for n in range(1, people + 1)])
    return books


def key(number: int) -> str:
    return f"key{number:017}"


def test_a_refused_duplicate_does_not_use_a_seat() -> None:
    books = Books(Seats(capacity=2, confirmed=0))
    books.batch([request(1, "a@example.com"), request(2, "a@example.com"), request(3, "b@example.com")])
    assert [status for status, _ in books.told().values()] == [Status.CONFIRMED, Status.REJECTED, Status.CONFIRMED]


def test_a_freed_seat_goes_to_the_first_on_the_waitlist_and_not_to_whoever_comes_next() -> None:
    books = filled(capacity=1, waitlist=2, people=3)
    done = books.batch([Cancellation(key(1), 10), request(11, "late@example.com")])
    assert [(o.key, o.status) for o in done.changes] == [
        (key(1), Status.CANCELLED),
        (key(2), Status.CONFIRMED),
        (key(11), Status.WAITLISTED),
    ]


def test_whoever_gives_a_place_on_the_waitlist_back_is_passed_over() -> None:
    books = filled(capacity=1, waitlist=3, people=4)
    books.batch([Cancellation(key(2), 10), Cancellation(key(1), 11)])
    assert books.told()[key(3)] == (Status.CONFIRMED, None)
    assert books.told()[key(4)] == (Status.WAITLISTED, None)


def test_a_ticket_may_be_given_back_in_the_batch_that_decides_it_and_twice() -> None:
    books = Books(Seats(capacity=1, confirmed=0))
    again = request(4, "a@example.com")
    done = books.batch([request(1, "a@example.com"), Cancellation(key(1), 2), Cancellation(key(1), 3), again])
    assert [(o.key, o.status, o.revision) for o in done.changes] == [
        (key(1), Status.CONFIRMED, 1),
        (key(1), Status.CANCELLED, 2),
        (again.key, Status.CONFIRMED, 1),
    ]
    assert done.cancelled == 1


def test_sizes_below_what_is_given_out_are_refused_and_change_nothing() -> None:
    books = filled(capacity=3, waitlist=3, people=5)
    done = books.batch([Resize("a" * 20, 10, 2, None), Resize("b" * 20, 11, 3, 1), Resize("c" * 20, 12, 4, 1)])
    assert [verdict for _, verdict in done.resizes] == [
        Sizing.BELOW_CONFIRMED,
        Sizing.BELOW_WAITLISTED,
        Sizing.APPLIED,
    ]
    assert (done.seats.capacity, done.seats.confirmed, done.seats.waitlisted) == (4, 4, 1)


def test_an_order_that_moves_many_goes_on_in_the_next_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOVES_AT_ONCE == 1000
    monkeypatch.setattr(allocation, "MOVES_AT_ONCE", 3)
    books = filled(capacity=1, waitlist=10, people=9)
    grow, late = Resize("g" * 20, 20, 8, None), request(21, "late@example.com")
    handled, capacities = [], []
    waiting: list[Command] = [grow, late]
    while waiting:
        done = books.batch(waiting)
        books.check()
        handled.append(done.handled)
        capacities.append(done.seats.capacity)
        waiting = waiting[done.handled :]
    assert (handled, capacities) == ([0, 0, 2], [4, 7, 8])
    assert books.told()[key(9)] == books.told()[late.key] == (Status.WAITLISTED, None)


def test_a_cancellation_from_before_the_end_moves_the_waitlist_up_and_a_later_one_nobody() -> None:
    books = filled(capacity=2, waitlist=3, people=4)
    books.seats = Seats(**{f: getattr(books.seats, f) for f in books.seats.__slots__} | {"ends_ms": 100})
    done = books.batch(
        [Cancellation(key(1), 10, 99), Cancellation(key(2), 11, 100), Resize("r" * 20, 12, 9, None, 100)]
    )
    assert [(o.key, o.status) for o in done.changes] == [(key(1), Status.CANCELLED), (key(3), Status.CONFIRMED)]
    assert [verdict for _, verdict in done.resizes] == [Sizing.EVENT_OVER]
    assert (done.seats.capacity, done.seats.confirmed, done.seats.waitlisted) == (2, 2, 1)


def test_an_order_from_before_the_end_that_takes_several_transactions_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(allocation, "MOVES_AT_ONCE", 3)
    books = filled(capacity=1, waitlist=10, people=9)
    books.seats = Seats(**{f: getattr(books.seats, f) for f in books.seats.__slots__} | {"ends_ms": 50})
    grow = Resize("g" * 20, 20, 8, None, 49)
    assert [books.batch([grow]).handled for _ in range(3)] == [0, 0, 1]
    assert books.seats.confirmed == 8


def let_in(books: Books, number: int) -> None:
    """What the entrance writes between two batches."""
    held = books.tickets[key(number)]
    entered = replace(held.outcome, revision=held.outcome.revision + 1, checked_in_ms=5)
    books.tickets[key(number)] = DecidedTicket(held.email_key, entered)


def test_who_has_been_let_in_keeps_the_seat_until_the_event_itself_ends() -> None:
    books = filled(capacity=2, waitlist=1, people=3)
    let_in(books, 1)
    done = books.batch([Cancellation(key(1), 10), Cancellation(key(2), 11)])
    assert [(o.key, o.status) for o in done.changes] == [(key(2), Status.CANCELLED), (key(3), Status.CONFIRMED)]
    books.check()
    books.seats = Seats(**{f: getattr(books.seats, f) for f in books.seats.__slots__} | {"cancelled": True})
    done = books.batch([Closing("c" * 20, 12)])
    ends = {o.key: (o.status, o.reason, o.checked_in_ms) for o in done.changes}
    assert ends[key(1)] == (Status.CANCELLED, Reason.EVENT_CANCELLED, 5)
    assert ends[key(3)] == (Status.CANCELLED, Reason.EVENT_CANCELLED, None)


def test_closing_takes_places_back_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "MOVES_AT_ONCE", 3)
    books = filled(capacity=4, waitlist=10, people=8)
    books.seats = Seats(capacity=4, confirmed=4, waitlist_capacity=10, waitlisted=4, cancelled=True)
    close = Closing("c" * 20, 9)
    assert [books.batch([close]).handled for _ in range(3)] == [0, 0, 1]
    assert {status for status, _ in books.told().values()} == {Status.CANCELLED}
    assert sum(outcome.outcome.revision for outcome in books.tickets.values()) == 16


def test_a_closing_of_an_event_that_is_not_cancelled_does_nothing() -> None:
    books = filled(capacity=4, waitlist=0, people=3)
    assert not books.batch([Closing("c" * 20, 9)]).changes
