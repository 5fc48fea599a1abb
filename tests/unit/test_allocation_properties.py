"""The allocation against a naive allocator with a list of names: any history, in any split into batches."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from events.domain import allocation
from events.domain.allocation import (
    Seats,
)
from events.domain.commands import Cancellation, Closing, Command, Request, Resize
from events.domain.states import HOLDING, Reason, Status
from tests.support.allocation import Books, request


class Naive:
    """What an allocator with a list would do, one command at a time, looking through the whole list for everything."""

    def __init__(
        self, capacity: int, waitlist: int, ends_ms: int = allocation.NEVER, cancel_until_ms: int = allocation.NEVER
    ) -> None:
        self.capacity, self.waitlist, self.ends_ms = capacity, waitlist, ends_ms
        self.cancel_until_ms = cancel_until_ms
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
                kept = row["status"] is Status.CONFIRMED and not command.exempt
                late = kept and command.requested_ms >= self.cancel_until_ms
                if row["key"] == command.key and row["status"] in HOLDING and not late:
                    row |= {"status": Status.CANCELLED, "reason": command.reason}
        elif isinstance(command, Resize):
            seats = self.capacity if command.max_capacity is None else command.max_capacity
            places = self.waitlist if command.waitlist_capacity is None else command.waitlist_capacity
            confirmed, waiting = len(self.of(Status.CONFIRMED)), len(self.of(Status.WAITLISTED))
            if confirmed <= seats and max(0, waiting - (seats - confirmed)) <= places:
                self.capacity, self.waitlist = seats, places
        while self.of(Status.WAITLISTED) and len(self.of(Status.CONFIRMED)) < self.capacity:
            self.of(Status.WAITLISTED)[0]["status"] = Status.CONFIRMED

    def refuse(self, command: Command) -> None:
        """Nothing that comes after the end moves anyone."""
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
    st.tuples(st.just("cancel as exempt"), st.integers(1, 40)),
    st.tuples(st.just("cancel by organizer"), st.integers(1, 40)),
    st.tuples(st.just("resize"), st.tuples(st.none() | st.integers(1, 12), st.none() | st.integers(0, 8))),
)


cases = st.fixed_dictionaries(
    {
        "capacity": st.integers(1, 8),
        "waitlist": st.integers(0, 6),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "cancel_until_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "batches": st.lists(st.lists(commands, max_size=12), max_size=6),
    }
)


def commands_of(case: dict) -> list[list[Command]]:
    numbers = count(1)

    def command(kind: str, value: object) -> Command:
        place = next(numbers)
        if kind == "register":
            return request(place, f"guest{value}@example.com")
        if kind.startswith("cancel"):
            reason = Reason.BY_ORGANIZER if kind.endswith("organizer") else Reason.BY_HOLDER
            return Cancellation(f"key{value:017}", place, place, kind != "cancel", reason)
        return Resize(f"order{place:015}", place, *value, place)

    return [[command(*order) for order in batch] for batch in case["batches"]]


@given(cases)
def test_any_split_into_batches_decides_like_one_batch(case: dict) -> None:
    times = {name: case[name] for name in ("ends_ms", "cancel_until_ms")}
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"], **times))
    naive = Naive(case["capacity"], case["waitlist"], **times)
    for batch in commands_of(case):
        done = books.batch(batch)
        books.check()
        assert done.handled == len(batch)
        for command in batch:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert (books.seats.capacity, books.seats.waitlist_capacity) == (naive.capacity, naive.waitlist)


@given(cases, st.integers(0, 5))
def test_a_cancelled_event_ends_every_registration(case: dict, at: int) -> None:
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
