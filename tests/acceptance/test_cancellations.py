"""Tickets given back, waitlists that move, sizes and ends of events, on a real service over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service
from tests.support.waiting import wait_until
from worker.failpoints import Failpoint

pytestmark = [pytest.mark.acceptance, pytest.mark.soak]


def ends(event: Event, ticket: str, status: str) -> None:
    wait_until(lambda: event.ticket(ticket)["status"] == status, f"{ticket} is {status}")


def counts(event: Event) -> tuple[int, int, int]:
    query = "SELECT confirmed_count, waitlisted_count, cancelled_count FROM events_event WHERE id = %s"
    [row] = event.service.rows(query, event.id)
    return int(row[0]), int(row[1]), int(row[2])


def test_a_cancellation_is_a_202_with_the_ticket_and_takes_its_turn(service: Service) -> None:
    event = open_event(service)
    with service.frozen("drain-1"), service.frozen("drain-2"):
        [ticket] = event.admit(1)
        answer = event.give_back(ticket)
        assert answer.status == 202
        assert (answer.data["status"], answer.data["position"]) == ("queued", 1)
        assert answer.data["cancellation_sequence"] == answer.data["sequence"] + 1
        assert int(answer.headers["retry-after"]) >= 1
        assert event.ticket(ticket)["status"] == "queued"
    ends(event, ticket, "cancelled")
    assert counts(event) == (0, 0, 1)


def test_cancelling_again_is_harmless(service: Service) -> None:
    event = open_event(service)
    [ticket] = event.admit(1)
    event.decided(ticket)
    with service.frozen("drain-1"), service.frozen("drain-2"):
        places = [event.give_back(ticket).data["cancellation_sequence"] for _ in range(3)]
    assert len(set(places)) == 1
    ends(event, ticket, "cancelled")
    last = event.give_back(ticket)
    assert (last.status, last.data["status"], last.data["cancellation_sequence"]) == (202, "cancelled", None)
    assert counts(event) == (0, 0, 1)


def test_a_ticket_that_was_never_given_out_cannot_be_cancelled(service: Service) -> None:
    for path in ("/registrations/nonsense", "/registrations/1-" + "A" * 28):
        assert service.address.ask("DELETE", path).refusal == (404, "ticket_not_found")


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_drain_killed_in_a_promotion_moves_no_guest_twice_and_forgets_none(
    service: Service, failpoint: Failpoint
) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=5)
    tickets = event.admit(1, 2, 3, 4)
    ends(event, tickets[3], "waitlisted")
    service.set_trap(failpoint)
    event.give_back(tickets[0])
    service.kill(service.trapped(failpoint))
    ends(event, tickets[1], "confirmed")
    ends(event, tickets[0], "cancelled")
    assert event.statuses(tickets[2:]) == ["waitlisted"] * 2
    assert counts(event) == (1, 2, 1)


def test_each_cancellation_in_a_crowd_frees_a_seat_for_exactly_one(service: Service) -> None:
    """Cancellations race registrations, promotions, each other and their own repetition."""
    seats, waiting = 10, 200
    event = open_event(service, capacity=seats, waitlist_capacity=waiting)
    tickets = event.admit(*range(40))
    with ThreadPoolExecutor(max_workers=6) as pool:
        later = pool.submit(lambda: event.admit(*range(100, 140)))
        gone = [ticket for ticket in tickets[:30] for _ in range(2)]
        assert {answer.status for answer in pool.map(event.give_back, gone)} == {202}
        tickets += later.result()
    for ticket in tickets[:30]:
        ends(event, ticket, "cancelled")
    rows = event.rows()
    confirmed = sorted(row.sequence for row in rows if row.status == "confirmed")
    waitlisted = sorted(row.sequence for row in rows if row.status == "waitlisted")
    assert (len(confirmed), len(waitlisted)) == (seats, len(tickets) - 30 - seats)
    assert confirmed[-1] < waitlisted[0], "a guest on the waitlist was passed over"
    assert counts(event) == (seats, len(waitlisted), 30)


def test_the_organizer_changes_sizes_while_the_queue_runs(service: Service) -> None:
    event = open_event(service, capacity=5, waitlist_capacity=50)
    done = threading.Event()

    def crowd() -> list[str]:
        try:
            return event.admit(*range(60))
        finally:
            done.set()

    capacities = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(crowd)
        while not done.is_set():
            answer = event.change(max_capacity=10 + len(capacities))
            assert answer.status == 200, answer
            capacities.append(answer.data["max_capacity"])
            seen = event.service.address.ask("GET", event.path).data
            assert seen["confirmed_count"] <= seen["max_capacity"]
        tickets = coming.result()
    assert capacities == list(range(10, 10 + len(capacities)))
    wait_until(lambda: event.queued() == 0, "all are decided")
    refused = event.change(max_capacity=1)
    assert refused.refusal == (409, "capacity_below_confirmed")
    confirmed = [row.sequence for row in event.rows() if row.status == "confirmed"]
    assert len(confirmed) == min(capacities[-1], len(tickets))


def test_a_cancelled_event_ends_every_ticket_in_the_queue_and_behind_it(service: Service) -> None:
    event = open_event(service, capacity=2, waitlist_capacity=2)
    decided = event.admit(1, 2, 3)
    ends(event, decided[2], "waitlisted")
    with service.frozen("drain-1"), service.frozen("drain-2"):
        queued = event.admit(10, 11)
        event.give_back(decided[0])
        assert event.cancel().data["registration_state"] == "cancelled"
        assert event.register(12).refusal == (409, "registration_closed")
        assert event.statuses(decided) == ["confirmed", "confirmed", "waitlisted"]
    for ticket in decided:
        ends(event, ticket, "cancelled")
    assert {(t["status"], t["reason"]) for t in map(event.decided, queued)} == {("rejected", "event_cancelled")}
    assert counts(event) == (0, 0, 3)
    assert event.cancel().status == 200
