"""What must be true of a drop once nothing is left to do: all that can be seen of it is what the model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from msgspec.structs import astuple

from events.domain.states import Reason
from tests.support.model_based import organizer
from tests.support.model_based.history import Drop
from tests.support.model_based.holds import compare_holds, due_holds, hold_commands
from tests.support.model_based.insisting import patient
from tests.support.model_based.model import NO_TYPE, Command, Model, carry_out
from tests.support.model_based.records import Ticket
from tests.support.service.admitted import Admitted, admitted
from tests.support.waiting import wait_until

_COUNTS = """SELECT confirmed_count, held_count, waitlisted_count, max_capacity, waitlist_capacity, cancelled_count,
rejected_counts FROM events_event WHERE id = %s"""
_TYPES = """SELECT id, confirmed_count, held_count, waitlisted_count, capacity, waitlist_capacity
FROM events_tickettype WHERE event_id = %s ORDER BY rank"""
_HEADS = """SELECT id, head_quantity FROM events_tickettype WHERE event_id = %s
UNION ALL SELECT 0, head_quantity FROM events_event WHERE id = %s AND NOT has_types"""
_SHOWN = ("confirmed_count", "held_count", "waitlisted_count")


def settle(drop: Drop) -> None:
    """Waits until nothing is left to do, and compares everything with the model."""
    wait_until(lambda: _is_at_rest(drop), "the queue is empty, and holds whose time is over have ended")
    for ticket_id in drop.tickets:
        drop.look(ticket_id)
    model = _model(drop)
    seen = {ticket_id: drop.look(ticket_id) for ticket_id in drop.tickets}
    assert {t: (found["status"], found["reason"]) for t, found in seen.items()} == {
        t: (status.value, reason and reason.value) for t, (status, reason) in model.ends.items()
    }
    for line in model.waiting.values():
        for place, ticket_id in enumerate(line, start=1):
            assert seen[ticket_id]["position"] in (None, place), "a wrong position on the waitlist"
    _compare_ledger(drop, model)
    _compare_counts(drop, model)
    compare_holds(drop, model, admitted(drop.event))
    drop.settled = drop.given()


def _is_at_rest(drop: Drop) -> bool:
    """Whether nothing waits, and nothing that was decided last is going to end by itself.

    What the queue held may have led to holds that were over when they began, those of an ended event: so it is empty
    first. Their expiries are in no queue before they are found, and in the queue until they are published: so it is
    empty again.
    """
    return _is_empty(drop) and due_holds(drop) == 0 and _is_empty(drop)


def _is_empty(drop: Drop) -> bool:
    return patient(drop.event.queued) == 0 and patient(drop.event.noted) == 0


def _model(drop: Drop) -> Model:
    model = Model(drop.sizes, uses=drop.opening.code_uses, hold=drop.hold["applies_to"] if drop.hold else "")
    entries = admitted(drop.event)
    for ticket in drop.tickets.values():
        assert ticket.sequence > ticket.after, "who came later got an earlier place"
    commands = [Command(t.sequence, partial(_register, t)) for t in drop.tickets.values()]
    commands += organizer.commands(drop, entries) + hold_commands(drop, entries)
    cancelled = [(entry, entry.find(drop.tickets)) for entry in entries if entry.kind == "cancel"]
    assert drop.given_back.items() <= {entry.place: ticket_id for entry, ticket_id in cancelled}.items()
    commands += [Command(entry.place, partial(_cancel, ticket_id, entry.payload)) for entry, ticket_id in cancelled]
    if drop.ended:
        refusing, closing = _ending(drop, entries)
        commands += [Command(refusing, Model.refuse), Command(closing, Model.close)]
    assert len({command.place for command in commands}) == len(commands), "a place was given out twice"
    untrue = carry_out(model, commands, drop.claims)
    assert untrue == []
    organizer.compare_verdicts(drop, model)
    return model


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
    emails = {row.sequence: row.email for row in drop.event.rows()}
    assert all(emails[drop.tickets[ticket].sequence] == email for email, ticket in model.holders.items())
    rejected = dict(Counter(reason for status, reason in rows.values() if status == "rejected"))
    cancelled = sum(status == "cancelled" for status, _ in rows.values())
    assert drop.service.rows(_COUNTS, drop.event.id) == [(*_sums(model), cancelled, rejected)]
    if NO_TYPE not in model.sizes:
        lines = [(type_id, *model.counts(type_id), *astuple(size)) for type_id, size in model.sizes.items()]
        assert drop.service.rows(_TYPES, drop.event.id) == lines
    heads = {type_id: next(iter(model.waiting[type_id].values()), 1) for type_id in model.sizes}
    found = dict(drop.service.rows(_HEADS, drop.event.id, drop.event.id))
    assert found == heads, "seats are kept for another head than the line has"
    [(used,)] = drop.service.rows("SELECT used_count FROM events_accesscode WHERE event_id = %s", drop.event.id)
    assert used == model.uses_taken


def _sums(model: Model) -> tuple[int, ...]:
    """Confirmed, held, waiting, seats and waitlist of all types."""
    return tuple(map(sum, zip(*[(*model.counts(t), *astuple(size)) for t, size in model.sizes.items()], strict=True)))


def _compare_counts(drop: Drop, model: Model) -> None:
    found = drop.service.address.ask("GET", drop.event.path).data
    assert tuple(found[name] for name in (*_SHOWN, "max_capacity", "waitlist_capacity")) == _sums(model)
    shown = {one["id"]: tuple(one[name] for name in (*_SHOWN, "capacity")) for one in found["ticket_types"]}
    sold = {type_id: (*model.counts(type_id), size.seats) for type_id, size in model.sizes.items()}
    assert (shown or {NO_TYPE: (*(found[name] for name in _SHOWN), found["max_capacity"])}) == sold
    lines = {one["id"]: one["seats_left"] for one in found["ticket_types"]} or {NO_TYPE: found["seats_left"]}
    assert all(left == 0 or not model.waiting[type_id] for type_id, left in lines.items()), "free beside one who waits"
    attendees = [(line["ticket_id"], line["ticket_type"] or NO_TYPE) for line in drop.event.attendees()]
    seated = sorted({*model.with_seats} - model.held, key=lambda ticket_id: drop.tickets[ticket_id].sequence)
    assert attendees == [(ticket_id, drop.tickets[ticket_id].type_id) for ticket_id in seated]


def _register(ticket: Ticket, model: Model) -> None:
    register = model.add if ticket.beyond else model.register_with_code if ticket.coded else model.register
    register(ticket.id, ticket.email, type_id=ticket.type_id, seats=ticket.quantity)


def _cancel(ticket_id: str | None, payload: str, model: Model) -> None:
    assert ticket_id, "an unknown ticket is cancelled"
    model.cancel(ticket_id, Reason.BY_ORGANIZER if payload == "o" else Reason.BY_HOLDER)
