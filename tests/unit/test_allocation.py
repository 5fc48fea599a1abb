"""The allocation against a naive model, and the promises one by one."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from events.domain.allocation import Request, Seats, allocate
from events.domain.states import Reason, Status


def request(sequence: int, email_key: str) -> Request:
    return Request(f"key{sequence:017}", f"Guest {sequence}", email_key.upper(), email_key, sequence, 0)


emails = st.integers(0, 12).map(lambda n: f"guest{n}@example.com")
cases = st.fixed_dictionaries(
    {
        "capacity": st.integers(1, 15),
        "holders": st.sets(emails, max_size=10),
        "batches": st.lists(st.lists(emails, max_size=8), max_size=5),
        "cancelled": st.booleans(),
    }
)


def naive(capacity: int, holders: set[str], line: list[str], cancelled: bool) -> list[tuple[Status, Reason | None]]:
    """What a clerk with a list of names would do, one person at a time."""
    seated = set(holders)
    told: list[tuple[Status, Reason | None]] = []
    for email in line:
        if cancelled:
            told.append((Status.REJECTED, Reason.EVENT_CANCELLED))
        elif email in seated:
            told.append((Status.REJECTED, Reason.DUPLICATE))
        elif len(seated) >= capacity:
            told.append((Status.REJECTED, Reason.SOLD_OUT))
        else:
            seated.add(email)
            told.append((Status.CONFIRMED, None))
    return told


@given(cases)
def test_any_split_into_batches_decides_like_one_clerk(case: dict) -> None:
    holders = set(sorted(case["holders"])[: case["capacity"]])
    seats = Seats(capacity=case["capacity"], confirmed=len(holders), cancelled=case["cancelled"])
    taken = set(holders)
    told, sequence = [], 0
    for batch in case["batches"]:
        requests = [request(sequence + n, email) for n, email in enumerate(batch, 1)]
        sequence += len(batch)
        done = allocate(seats=seats, requests=requests, taken=taken & {r.email_key for r in requests})
        assert [d.request for d in done.decisions] == requests
        assert done.confirmed <= seats.capacity
        taken |= {d.request.email_key for d in done.decisions if d.status is Status.CONFIRMED}
        told += [(d.status, d.reason) for d in done.decisions]
        seats = Seats(capacity=seats.capacity, confirmed=done.confirmed, cancelled=seats.cancelled)
    line = [email for batch in case["batches"] for email in batch]
    assert told == naive(case["capacity"], holders, line, case["cancelled"])


@given(cases)
def test_rejections_are_counted_by_reason(case: dict) -> None:
    requests = [request(n, email) for n, email in enumerate(chain(*case["batches"]), 1)]
    seats = Seats(capacity=case["capacity"], confirmed=0, cancelled=case["cancelled"])
    done = allocate(seats=seats, requests=requests, taken=set())
    for reason in Reason:
        assert done.rejected.get(reason, 0) == sum(d.reason is reason for d in done.decisions)
    assert done.confirmed == sum(d.status is Status.CONFIRMED for d in done.decisions)


def test_a_refused_duplicate_does_not_use_a_seat() -> None:
    requests = [request(1, "a@example.com"), request(2, "a@example.com"), request(3, "b@example.com")]
    done = allocate(seats=Seats(capacity=2, confirmed=0), requests=requests, taken=set())
    assert [d.status for d in done.decisions] == [Status.CONFIRMED, Status.REJECTED, Status.CONFIRMED]
