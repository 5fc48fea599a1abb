"""An observation, with what several proofs derive from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from events.domain.states import Status
from events.domain.tickets import ticket_ref
from omnify.common.envelope import Code
from rehearsal.records import Answer, Observation, Return, Ticket, Told

# Who ended so had a seat or a place on the waitlist at some time.
_PLACED = {Status.CONFIRMED, Status.WAITLISTED, Status.CANCELLED}


class Cancellation(NamedTuple):
    """A ticket given back, over all its DELETEs. `place` in the order of admission: None if no answer ever told it.

    It was admitted, if ever, between `first_sent_at` and `answered_at`.
    """

    place: int | None
    first_sent_at: float
    answered_at: float


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
    def placed(self) -> list[tuple[Answer, Ticket, int]]:
        """Those who had a place at some time, in order of admission."""
        return sorted((s for s in self.sequenced if s[1].status in _PLACED), key=lambda one: one[2])

    @cached_property
    def confirmed(self) -> dict[str, Ticket]:
        return self._with(Status.CONFIRMED)

    @cached_property
    def waitlisted(self) -> dict[str, Ticket]:
        return self._with(Status.WAITLISTED)

    @cached_property
    def cancelled(self) -> dict[str, Ticket]:
        return self._with(Status.CANCELLED)

    @cached_property
    def refused_sold_out(self) -> list[Answer]:
        return [answer for answer in self.seen.answers if answer.code == Code.SOLD_OUT]

    @cached_property
    def rejected(self) -> Counter[str]:
        return Counter(t.reason or "" for t in self.tickets.values() if t.status == Status.REJECTED)

    @cached_property
    def cancellations(self) -> dict[str, Cancellation]:
        """By ticket."""
        returns: dict[str, list[Return]] = defaultdict(list)
        for one in self.seen.returns:
            returns[one.ticket_id].append(one)
        return {ticket_id: _merged(several) for ticket_id, several in returns.items()}

    @cached_property
    def unplaced(self) -> dict[str, Cancellation]:
        """Cancellations that were done while nobody heard the answer that told their place."""
        return {t: c for t, c in self.cancellations.items() if c.place is None and t in self.cancelled}

    @property
    def messages(self) -> list[Told]:
        """What came by webhook, in order."""
        return self.seen.messages or []

    def _with(self, status: Status) -> dict[str, Ticket]:
        return {t.ticket_id: t for t in self.tickets.values() if t.status == status}


def _merged(returns: list[Return]) -> Cancellation:
    told = [(one.answered_at, one.place) for one in returns if one.place is not None]
    answered_at, place = min(told, default=(max(one.answered_at for one in returns), None))
    return Cancellation(place, min(one.first_sent_at for one in returns), answered_at)


def short(ticket_id: str) -> str:
    """A ticket's reference: its name in reports, and in the organizer's list."""
    event_id, _, key = ticket_id.partition("-")
    return f"{event_id}-{ticket_ref(key)}"
