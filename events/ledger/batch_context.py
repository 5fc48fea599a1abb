"""Reads what the ledger has about a batch before it is decided, under the event's row lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from events.domain.allocation import MOVES_AT_ONCE, DecidedTicket, LedgerView, lookahead
from events.domain.commands import Closing, Command, Correction, OfTicket, Request, Resize
from events.domain.outcome import Outcome
from events.domain.seats import MAX_QUANTITY, NO_TYPE, Seats
from events.ledger.code_uses import seats_left
from events.ledger.corrections import made_corrections
from events.ledger.tickets import first_waitlisted, holding_tickets, known_tickets, taken_emails, waiting_for_more
from events.models import SizeChange

# Turns an `email_key`, and the mark of the secret that made its ticket's id, into the digest that stands for it in
# Redis: the same for as long as there is the ticket.
Digest = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class BatchContext:
    """What the ledger has about a batch.

    Attributes:
        pending: the commands still to be applied, in order.
        ledger: what `allocate` needs to know about them.
        decided: the outcomes of tickets in the batch that an earlier drain decided.
    """

    pending: Sequence[Command]
    ledger: LedgerView
    decided: Sequence[Outcome]


def load_batch_context(event_id: int, commands: Sequence[Command], *, seats: Seats, digest: Digest) -> BatchContext:
    """Separates commands that an earlier drain applied from pending ones, and reads what those depend on."""
    requests = [command for command in commands if isinstance(command, Request)]
    named = [command.key for command in commands if isinstance(command, OfTicket)]
    named += [command.ticket for command in commands if isinstance(command, Correction)]
    known = known_tickets(event_id, [*(request.key for request in requests), *named])
    tickets = {key: with_digest(known[key], digest) for key in named if key in known}
    pending = _without(commands, known.keys() | _already_applied(event_id, commands))
    closing = any(isinstance(command, Closing) for command in pending)
    emails = [c.email_key for c in pending if isinstance(c, Request | Correction) and c.email_key is not None]
    needed = lookahead(pending, seats=seats, tickets=tickets)
    first = (
        ticket
        for type_id, count in needed.items()
        for ticket in first_waitlisted(event_id, type_id, count=count, drawn=seats.drawn)
    )
    ledger = LedgerView(
        taken=taken_emails(event_id, emails, entries=seats.draw_ms is not None),
        tickets=tickets,
        waitlist=_with_digests(first, digest),
        large_groups=_with_digests(_large_groups(event_id, pending, seats), digest),
        holders=_with_digests(holding_tickets(event_id, count=MOVES_AT_ONCE), digest) if closing else (),
        codes=seats_left(event_id, {request.code_id for request in requests if request.code_id}),
    )
    decided = [_of_request(known[r.key].outcome, r) for r in requests if r.key in known]
    return BatchContext(pending, ledger, [*decided, *(ticket.outcome for ticket in tickets.values())])


def _large_groups(event_id: int, commands: Sequence[Command], seats: Seats) -> Iterable[DecidedTicket]:
    """Reads tickets on the waitlist that ask for more seats than a resize would leave their line.

    Cancellations in front of it may take some of them off: one more than those can says whether any is left.
    """
    resizes = [command for command in commands if isinstance(command, Resize)]
    if not resizes or not seats.waitlisted_companions:
        return
    capacities = {NO_TYPE: min((r.max_capacity for r in resizes if r.max_capacity is not None), default=MAX_QUANTITY)}
    for terms in (terms for resize in resizes for terms in resize.types):
        capacities[terms.id] = min(terms.capacity, capacities.get(terms.id, MAX_QUANTITY))
    for type_id, capacity in capacities.items():
        if capacity < MAX_QUANTITY:
            yield from waiting_for_more(event_id, type_id, seats=capacity, count=len(commands) + 1)


def with_digest(ticket: DecidedTicket, digest: Digest) -> DecidedTicket:
    """Adds the digest under which Redis has the ticket's e-mail; the ledger stores the e-mail itself."""
    known = digest(ticket.email_key, ticket.outcome.mark)
    return DecidedTicket(ticket.email_key, msgspec.structs.replace(ticket.outcome, email_digest=known))


def _with_digests(found: Iterable[DecidedTicket], digest: Digest) -> list[DecidedTicket]:
    return [with_digest(ticket, digest) for ticket in found]


def _of_request(outcome: Outcome, request: Request) -> Outcome:
    """Adds the digest of the e-mail, which the queue's entry carries."""
    return msgspec.structs.replace(outcome, email_digest=request.email_digest)


def _already_applied(event_id: int, commands: Sequence[Command]) -> set[str]:
    """Finds resizes and corrections that an earlier drain applied."""
    made = made_corrections(event_id, [command.key for command in commands if isinstance(command, Correction)])
    keys = [command.key for command in commands if isinstance(command, Resize)]
    if not keys:
        return made
    rows = SizeChange.objects.filter(event_id=event_id, key__in=keys)
    return made | set(rows.values_list("key", flat=True))


def _without(commands: Sequence[Command], done: set[str]) -> list[Command]:
    """Leaves out commands whose key is `done`. Those of a ticket stay: their key is its own, which may be decided.

    The door never sends one key twice in a batch; it would break the batch, so only the first command counts.
    """
    seen = set(done)
    pending: list[Command] = []
    for command in commands:
        if isinstance(command, OfTicket):
            pending.append(command)
        elif command.key not in seen:
            seen.add(command.key)
            pending.append(command)
    return pending
