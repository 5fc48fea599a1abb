"""Everything that is known of a run: what the crowd was told, and what the ledger holds at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chaos.history import Call, Counts, Message
from chaos.outcome import Event, Outcome, Row
from events.domain.states import TRANSITIONS, Status


def _closure() -> dict[Status, set[Status]]:
    """From a status to all that may come after it, itself included."""
    after = {status: {status} for status in TRANSITIONS}
    for _ in TRANSITIONS:
        for status, following in TRANSITIONS.items():
            after[status].update(*(after[one] for one in following))
    return after


AFTER = _closure()


@dataclass(frozen=True)
class Evidence:
    """Everything that is known.

    `exact` are the events from which nothing was given back: their decisions follow from the order of admission alone.
    `loss_allowed`: the queue was asked to keep registrations on one host only, and that host's data was given up.
    """

    calls: Sequence[Call]
    messages: Sequence[Message]
    counts: Sequence[Counts]
    outcome: Outcome
    exact: frozenset[int] = field(default_factory=frozenset)
    loss_allowed: bool = False

    @cached_property
    def events(self) -> dict[int, Event]:
        return {event.id: event for event in self.outcome.events}

    @cached_property
    def rows(self) -> dict[str, Row]:
        """By the ticket's name in the ledger."""
        return {name(row): row for row in self.outcome.rows}

    @cached_property
    def accepted(self) -> dict[str, list[Call]]:
        """The 202s of registrations, by ticket."""
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            if call.op == "register" and call.accepted:
                found[call.ticket].append(call)
        return found

    @cached_property
    def seen(self) -> dict[str, list[Call]]:
        """Every answer that told a ticket's status, by ticket, in the order in which they ended."""
        found: dict[str, list[Call]] = defaultdict(list)
        for call in sorted(self.calls, key=lambda call: call.ended):
            if call.state:
                found[call.ticket].append(call)
        return found

    @cached_property
    def last(self) -> dict[str, Call]:
        """The last answer of every ticket, a refusal included."""
        answers = [call for call in self.calls if call.ticket and call.status]
        return {call.ticket: call for call in sorted(answers, key=lambda call: call.ended)}

    @cached_property
    def lost(self) -> set[str]:
        """Tickets with a 202 that no ledger has."""
        return {ticket for ticket in self.accepted if key_of(ticket) not in self.rows}


def key_of(ticket: str) -> str:
    """Returns the part of a ticket's id that the ledger knows: the event and 20 characters."""
    event, _, rest = ticket.partition("-")
    return f"{event}-{rest[:20]}"


def name(row: Row) -> str:
    """Returns the same of a row."""
    return f"{row.event}-{row.key}"


def reference(key: str) -> str:
    """Returns how a ticket is named to people: it opens nothing. Takes an id, or the part that the ledger knows."""
    event, _, rest = key.partition("-")
    return f"{event}-{rest[:8]}"


def by_event(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Sorts rows into their events, each in the order of admission."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.event, row.sequence)):
        found[row.event].append(row)
    return found
