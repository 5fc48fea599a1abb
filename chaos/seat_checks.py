"""Checks of what was promised: every 202 decided, seats, keys, refusals, cancellations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chaos.evidence import Evidence, by_event, key_of, name, reference
from events.domain.states import HOLDING, Status


def every_202_is_decided(evidence: Evidence) -> Iterator[str]:
    """Every 202 was decided; one that the queue lost says so, and may only be lost where that was allowed."""
    for ticket in evidence.accepted:
        last = evidence.last[ticket]
        if ticket not in evidence.lost:
            continue
        if not evidence.loss_allowed:
            yield f"{reference(ticket)} has a 202 and no decision; it was last {last.state or last.code}"
        elif last.state != Status.LOST:
            yield f"{reference(ticket)} was lost and says {last.state or last.code}"


def answers_agree_with_the_ledger(evidence: Evidence) -> Iterator[str]:
    """What a ticket said last is what the ledger holds, and no ticket said what the ledger never held."""
    for ticket, calls in evidence.seen.items():
        row = evidence.rows.get(key_of(ticket))
        if row is None:
            told = [call.state for call in calls if call.state not in (Status.QUEUED, Status.LOST)]
            if told:
                yield f"{reference(ticket)} said {told[-1]}, and the ledger does not have it"
        elif evidence.last[ticket].state != row.status:
            said = evidence.last[ticket].state or evidence.last[ticket].code
            yield f"{reference(ticket)} says {said}, the ledger {row.status}"


def nothing_is_oversold(evidence: Evidence) -> Iterator[str]:
    """No event has more seats given out than it has, in the ledger or in any answer."""
    seats = Counter(row.event for row in evidence.outcome.rows if row.status == Status.CONFIRMED)
    waiting = Counter(row.event for row in evidence.outcome.rows if row.status == Status.WAITLISTED)
    for event in evidence.outcome.events:
        if seats[event.id] > event.capacity or waiting[event.id] > event.waitlist:
            yield f"event {event.id} has {seats[event.id]} of {event.capacity} seats given out"
        if (event.confirmed, event.waitlisted) != (seats[event.id], waiting[event.id]):
            yield f"event {event.id} counts {event.confirmed} seats and has given out {seats[event.id]}"
    for counts in evidence.counts:
        if counts.confirmed > counts.capacity:
            yield f"event {counts.event} was seen with {counts.confirmed} of {counts.capacity} seats given out"


def no_email_has_two_seats(evidence: Evidence) -> Iterator[str]:
    """An e-mail has one seat or one position on the waitlist of an event."""
    for event, rows in by_event(evidence.outcome.rows).items():
        counted = Counter(row.email.casefold() for row in rows if row.status in HOLDING)
        yield from (f"a guest has {number} seats at event {event}" for number in counted.values() if number > 1)


def a_key_names_one_ticket(evidence: Evidence) -> Iterator[str]:
    """The same Idempotency-Key gave the same ticket, and no ticket was given to two guests."""
    tickets: dict[tuple[int, str], set[str]] = defaultdict(set)
    for ticket, calls in evidence.accepted.items():
        for call in calls:
            tickets[call.event, call.key or f"guest {call.guest} at {call.began}"].add(ticket)
        if len({call.guest for call in calls}) > 1:
            yield f"{reference(ticket)} was given to several guests"
    yield from (f"key {key} gave {len(several)} tickets" for (_, key), several in tickets.items() if len(several) > 1)


def refusals_are_right(evidence: Evidence) -> Iterator[str]:
    """A duplicate has another registration, and what was sold out is full where nothing was given back."""
    senders: dict[tuple[int, str], set[int]] = defaultdict(set)
    tries: Counter[int] = Counter()
    for call in evidence.calls:
        if call.op == "register":
            senders[call.event, call.email].add(call.guest)
            tries[call.guest] += 1
    taken = Counter(row.event for row in evidence.outcome.rows if row.status in HOLDING)
    for call in evidence.calls:
        if call.code == "duplicate_registration" and len(senders[call.event, call.email]) + tries[call.guest] < 3:
            yield f"guest {call.guest} was refused as a duplicate without another registration"
        event = evidence.events.get(call.event)
        free = event is not None and taken[event.id] < event.capacity + event.waitlist
        if call.code == "sold_out" and call.event in evidence.exact and free:
            yield f"guest {call.guest} was told that event {call.event} is sold out, and it is not"


def cancellations_took_effect(evidence: Evidence) -> Iterator[str]:
    """What was given back is given back, and nothing else."""
    asked = {call.ticket for call in evidence.calls if call.op == "cancel"}
    for call in evidence.calls:
        row = evidence.rows.get(key_of(call.ticket))
        if call.op == "cancel" and call.accepted and row and row.status in HOLDING and not evidence.loss_allowed:
            yield f"{reference(name(row))} was given back with a 202 and is {row.status}"
    names = {key_of(ticket) for ticket in asked}
    for row in evidence.outcome.rows:
        if row.status == Status.CANCELLED and name(row) not in names:
            yield f"{reference(name(row))} is cancelled, and no one asked for it"


def the_ledger_has_no_strangers(evidence: Evidence) -> Iterator[str]:
    """Every decision belongs to a registration that was sent."""
    sent = {(call.event, call.email) for call in evidence.calls if call.op == "register"}
    yield from (
        f"{reference(name(row))} was never sent" for row in evidence.outcome.rows if (row.event, row.email) not in sent
    )
