"""What must be true of a drop once nothing is left to do: all that can be seen of it is what the model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from functools import partial

from msgspec.structs import astuple

from tests.support.model_based.history import Drop
from tests.support.model_based.holds import compare_holds, due_holds, hold_commands
from tests.support.model_based.insisting import patient
from tests.support.model_based.model import Command, Model, carry_out
from tests.support.model_based.records import Ticket
from tests.support.service.admitted import Admitted, admitted
from tests.support.waiting import wait_until

_COUNTS = """SELECT confirmed_count, waitlisted_count, cancelled_count, rejected_counts, max_capacity, waitlist_capacity
FROM events_event WHERE id = %s"""


def settle(drop: Drop) -> None:
    """Waits until nothing is left to do, and compares everything with the model."""
    event = drop.event
    wait_until(lambda: due_holds(drop) == 0, "holds whose time is over have ended")
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
    compare_holds(drop, model, admitted(event))
    drop.settled = drop.given()


def _model(drop: Drop) -> Model:
    applies_to = drop.hold["applies_to"] if drop.hold else ""
    model = Model(seats=drop.seats, waitlist=drop.waitlist, uses=drop.uses, hold=applies_to)
    entries = admitted(drop.event)
    for ticket in drop.tickets.values():
        assert ticket.sequence > ticket.after, "who came later got an earlier place"
    commands = [Command(t.sequence, partial(_register, t)) for t in drop.tickets.values()]
    commands += hold_commands(drop, entries)
    cancellations = _cancellations(drop, {entry.place for entry in entries if entry.kind != "cancel"})
    commands += [Command(place, partial(_cancel, ticket)) for place, ticket in cancellations.items()]
    changes = [change for change in drop.size_changes() if change[3] != "event_over"]
    commands += [Command(place, partial(_resize, seats, waitlist)) for place, seats, waitlist, _ in changes]
    if drop.ended:
        refusing, closing = _ending(drop, entries)
        commands += [Command(refusing, Model.refuse), Command(closing, Model.close)]
    assert len({command.place for command in commands}) == len(commands), "a place was given out twice"
    untrue = carry_out(model, commands, drop.claims)
    assert untrue == []
    assert model.verdicts == [change[3] for change in changes]
    return model


def _cancellations(drop: Drop, others: Set[int]) -> dict[int, str]:
    """By place; `others` have theirs. One whose answer was lost had the only place that is left over in its time."""
    known = {one.place: one.ticket for one in drop.given_back if one.place is not None}
    taken = {*others, *known, *(ticket.sequence for ticket in drop.tickets.values())}
    for one in drop.given_back:
        if one.place is None and one.retried and one.ticket not in known.values():
            gaps = [place for place in range(one.low + 1, one.high + 1) if place not in taken]
            assert len(gaps) <= 1
            known |= dict.fromkeys(gaps, one.ticket)
    return known


def _ending(drop: Drop, entries: Sequence[Admitted]) -> tuple[float, float]:
    """Two places: from which on nothing was decided in anyone's favour, and where the tickets were cancelled.

    What is decided after the organizer's answer is refused, whenever it was admitted; the tickets are cancelled by a
    command that takes its turn, so what their holders gave back before it was given back by them. The first place is
    that of the first who was refused, or whose hold did not end any more.
    """
    closing = min(entry.place for entry in entries if entry.kind == "close")
    assert closing > drop.closing[0], "tickets were cancelled with the event before the organizer cancelled it"
    ended = {t.id: t for t in drop.tickets.values() if t.reason == "event_cancelled"}
    refused = [ticket.sequence for ticket in ended.values() if ticket.status == "rejected"]
    paid = {entry.key for entry in entries if entry.kind == "confirm"}
    late = [e for e in entries if e.kind == "expire" and e.place > drop.closing[0] and e.key not in paid]
    kept = [entry.place for entry in late if entry.find(ended)]
    return min([*refused, *kept, closing]) - 0.5, closing


def _compare_ledger(drop: Drop, model: Model) -> None:
    rows = {row.sequence: (row.status, row.reason or None) for row in drop.event.rows()}
    ends = {t.sequence: model.ends[t.id] for t in drop.tickets.values()}
    assert rows == {place: (status.value, reason and reason.value) for place, (status, reason) in ends.items()}
    [counts] = drop.service.rows(_COUNTS, drop.event.id)
    rejected = dict(Counter(reason for status, reason in rows.values() if status == "rejected"))
    cancelled = sum(status == "cancelled" for status, _ in rows.values())
    waited_for = sum(model.in_line.values())
    expected = (model.confirmed, waited_for, cancelled, rejected, *astuple(model.size))
    assert counts == expected
    [(used,)] = drop.service.rows("SELECT used_count FROM events_accesscode WHERE event_id = %s", drop.event.id)
    assert used == model.uses_taken


def _compare_counts(drop: Drop, model: Model) -> None:
    found = drop.service.address.ask("GET", drop.event.path).data
    sizes = ("confirmed_count", "waitlisted_count", "max_capacity", "waitlist_capacity")
    expected = [model.confirmed, sum(model.in_line.values()), *astuple(model.size)]
    assert [found[name] for name in sizes] == expected
    assert found["confirmed_count"] <= found["max_capacity"]
    assert found["seats_left"] == 0 or not model.in_line
    attendees = [line["ticket_id"] for line in drop.event.attendees()]
    assert attendees == sorted({*model.with_seats} - model.held, key=lambda ticket_id: drop.tickets[ticket_id].sequence)


def _register(ticket: Ticket, model: Model) -> None:
    register = model.register_with_code if ticket.coded else model.register
    register(ticket.id, ticket.email, seats=ticket.quantity)


def _cancel(ticket_id: str, model: Model) -> None:
    model.cancel(ticket_id)


def _resize(seats: int | None, waitlist: int | None, model: Model) -> None:
    model.resize(seats, waitlist)
