"""The allocation against a naive allocator with a list of names: any history, in any split into batches."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from events.domain import allocation
from events.domain.allocation import (
    Seats,
)
from events.domain.commands import Cancellation, Closing, Command, Correction, Request, Resize, TypeTerms
from events.domain.seats import Counters, total
from events.domain.states import HOLDING, Reason, Status
from tests.support.allocation import Books, request


class Naive:
    """What an allocator with a list would do, one command at a time, looking through the whole list for everything.

    `sizes` has the capacity and the waitlist of each ticket type; of 0 for an event without types.
    """

    def __init__(
        self,
        sizes: dict[int, tuple[int, int]],
        ends_ms: int = allocation.NEVER,
        cancel_until_ms: int = allocation.NEVER,
    ) -> None:
        self.sizes, self.ends_ms, self.cancel_until_ms = dict(sizes), ends_ms, cancel_until_ms
        self.rows: list[dict] = []

    def of(self, status: Status, line: int) -> list[dict]:
        return [row for row in self.rows if row["status"] is status and row["line"] == line]

    def seats(self, status: Status, line: int) -> int:
        return sum(row["seats"] for row in self.of(status, line))

    def free(self, line: int) -> int:
        return self.sizes[line][0] - self.seats(Status.CONFIRMED, line)

    def do(self, command: Command) -> None:
        if isinstance(command, Request):
            told = {"status": Status.REJECTED, "reason": Reason.REGISTRATION_CLOSED}
            if command.requested_ms < self.ends_ms and command.type_id in self.sizes:
                told = {"reason": None, **self.seat(command)}
            named = {"key": command.key, "email": command.email_key, "sold": command.type_id in self.sizes}
            self.rows.append({**named, "line": command.type_id, "seats": command.quantity, **told})
        elif command.requested_ms >= self.ends_ms:
            return
        elif isinstance(command, Cancellation):
            self.cancel(command)
        elif isinstance(command, Correction):
            self.correct(command)
        elif isinstance(command, Resize):
            self.resize(command)
        for line in self.sizes:
            self.move_up(line)

    def move_up(self, line: int) -> None:
        """No one passes: the head waits until there are enough seats for all of its group."""
        while (waiting := self.of(Status.WAITLISTED, line)) and waiting[0]["seats"] <= self.free(line):
            waiting[0]["status"] = Status.CONFIRMED

    def resize(self, command: Resize) -> None:
        before, rows = dict(self.sizes), [dict(row) for row in self.rows]
        if command.types:
            self.sizes = {terms.id: (terms.capacity, terms.waitlist_capacity) for terms in command.types}
            allowed = all(row["line"] in self.sizes for row in rows if row["sold"])
        else:
            capacity, waitlist = before[0]
            asked = (command.max_capacity, command.waitlist_capacity)
            self.sizes = {0: (asked[0] or capacity, waitlist if asked[1] is None else asked[1])}
            allowed = True
        for line in self.sizes:
            self.move_up(line)
        if not (allowed and all(map(self.is_kept, self.sizes))):
            self.sizes, self.rows = before, rows

    def is_kept(self, line: int) -> bool:
        capacity, waitlist = self.sizes[line]
        waiting = self.of(Status.WAITLISTED, line)
        return (
            self.free(line) >= 0
            and self.seats(Status.WAITLISTED, line) <= waitlist
            and all(row["seats"] <= capacity for row in waiting)
        )

    def cancel(self, command: Cancellation) -> None:
        for row in self.rows:
            kept = row["status"] is Status.CONFIRMED and not command.exempt
            late = kept and command.requested_ms >= self.cancel_until_ms
            if row["key"] == command.key and row["status"] in HOLDING and not late:
                row |= {"status": Status.CANCELLED, "reason": command.reason}

    def correct(self, command: Correction) -> None:
        holding = [row for row in self.rows if row["status"] in HOLDING]
        mine = [row for row in holding if row["key"] == command.ticket]
        others = [row for row in holding if row["key"] != command.ticket]
        if mine and command.email_key not in [row["email"] for row in others]:
            mine[0]["email"] = command.email_key or mine[0]["email"]

    def seat(self, command: Request) -> dict:
        line, asked = command.type_id, command.quantity
        if any(row["email"] == command.email_key and row["status"] in HOLDING for row in self.rows):
            return {"status": Status.REJECTED, "reason": Reason.DUPLICATE}
        if command.beyond_capacity:
            # What is kept for the head of the waitlist is not for this guest.
            free = 0 if self.of(Status.WAITLISTED, line) else self.free(line)
            capacity, waitlist = self.sizes[line]
            self.sizes[line] = (capacity + max(0, asked - free), waitlist)
            return {"status": Status.CONFIRMED}
        if not self.of(Status.WAITLISTED, line) and asked <= self.free(line):
            return {"status": Status.CONFIRMED}
        capacity, waitlist = self.sizes[line]
        if asked <= capacity and self.seats(Status.WAITLISTED, line) + asked <= waitlist:
            return {"status": Status.WAITLISTED}
        return {"status": Status.REJECTED, "reason": Reason.SOLD_OUT}


corrections = st.tuples(st.just("correct"), st.tuples(st.integers(1, 40), st.none() | st.integers(0, 14)))
commands = st.one_of(
    st.tuples(st.just("register"), st.integers(0, 12)),
    st.tuples(st.just("register"), st.integers(0, 12)),
    st.tuples(st.just("cancel"), st.integers(1, 40)),
    st.tuples(st.just("cancel as exempt"), st.integers(1, 40)),
    st.tuples(st.just("cancel by organizer"), st.integers(1, 40)),
    st.tuples(st.just("add"), st.integers(0, 12)),
    corrections,
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


# The same with groups and three ticket types, and a fourth that comes and goes.
TYPES = (7001, 7002, 7003, 7004)
sizes = st.tuples(st.integers(1, 9), st.integers(0, 12))
grouped_commands = st.one_of(
    *[st.tuples(st.just("register"), st.integers(0, 14), st.integers(1, 5), st.sampled_from(TYPES))] * 3,
    st.tuples(st.just("add"), st.integers(0, 14), st.integers(1, 5), st.sampled_from(TYPES)),
    st.tuples(st.just("cancel"), st.integers(1, 40)),
    corrections,
    st.tuples(st.just("retype"), st.fixed_dictionaries(dict.fromkeys(TYPES, st.none() | sizes))),
)
grouped_cases = st.fixed_dictionaries(
    {
        "sizes": st.fixed_dictionaries(dict.fromkeys(TYPES[:3], sizes)),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "batches": st.lists(st.lists(grouped_commands, max_size=12), max_size=6),
    }
)


def commands_of(case: dict) -> list[list[Command]]:
    numbers = count(1)

    def command(kind: str, value: object, quantity: int = 1, type_id: int = 0) -> Command:
        place = next(numbers)
        if kind == "register":
            return request(place, f"guest{value}@example.com", quantity=quantity, type_id=type_id)
        if kind == "add":
            added = request(place, f"guest{value}@example.com", quantity=quantity, type_id=type_id)
            return replace_struct(added, beyond_capacity=True)
        if kind.startswith("cancel"):
            reason = Reason.BY_ORGANIZER if kind.endswith("organizer") else Reason.BY_HOLDER
            return Cancellation(f"key{value:017}", place, place, kind != "cancel", reason)
        if kind == "retype":
            wanted = {type_id: found for type_id, found in value.items() if found} or {TYPES[0]: (9, 9)}
            terms = tuple(TypeTerms(type_id, f"Type {type_id}", *found) for type_id, found in wanted.items())
            return Resize(f"order{place:015}", place, None, None, place, terms)
        if kind == "correct":
            ticket, guest = value
            email = None if guest is None else f"guest{guest}@example.com"
            return Correction(f"order{place:015}", place, f"key{ticket:017}", "Guest", email, email, "", place)
        return Resize(f"order{place:015}", place, *value, place)

    return [[command(*order) for order in batch] for batch in case["batches"]]


def typed(found: dict[int, tuple[int, int]], ends_ms: int = allocation.NEVER) -> Seats:
    """The seats of an event with these ticket types."""
    lines = {
        type_id: Counters(capacity=capacity, confirmed=0, waitlist_capacity=waitlist)
        for type_id, (capacity, waitlist) in found.items()
    }
    return Seats(capacity=1, confirmed=0, types=lines, ends_ms=ends_ms).with_counters(total(lines))


@given(grouped_cases, st.integers(1, 3))
def test_groups_and_ticket_types_are_decided_one_by_one_and_no_one_passes(case: dict, moves_at_once: int) -> None:
    books, naive = Books(typed(case["sizes"], case["ends_ms"])), Naive(case["sizes"], case["ends_ms"])
    with patch.object(allocation, "MOVES_AT_ONCE", moves_at_once):
        for batch in commands_of(case):
            waiting = batch
            for _ in range(100):
                waiting = waiting[books.batch(waiting).handled :]
                books.check()
            assert not waiting
            for command in batch:
                naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert books.email_keys() == {row["key"]: row["email"] for row in naive.rows}
    assert {key: (line.capacity, line.waitlist_capacity) for key, line in books.seats.types.items()} == naive.sizes


@given(grouped_cases)
def test_groups_of_an_event_without_types_are_decided_like_those_of_one_type(case: dict) -> None:
    size = case["sizes"][TYPES[0]]
    books, naive = Books(Seats(capacity=size[0], confirmed=0, waitlist_capacity=size[1])), Naive({0: size})
    for batch in commands_of(case):
        plain = [replace_struct(c, type_id=0) if isinstance(c, Request) else c for c in batch]
        plain = [c for c in plain if not isinstance(c, Resize)]
        books.batch(plain)
        books.check()
        for command in plain:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}


@given(cases)
def test_any_split_into_batches_decides_like_one_batch(case: dict) -> None:
    times = {name: case[name] for name in ("ends_ms", "cancel_until_ms")}
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"], **times))
    naive = Naive({0: (case["capacity"], case["waitlist"])}, **times)
    for batch in commands_of(case):
        done = books.batch(batch)
        books.check()
        assert done.handled == len(batch)
        for command in batch:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert books.email_keys() == {row["key"]: row["email"] for row in naive.rows}
    assert (books.seats.capacity, books.seats.waitlist_capacity) == naive.sizes[0]


@given(cases, st.integers(0, 5))
def test_a_cancelled_event_ends_every_registration(case: dict, at: int) -> None:
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"]))
    batches = commands_of(case)
    for batch in batches[:at]:
        books.batch(batch)
    before = dict(books.told())
    books.seats = replace(books.seats, cancelled=True)
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
