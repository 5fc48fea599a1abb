"""An observation, with what several proofs derive from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace

from events.domain.states import Status
from events.domain.tickets import ticket_ref
from omnify.common.envelope import Code
from rehearsal.records import (
    CancellationResult,
    ConfirmationResult,
    Observation,
    RegistrationResult,
    Sizes,
    Ticket,
    WebhookMessage,
)

# A ticket with one of these statuses at the end had a seat or a waitlist position at some time.
_HELD = {Status.HELD, Status.CONFIRMED, Status.WAITLISTED, Status.CANCELLED, Status.EXPIRED}


class Cancellation(NamedTuple):
    """The cancellation of a ticket, over all its DELETEs. `sequence` is None if no response contained it.

    It was admitted, if at all, between `first_sent_at` and `answered_at`.
    """

    sequence: int | None
    first_sent_at: float
    answered_at: float


@dataclass(frozen=True)
class Evidence:
    """Each property is computed once, when the first proof asks for it."""

    seen: Observation

    @property
    def sizes(self) -> dict[int, Sizes]:
        """The seats and the waitlist of each ticket type; of 0 for an event without types."""
        return self.seen.types or {0: Sizes(self.seen.seats, self.seen.waitlist)}

    @cached_property
    def has_groups(self) -> bool:
        """Whether a registration asked for more than one seat."""
        return any(result.seats > 1 for result in self.seen.results)

    @cached_property
    def lines(self) -> list[Evidence]:
        """The same for each ticket type on its own; for an event without types, it itself."""
        return [self._of(type_id) for type_id in self.seen.types] if self.seen.types else [self]

    def _of(self, type_id: int) -> Evidence:
        results = [result for result in self.seen.results if result.type_id == type_id]
        mine, sizes = {result.ticket_id for result in results}, self.seen.types[type_id]
        part = replace(
            self.seen,
            seats=sizes.seats,
            waitlist=sizes.waitlist,
            results=results,
            tickets=[ticket for ticket in self.seen.tickets if ticket.ticket_id in mine],
            cancellations=[one for one in self.seen.cancellations if one.ticket_id in mine],
            confirmations=[one for one in self.seen.confirmations if one.ticket_id in mine],
            types={},
        )
        return Evidence(part)

    @cached_property
    def tickets(self) -> dict[str, Ticket]:
        return {ticket.ticket_id: ticket for ticket in self.seen.tickets}

    @cached_property
    def accepted(self) -> list[RegistrationResult]:
        return [result for result in self.seen.results if result.accepted]

    @cached_property
    def admitted(self) -> list[tuple[RegistrationResult, Ticket]]:
        """Every 202 with its ticket; tickets that were never read fail `every_202_ended`."""
        return [(a, self.tickets[a.ticket_id]) for a in self.accepted if a.ticket_id in self.tickets]

    @cached_property
    def sequenced(self) -> list[tuple[RegistrationResult, Ticket, int]]:
        return [(a, t, t.sequence) for a, t in self.admitted if t.sequence is not None]

    @cached_property
    def holders(self) -> list[tuple[RegistrationResult, Ticket, int]]:
        """Registrations that had a seat or a waitlist position at some time, in order of admission."""
        return sorted((s for s in self.sequenced if s[1].status in _HELD), key=lambda one: one[2])

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
    def held(self) -> dict[str, Ticket]:
        return self._with(Status.HELD)

    @cached_property
    def expired(self) -> dict[str, Ticket]:
        return self._with(Status.EXPIRED)

    @cached_property
    def refused_sold_out(self) -> list[RegistrationResult]:
        return [result for result in self.seen.results if result.code == Code.SOLD_OUT]

    @cached_property
    def rejected(self) -> Counter[str]:
        return Counter(t.reason or "" for t in self.tickets.values() if t.status == Status.REJECTED)

    @cached_property
    def cancellations(self) -> dict[str, Cancellation]:
        """By ticket."""
        cancellations: dict[str, list[CancellationResult]] = defaultdict(list)
        for one in self.seen.cancellations:
            cancellations[one.ticket_id].append(one)
        return {ticket_id: _merged(several) for ticket_id, several in cancellations.items()}

    @cached_property
    def confirmations(self) -> dict[str, list[ConfirmationResult]]:
        """By ticket."""
        found: dict[str, list[ConfirmationResult]] = defaultdict(list)
        for one in self.seen.confirmations:
            found[one.ticket_id].append(one)
        return found

    @cached_property
    def unsequenced(self) -> dict[str, Cancellation]:
        """Cancellations that took effect, and whose response with the sequence was lost."""
        return {t: c for t, c in self.cancellations.items() if c.sequence is None and t in self.cancelled}

    @property
    def messages(self) -> list[WebhookMessage]:
        """The webhook messages, in the order of arrival."""
        return self.seen.messages or []

    def _with(self, status: Status) -> dict[str, Ticket]:
        return {t.ticket_id: t for t in self.tickets.values() if t.status == status}


def _merged(cancellations: list[CancellationResult]) -> Cancellation:
    known = [(one.answered_at, one.sequence) for one in cancellations if one.sequence is not None]
    answered_at, sequence = min(known, default=(max(one.answered_at for one in cancellations), None))
    return Cancellation(sequence, min(one.first_sent_at for one in cancellations), answered_at)


def seats_of(tickets: Iterable[Ticket]) -> int:
    """Counts the seats that these tickets are for."""
    return sum(ticket.seats for ticket in tickets)


def short(ticket_id: str) -> str:
    """Returns a ticket's reference: its name in reports and in the attendee list."""
    event_id, _, key = ticket_id.partition("-")
    return f"{event_id}-{ticket_ref(key)}"
