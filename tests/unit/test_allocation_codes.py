"""Access codes in the allocation, against a list that is looked through: any history, in any split into batches."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain.allocation import DecidedTicket, LedgerView, Seats, lookahead
from events.domain.allocator import allocate
from events.domain.commands import Cancellation, Command, Request
from events.domain.states import HOLDING, Reason, Status
from tests.support.allocation import key, request

USES = {1: 3, 2: 5}
asked = st.tuples(st.sampled_from([0, 1, 2]), st.integers(1, 3))
given_back = st.integers(1, 30)
batches = st.lists(st.lists(asked | given_back, max_size=10), max_size=5)


def command(number: int, what: tuple[int, int] | int) -> Command:
    if isinstance(what, int):
        return Cancellation(key(what), number, number)
    code_id, quantity = what
    return replace(request(number, f"guest{number}@example.com", quantity=quantity), code_id=code_id)


class Ledger:
    """What the ledger would hold between two batches."""

    def __init__(self, capacity: int, waitlist: int) -> None:
        self.seats = Seats(capacity=capacity, confirmed=0, waitlist_capacity=waitlist)
        self.tickets: dict[str, DecidedTicket] = {}
        self.used = dict.fromkeys(USES, 0)

    def apply(self, commands: list[Command]) -> None:
        known = {c.key: self.tickets[c.key] for c in commands if c.key in self.tickets}
        needed = sum(lookahead(commands, seats=self.seats, tickets=known).values())
        waiting = [held for held in self.tickets.values() if held.outcome.status is Status.WAITLISTED]
        in_order = sorted(waiting, key=lambda held: held.outcome.sequence)[:needed]
        left = {code_id: uses - self.used[code_id] for code_id, uses in USES.items()}
        ledger = LedgerView(tickets=known, waitlist=in_order, codes=left)
        done = allocate(seats=self.seats, commands=commands, ledger=ledger, now_ms=1)
        for outcome in done.changes:
            self.tickets[outcome.key] = DecidedTicket(outcome.key, outcome)
        for code_id, seats in done.code_uses.items():
            self.used[code_id] += seats
        self.seats = done.seats

    def held(self, code_id: int) -> int:
        outcomes = [held.outcome for held in self.tickets.values()]
        return sum(o.quantity for o in outcomes if o.code_id == code_id and o.status in HOLDING)


@given(capacity=st.integers(1, 9), waitlist=st.integers(0, 6), batches=batches)
def test_a_code_counts_the_seats_of_its_tickets_and_lets_in_no_more(
    capacity: int, waitlist: int, batches: list[list[tuple[int, int] | int]]
) -> None:
    numbers, ledger, single = count(1), Ledger(capacity, waitlist), Ledger(capacity, waitlist)
    for batch in batches:
        commands = [command(next(numbers), what) for what in batch]
        ledger.apply(commands)
        assert {code_id: ledger.held(code_id) for code_id in USES} == ledger.used
        for one in commands:
            before = single.used.copy()
            single.apply([one])
            if isinstance(one, Request) and one.code_id:
                told = single.tickets[one.key].outcome
                too_many = before[one.code_id] + one.quantity > USES[one.code_id]
                assert (told.reason is Reason.REGISTRATION_CLOSED) is too_many
            assert all(single.used[code_id] <= uses for code_id, uses in USES.items())
    assert ledger.tickets == single.tickets
