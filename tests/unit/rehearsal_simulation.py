"""The naivest honest event: one line, decided strictly in order. What an outside observer would see of it."""

from __future__ import annotations

from collections import Counter

import msgspec

from events.rehearsal.crowd import Registration, registrations
from events.rehearsal.proofs import prove
from events.rehearsal.records import Answer, Attendee, EventCounts, Observation, Stats, Ticket


class _Event:
    """Admits at once and decides `lag` admissions later."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.line: list[Ticket] = []
        self.emails: dict[str, str] = {}
        self.tickets: list[Ticket] = []
        self.attendees: list[Attendee] = []

    def admit(self, registration: Registration) -> str:
        number = registration.number
        ticket = Ticket(f"1-{number:08}{'x' * 20}", "queued", None, 10 + 2 * number, 1000.0 * number)
        self.line.append(ticket)
        self.emails[ticket.ticket_id] = registration.email
        return ticket.ticket_id

    def decide(self, *, keep: int) -> None:
        while len(self.line) > keep:
            ticket = self.line.pop(0)
            email = self.emails[ticket.ticket_id]
            status, reason = self._end(email)
            if status == "confirmed":
                self.attendees.append(Attendee(ticket.ticket_id, email, ticket.sequence or 0))
            self.tickets.append(
                Ticket(ticket.ticket_id, status, reason, ticket.sequence, ticket.requested_ms, ticket.requested_ms)
            )

    def holds(self, email: str) -> bool:
        waiting = {self.emails[ticket.ticket_id].lower() for ticket in self.line}
        return email.lower() in waiting | {attendee.email.lower() for attendee in self.attendees}

    @property
    def counts(self) -> EventCounts:
        return EventCounts(self.seats, len(self.attendees), self.seats - len(self.attendees))

    def _end(self, email: str) -> tuple[str, str | None]:
        if email.lower() in {attendee.email.lower() for attendee in self.attendees}:
            return "rejected", "duplicate"
        return ("confirmed", None) if len(self.attendees) < self.seats else ("rejected", "sold_out")


def simulate(*, people: int, seats: int, duplicates: int, overlap: int, lag: int, door_knows: bool) -> Observation:
    """What is seen of an honest event.

    Args:
        overlap: how many registrations are under way at the same time.
        lag: how many admissions a decision is behind.
        door_knows: whether duplicates are refused at the door, or only by the decision.
    """
    event, answers, samples = _Event(seats), [], []
    for registration in registrations(people=people, duplicates=duplicates):
        status, code, ticket_id = 202, "", ""
        if event.counts.seats_left == 0:
            status, code = 409, "sold_out"
        elif door_knows and event.holds(registration.email):
            status, code = 409, "duplicate_registration"
        else:
            ticket_id = event.admit(registration)
        sent = float(registration.number)
        answers.append(
            Answer(registration.number, registration.email, status, code, ticket_id, sent, sent + overlap - 0.5, 0.01)
        )
        event.decide(keep=lag)
        samples.append(event.counts)
    event.decide(keep=0)
    rejected = Counter(ticket.reason or "" for ticket in event.tickets if ticket.status == "rejected")
    stats = Stats(queued=0, confirmed=len(event.attendees), waitlisted=0, rejected=dict(rejected), cancelled=0)
    return Observation(seats, answers, event.tickets, event.attendees, samples, event.counts, stats)


def failed(seen: Observation) -> set[str]:
    """The names of the proofs that do not hold."""
    return {proof.name for proof in prove(seen) if not proof.ok}


def change_ticket(seen: Observation, ticket: Ticket, **changes: object) -> Observation:
    """The same observation with one ticket changed."""
    tickets = [msgspec.structs.replace(t, **changes) if t is ticket else t for t in seen.tickets]
    return msgspec.structs.replace(seen, tickets=tickets)
