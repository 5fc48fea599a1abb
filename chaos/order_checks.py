"""Checks of the order: sequences, arrival, decisions, what a ticket said first and last, webhooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from chaos.evidence import AFTER, Evidence, by_event, key_of, name, reference
from chaos.outcome import Event, Row
from events.domain.states import HOLDING, Status


def sequences_are_unique(evidence: Evidence) -> Iterator[str]:
    """No two tickets of an event have one sequence, and no ticket two, those aside that were lost with leave."""
    lost = evidence.lost if evidence.loss_allowed else set()
    owners: dict[tuple[int, int], set[str]] = defaultdict(set)
    for row in evidence.outcome.rows:
        owners[row.event, row.sequence].add(name(row))
    for call in evidence.calls:
        if call.sequence is not None and call.ticket not in lost:
            owners[call.event, call.sequence].add(key_of(call.ticket))
    for (event, sequence), tickets in owners.items():
        if len(tickets) > 1:
            yield f"sequence {sequence} of event {event} belongs to {', '.join(map(reference, sorted(tickets)))}"
    numbers: dict[str, set[int]] = defaultdict(set)
    for (_, sequence), tickets in owners.items():
        for ticket in tickets:
            numbers[ticket].add(sequence)
    yield from (
        f"{reference(ticket)} had sequences {sorted(several)}"
        for ticket, several in numbers.items()
        if len(several) > 1
    )


def admission_follows_arrival(evidence: Evidence) -> Iterator[str]:
    """A registration that was sent after another one had its 202 stands behind it."""
    spans: dict[int, list[tuple[int, float, float, str]]] = defaultdict(list)
    first_sent = _first_sent(evidence)
    for ticket, calls in evidence.accepted.items():
        row = evidence.rows.get(key_of(ticket))
        if row is not None:
            spans[row.event].append((row.sequence, first_sent[ticket], min(call.ended for call in calls), ticket))
    for tickets in spans.values():
        # From the last in line to the first: no one behind may have had an answer before this one was sent.
        earliest, whose = float("inf"), ""
        for sequence, sent, answered, ticket in sorted(tickets, reverse=True):
            if earliest < sent:
                yield f"{reference(ticket)}, sequence {sequence}, was sent after {reference(whose)} had its answer"
            if answered < earliest:
                earliest, whose = answered, ticket


def _first_sent(evidence: Evidence) -> dict[str, float]:
    """When the first try of each ticket's guest was sent: any of them may be the one that was admitted."""
    began: dict[int, float] = {}
    for call in evidence.calls:
        if call.op == "register":
            began[call.guest] = min(call.began, began.get(call.guest, call.began))
    return {ticket: min(began[call.guest] for call in calls) for ticket, calls in evidence.accepted.items()}


def decisions_follow_admission(evidence: Evidence) -> Iterator[str]:
    """Decisions were made in the order of admission, and no one got less than those who stood behind."""
    for event, rows in by_event(evidence.outcome.rows).items():
        first_decisions = [row for row in rows if row.revision == 1]
        for before, after in pairwise(first_decisions):
            if after.decided_ms < before.decided_ms:
                yield f"{reference(name(after))} was decided before {reference(name(before))}, which stands in front"
        waiting = [row.sequence for row in rows if row.status == Status.WAITLISTED]
        passed = [row for row in rows if row.status == Status.CONFIRMED and waiting and row.sequence > waiting[0]]
        yield from (f"{reference(name(row))} has a seat, and sequence {waiting[0]} waits for one" for row in passed)
        if event in evidence.exact:
            yield from _exact_order(evidence.events[event], rows)


def _exact_order(event: Event, rows: Sequence[Row]) -> Iterator[str]:
    """Where nothing was given back, the first get the seats, the next the waitlist, and the rest nothing."""
    held: set[str] = set()
    for row in rows:
        expected = _expected(event, len(held), again=row.email in held)
        if (row.status, row.reason) != expected:
            said = f"the order of admission says {' '.join(expected)}"
            yield f"{reference(name(row))} is {row.status} {row.reason}, and {said}"
        if row.status in HOLDING:
            held.add(row.email)


def _expected(event: Event, held: int, *, again: bool) -> tuple[str, str]:
    if again:
        return (Status.REJECTED, "duplicate")
    if held < event.capacity:
        return (Status.CONFIRMED, "")
    return (Status.WAITLISTED, "") if held < event.capacity + event.waitlist else (Status.REJECTED, "sold_out")


def no_status_runs_backwards(evidence: Evidence) -> Iterator[str]:
    """A status that was read after another answer had come is the same or a later one."""
    for ticket, calls in evidence.seen.items():
        for number, late in enumerate(calls):
            for early in calls[:number]:
                if early.ended < late.began and Status(late.state) not in AFTER[Status(early.state)]:
                    yield f"{reference(ticket)} was {early.state} and then {late.state}"


def webhooks_came_in_order(evidence: Evidence) -> Iterator[str]:
    """Every decision came at least once, signed, and a ticket's messages in the order of its statuses."""
    came: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for message in evidence.messages:
        if not message.genuine:
            yield f"message {message.id} has no valid signature"
        if message.ticket and message.id not in known:
            came[key_of(message.ticket)].append(message.state)
            known.add(message.id)
    for row in evidence.outcome.rows:
        if row.status not in came[name(row)]:
            yield f"{reference(name(row))} is {row.status}, and no webhook said so"
    for ticket, states in came.items():
        for before, after in pairwise(states):
            if before == after or Status(after) not in AFTER[Status(before)]:
                yield f"{reference(ticket)}: the webhook of {before} came before that of {after}"
