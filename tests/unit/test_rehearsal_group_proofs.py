"""An event with ticket types and groups: each promise broken once, and caught by its proof."""

from __future__ import annotations

import msgspec
import pytest

from rehearsal.crowd import registrations
from rehearsal.evidence import short
from rehearsal.records import Attendee, EventCounts, Observation, RegistrationResult, Sizes, Stats, Ticket, TypeCounts
from rehearsal.replay import Asked, replay
from tests.support.rehearsal.simulation import change_ticket, failed

replace = msgspec.structs.replace

TYPES = {1001: Sizes(7, 5), 1002: Sizes(6, 3)}
ORDER = "Every decision follows the order of admission"
SPLIT = "No group is split"
WAITLIST = "The waitlist is in order"
OVERSOLD = "Never oversold while we looked"


@pytest.fixture
def honest() -> Observation:
    """24 guests ask for 1 to 4 seats of two types in turn, and are decided as the naive model does it."""
    crowd = registrations(people=24, duplicates=0, types=2, groups=(1, 4))
    ids = list(TYPES)
    asked = [
        Asked(one.number + 1, f"1-{one.number:08}{'x' * 20}", one.email, ids[one.type_index], one.seats)
        for one in crowd
    ]
    ends = replay(TYPES, registrations=asked, cancellations={})
    tickets, positions = [], dict.fromkeys(TYPES, 0)
    for one in asked:
        status, reason = ends[one.ticket]
        positions[one.type_id] += status == "waitlisted"
        position = positions[one.type_id] if status == "waitlisted" else None
        moment = 1000.0 * one.sequence
        found = Ticket(one.ticket, status, reason, one.sequence, moment, moment, position)
        tickets.append(replace(found, type_id=one.type_id, seats=one.seats))
    seen = _seen(asked, tickets)
    assert failed(seen) == set()
    assert {ticket.status for ticket in tickets} == {"confirmed", "waitlisted", "rejected"}
    return seen


def _seen(asked: list[Asked], tickets: list[Ticket]) -> Observation:
    confirmed = [ticket for ticket in tickets if ticket.status == "confirmed"]
    waiting = [ticket for ticket in tickets if ticket.status == "waitlisted"]
    types = [TypeCounts(type_id, seats(confirmed, type_id), 0, seats(waiting, type_id)) for type_id in TYPES]
    taken, waited_for = (sum(ticket.seats for ticket in some) for some in (confirmed, waiting))
    answered = [(one.sequence - 1, one.email, 202, "", one.ticket, one.sequence, one.sequence + 0.5) for one in asked]
    return Observation(
        seats=13,
        waitlist=8,
        types=TYPES,
        results=[
            RegistrationResult(*result, 0.01, one.type_id, one.seats)
            for result, one in zip(answered, asked, strict=True)
        ],
        tickets=tickets,
        attendees=[
            Attendee(short(t.ticket_id), asked[(t.sequence or 1) - 1].email, t.sequence or 0, t.seats, t.type_id)
            for t in confirmed
        ],
        samples=[],
        counts=EventCounts(13, taken, 0, waited_for, types),
        stats=Stats(0, taken, waited_for, {"sold_out": sum(t.status == "rejected" for t in tickets)}, 0),
    )


def seats(tickets: list[Ticket], type_id: int) -> int:
    return sum(ticket.seats for ticket in tickets if ticket.type_id == type_id)


def first(seen: Observation, status: str, *, type_id: int = 1001) -> Ticket:
    return next(ticket for ticket in seen.tickets if ticket.status == status and ticket.type_id == type_id)


def test_a_ticket_for_fewer_seats_than_were_asked_for_is_a_split_group(honest: Observation) -> None:
    group = next(ticket for ticket in honest.tickets if ticket.seats > 1 and ticket.status == "confirmed")
    assert SPLIT in failed(change_ticket(honest, group, seats=group.seats - 1))
    listed = [replace(row, quantity=1) for row in honest.attendees]
    assert SPLIT in failed(replace(honest, attendees=listed))


def test_a_ticket_of_another_type_is_noticed(honest: Observation) -> None:
    assert SPLIT in failed(change_ticket(honest, first(honest, "confirmed"), type_id=1002))


def test_who_passes_a_group_that_waits_is_noticed(honest: Observation) -> None:
    last = [ticket for ticket in honest.tickets if ticket.status == "rejected" and ticket.type_id == 1001][-1]
    passed = change_ticket(honest, last, status="confirmed", reason=None)
    assert {ORDER, WAITLIST} <= failed(passed)


def test_a_group_that_waits_beside_enough_seats_is_noticed(honest: Observation) -> None:
    seen = honest
    for ticket in honest.tickets:
        if ticket.type_id == 1001 and ticket.status == "confirmed":
            seen = change_ticket(seen, ticket, status="rejected", reason="sold_out")
    assert WAITLIST in failed(seen)


def test_a_type_that_is_oversold_is_noticed_although_the_event_is_not(honest: Observation) -> None:
    types = [TypeCounts(1001, 8, 0, 0), TypeCounts(1002, 5, 0, 0)]
    assert OVERSOLD in failed(replace(honest, samples=[EventCounts(13, 13, 0, 0, types)]))


def test_positions_count_tickets_of_one_type(honest: Observation) -> None:
    waiting = first(honest, "waitlisted", type_id=1002)
    assert WAITLIST in failed(change_ticket(honest, waiting, position=(waiting.position or 0) + 1))
