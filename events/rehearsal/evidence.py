"""An observation, with what several proofs derive from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from events.domain.states import Status
from events.domain.tickets import ticket_ref
from events.rehearsal.records import Answer, Observation, Ticket
from omnify.responses import Code


@dataclass(frozen=True)
class Evidence:
    """Each property is computed once, when the first proof asks for it."""

    seen: Observation

    @cached_property
    def tickets(self) -> dict[str, Ticket]:
        return {ticket.ticket_id: ticket for ticket in self.seen.tickets}

    @cached_property
    def accepted(self) -> list[Answer]:
        return [answer for answer in self.seen.answers if answer.accepted]

    @cached_property
    def admitted(self) -> list[tuple[Answer, Ticket]]:
        """Every 202 with what became of it; tickets that were never read fail `every_202_ended`."""
        return [(a, self.tickets[a.ticket_id]) for a in self.accepted if a.ticket_id in self.tickets]

    @cached_property
    def sequenced(self) -> list[tuple[Answer, Ticket, int]]:
        return [(a, t, t.sequence) for a, t in self.admitted if t.sequence is not None]

    @cached_property
    def confirmed(self) -> dict[str, Ticket]:
        return {t.ticket_id: t for t in self.tickets.values() if t.status == Status.CONFIRMED}

    @cached_property
    def refused_sold_out(self) -> list[Answer]:
        return [answer for answer in self.seen.answers if answer.code == Code.SOLD_OUT]

    @cached_property
    def rejected(self) -> Counter[str]:
        return Counter(t.reason or "" for t in self.tickets.values() if t.status == Status.REJECTED)


def short(ticket_id: str) -> str:
    """A ticket's name in a report: its event and its ref."""
    event_id, _, key = ticket_id.partition("-")
    return f"{event_id}-{ticket_ref(key)}"
