"""What must be true of a drop once nothing is left to do: all that can be seen of it is what the model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from msgspec.structs import astuple

from tests.support.model_based.history import Drop, Ticket
from tests.support.model_based.insisting import patient
from tests.support.model_based.model import Command, Model, carry_out
from tests.support.waiting import wait_until

_COUNTS = """SELECT confirmed_count, waitlisted_count, cancelled_count, rejected_counts, max_capacity, waitlist_capacity
FROM events_event WHERE id = %s"""


def settle(drop: Drop) -> None:
    """Waits until nothing is left to do, and compares everything with the model."""
    event = drop.event
    wait_until(lambda: patient(event.queued) == 0 and patient(event.noted) == 0, "the queue is empty")
    for ticket_id in drop.tickets:
        drop.look(ticket_id)
    model = _model(drop)
    seen = {ticket_id: drop.look(ticket_id) for ticket_id in drop.tickets}
    assert {t: (found["status"], found["reason"]) for t, found in seen.items()} == {
        t: (status.value, reason and reason.value) for t, (status, reason) in model.ends.items()
    }
    for place, ticket_id in enumerate(model.in_line, start=1):
        assert seen[ticket_id]["position"] in (None, place), "a wrong position on the waitlist"
    _compare_ledger(drop, model)
    _compare_counts(drop, model)
    drop.settled = drop.given()


def _model(drop: Drop) -> Model:
    model = Model(seats=drop.seats, waitlist=drop.waitlist, uses=drop.uses)
    for ticket in drop.tickets.values():
        assert ticket.sequence > ticket.after, "who came later got an earlier place"
    commands = [Command(t.sequence, partial(_register, t)) for t in drop.tickets.values()]
    cancellations = _cancellations(drop)
    commands += [Command(place, partial(_cancel, ticket)) for place, ticket in cancellations.items()]
    changes = [change for change in drop.size_changes() if change[3] != "event_over"]
    commands += [Command(place, partial(_resize, seats, waitlist)) for place, seats, waitlist, _ in changes]
    if drop.ended:
        refusing, closing = _ending(drop, cancellations)
        commands += [Command(refusing, Model.refuse), Command(closing, Model.close)]
    assert len({command.place for command in commands}) == len(commands), "a place was given out twice"
    untrue = carry_out(model, commands, drop.claims)
    assert untrue == []
    assert model.verdicts == [change[3] for change in changes]
    return model


def _cancellations(drop: Drop) -> dict[int, str]:
    """By place. One whose answer was lost had the only place that is left over in its time."""
    known = {one.place: one.ticket for one in drop.given_back if one.place is not None}
    taken = {*known, *(t.sequence for t in drop.tickets.values()), *(change[0] for change in drop.size_changes())}
    for one in drop.given_back:
        if one.place is None and one.retried and one.ticket not in known.values():
            gaps = [place for place in range(one.low + 1, one.high + 1) if place not in taken]
            assert len(gaps) <= 1
            known |= dict.fromkeys(gaps, one.ticket)
    return known


def _ending(drop: Drop, cancellations: Mapping[int, str]) -> tuple[float, float]:
    """Two places: from which on nothing was decided in anyone's favour, and where the tickets were cancelled.

    What is decided after the organizer's answer is refused, whenever it was admitted; the tickets are cancelled by a
    command that takes its turn, so what their holders gave back before it was given back by them. The first place is
    that of the first who was refused; the second that of the first cancellation that came too late, and never one that
    was given out before the organizer asked or after the answer.
    """
    after, until = drop.closing
    ended = [ticket for ticket in drop.tickets.values() if ticket.reason == "event_cancelled"]
    cancelled = {ticket.id for ticket in ended if ticket.status == "cancelled"}
    late = [place for place, ticket_id in cancellations.items() if ticket_id in cancelled]
    closing = min([*late, until]) - 0.25
    assert closing > after, "a ticket was cancelled with the event before the organizer cancelled it"
    refused = [ticket.sequence for ticket in ended if ticket.status == "rejected"]
    return min([*refused, closing]) - 0.5, closing


def _compare_ledger(drop: Drop, model: Model) -> None:
    rows = {row.sequence: (row.status, row.reason or None) for row in drop.event.rows()}
    ends = {t.sequence: model.ends[t.id] for t in drop.tickets.values()}
    assert rows == {place: (status.value, reason and reason.value) for place, (status, reason) in ends.items()}
    [counts] = drop.service.rows(_COUNTS, drop.event.id)
    rejected = dict(Counter(reason for status, reason in rows.values() if status == "rejected"))
    cancelled = sum(status == "cancelled" for status, _ in rows.values())
    seats, waited_for = sum(model.with_seats.values()), sum(model.in_line.values())
    expected = (seats, waited_for, cancelled, rejected, *astuple(model.size))
    assert counts == expected
    [(used,)] = drop.service.rows("SELECT used_count FROM events_accesscode WHERE event_id = %s", drop.event.id)
    assert used == model.uses_taken


def _compare_counts(drop: Drop, model: Model) -> None:
    found = drop.service.address.ask("GET", drop.event.path).data
    sizes = ("confirmed_count", "waitlisted_count", "max_capacity", "waitlist_capacity")
    expected = [sum(model.with_seats.values()), sum(model.in_line.values()), *astuple(model.size)]
    assert [found[name] for name in sizes] == expected
    assert found["confirmed_count"] <= found["max_capacity"]
    assert found["seats_left"] == 0 or not model.in_line
    attendees = [line["ticket_id"] for line in drop.event.attendees()]
    assert attendees == sorted(model.with_seats, key=lambda ticket_id: drop.tickets[ticket_id].sequence)


def _register(ticket: Ticket, model: Model) -> None:
    register = model.register_with_code if ticket.coded else model.register
    register(ticket.id, ticket.email, seats=ticket.quantity)


def _cancel(ticket_id: str, model: Model) -> None:
    model.cancel(ticket_id)


def _resize(seats: int | None, waitlist: int | None, model: Model) -> None:
    model.resize(seats, waitlist)
