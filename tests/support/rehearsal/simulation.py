"""The naivest honest event: one line, decided strictly in order. What an outside observer would see of it."""

from __future__ import annotations

from collections import Counter

import msgspec

from rehearsal.crowd import Moment, Registration, registrations
from rehearsal.evidence import short
from rehearsal.proofs import prove
from rehearsal.records import Attendee, CancellationResult, EventCounts, Observation, RegistrationResult, Stats, Ticket

replace = msgspec.structs.replace


class _Event:
    """Admits at once and decides `lag` admissions later. Only every `step`th place is given out."""

    def __init__(self, seats: int, waitlist: int, step: int) -> None:
        self.seats, self.waitlist, self.step = seats, waitlist, step
        self.line: list[tuple[str, str]] = []  # what is admitted: ticket id and "register" or "cancel"
        self.emails: dict[str, str] = {}
        self.tickets: dict[str, Ticket] = {}
        self.sequence = 8

    def admit(self, registration: Registration) -> str:
        ticket_id = f"1-{registration.number:08}{'x' * 20}"
        self.emails[ticket_id] = registration.email.lower()
        sequence = self._enter(ticket_id, "register")
        self.tickets[ticket_id] = Ticket(ticket_id, "queued", None, sequence, 1000.0 * sequence)
        return ticket_id

    def give_back(self, ticket_id: str) -> int | None:
        status = self.tickets[ticket_id].status
        return self._enter(ticket_id, "cancel") if status in ("queued", "confirmed", "waitlisted") else None

    def decide(self, *, keep: int) -> None:
        while len(self.line) > keep:
            ticket_id, what = self.line.pop(0)
            ticket = self.tickets[ticket_id]
            if what == "register":
                self._move(ticket, *self._end(ticket_id))
            elif ticket.status in ("confirmed", "waitlisted"):
                self._move(ticket, "cancelled", "by_holder")
            waiting = self.having("waitlisted")
            if waiting and len(self.having("confirmed")) < self.seats:
                self._move(waiting[0], "confirmed")

    def having(self, *statuses: str) -> list[Ticket]:
        return [ticket for ticket in self.tickets.values() if ticket.status in statuses]

    def holds(self, email: str, *statuses: str) -> bool:
        return email.lower() in {self.emails[ticket.ticket_id] for ticket in self.having(*statuses)}

    @property
    def full(self) -> bool:
        return len(self.having("confirmed", "waitlisted")) >= self.seats + self.waitlist

    @property
    def counts(self) -> EventCounts:
        confirmed = len(self.having("confirmed"))
        return EventCounts(self.seats, confirmed, self.seats - confirmed, len(self.having("waitlisted")))

    @property
    def attendees(self) -> list[Attendee]:
        return [
            Attendee(short(t.ticket_id), self.emails[t.ticket_id], t.sequence or 0) for t in self.having("confirmed")
        ]

    def _enter(self, ticket_id: str, what: str) -> int:
        self.sequence += self.step
        self.line.append((ticket_id, what))
        return self.sequence

    def _end(self, ticket_id: str) -> tuple[str, str | None]:
        if self.holds(self.emails[ticket_id], "confirmed", "waitlisted"):
            return "rejected", "duplicate"
        if self.full:
            return "rejected", "sold_out"
        return ("confirmed" if len(self.having("confirmed")) < self.seats else "waitlisted"), None

    def _move(self, ticket: Ticket, status: str, reason: str | None = None) -> None:
        # As if each batch were one command: the moment tells what was decided before what.
        moment = 1000.0 * (self.sequence - self.step * len(self.line))
        self.tickets[ticket.ticket_id] = replace(ticket, status=status, reason=reason, decided_ms=moment)


def simulate(
    *,
    people: int,
    seats: int,
    duplicates: int,
    overlap: int,
    lag: int,
    door_knows: bool,
    cancel: int = 0,
    waitlist: int = 0,
    step: int = 2,
) -> Observation:
    """What is seen of an honest event.

    Args:
        overlap: how many registrations are under way at the same time.
        lag: how many admissions a decision is behind.
        door_knows: whether duplicates are refused at the door, or only by the decision.
        cancel: how many give their ticket back.
        step: from one place in the order of admission to the next.
    """
    event = _Event(seats, waitlist, step)
    results: list[RegistrationResult] = []
    samples: list[EventCounts] = []
    cancellations: list[CancellationResult] = []
    later: list[tuple[int, str, int]] = []

    def give_back(ticket_id: str, times: int, now: float) -> None:
        for again in range(times):
            # Told again where the first one stands, as long as that is not done; then that there is nothing.
            sequence = cancellations[-1].sequence if again and lag else event.give_back(ticket_id)
            cancellations.append(CancellationResult(ticket_id, 202, "", sequence, now, now + overlap / 4))

    for registration in registrations(people=people, duplicates=duplicates, cancel=cancel):
        status, code, ticket_id = 202, "", ""
        if event.full:
            status, code = 409, "sold_out"
        elif door_knows and event.holds(registration.email, "queued", "confirmed", "waitlisted"):
            status, code = 409, "duplicate_registration"
        else:
            ticket_id = event.admit(registration)
        sent = float(registration.number)
        answered = sent + overlap - 0.5
        results.append(
            RegistrationResult(registration.number, registration.email, status, code, ticket_id, sent, answered, 0.01)
        )
        if ticket_id and registration.cancels:
            moment, times = registration.cancels
            due = (
                registration.number + {Moment.AT_ONCE: 0, Moment.LATER: 3, Moment.DECIDED: people + duplicates}[moment]
            )
            later.append((due, ticket_id, times))
        for leaving in [one for one in later if one[0] <= registration.number]:
            later.remove(leaving)
            give_back(leaving[1], leaving[2], sent + 0.5)
        event.decide(keep=lag)
        samples.append(event.counts)
    event.decide(keep=0)
    before = {t.ticket_id: t.status if cancel or waitlist else "" for t in event.tickets.values()}
    for _, ticket_id, times in later:
        give_back(ticket_id, times, float(people + duplicates))
    event.decide(keep=0)
    return _seen(event, results, samples, cancellations, before)


def _seen(
    event: _Event,
    results: list[RegistrationResult],
    samples: list[EventCounts],
    cancellations: list[CancellationResult],
    before: dict[str, str],
) -> Observation:
    rejected = Counter(ticket.reason or "" for ticket in event.having("rejected"))
    waiting = [ticket.ticket_id for ticket in event.having("waitlisted")]
    tickets = [
        replace(
            ticket,
            before=before[ticket.ticket_id],
            position=waiting.index(ticket.ticket_id) + 1 if ticket.ticket_id in waiting else None,
        )
        for ticket in event.tickets.values()
    ]
    stats = Stats(
        queued=0,
        confirmed=len(event.attendees),
        waitlisted=len(waiting),
        rejected=dict(rejected),
        cancelled=len(event.having("cancelled")),
    )
    return Observation(
        seats=event.seats,
        results=results,
        tickets=tickets,
        attendees=event.attendees,
        samples=samples,
        counts=event.counts,
        stats=stats,
        waitlist=event.waitlist,
        cancellations=cancellations,
    )


def failed(seen: Observation) -> set[str]:
    """The names of the proofs that do not hold."""
    return {proof.name for proof in prove(seen) if not proof.ok}


def change_ticket(seen: Observation, ticket: Ticket, **changes: object) -> Observation:
    """The same observation with one ticket changed."""
    tickets = [replace(t, **changes) if t is ticket else t for t in seen.tickets]
    return replace(seen, tickets=tickets)
