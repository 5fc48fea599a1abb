"""What the ledger knows about a batch before it is decided: read under the event's row lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from events.domain.allocation import MOVES_AT_ONCE, DecidedTicket, LedgerView, lookahead
from events.domain.commands import Cancellation, Closing, Command, Request, Resize
from events.domain.outcome import Outcome
from events.ledger.tickets import first_waitlisted, holding_tickets, known_tickets, taken_emails
from events.models import SizeChange

# Turns an `email_key`, and the mark of the secret that made its ticket's id, into the digest that stands for it in
# Redis: the same for as long as there is the ticket.
Digest = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class BatchContext:
    """`fresh` are the commands still to be carried out, in order; `repeated` is what became of the others before."""

    fresh: Sequence[Command]
    ledger: LedgerView
    repeated: Sequence[Outcome]


def load_batch_context(event_id: int, commands: Sequence[Command], *, digest: Digest) -> BatchContext:
    """Separates what was decided before (by a drain that died since) from what was not, and looks the rest up."""
    requests = [command for command in commands if isinstance(command, Request)]
    given_back = [command.key for command in commands if isinstance(command, Cancellation)]
    known = known_tickets(event_id, [*(request.key for request in requests), *given_back])
    tickets = {key: with_digest(known[key], digest) for key in given_back if key in known}
    fresh = _without(commands, known.keys() | _already_applied(event_id, commands))
    closing = any(isinstance(command, Closing) for command in fresh)
    emails = [command.email_key for command in fresh if isinstance(command, Request)]
    ledger = LedgerView(
        taken=taken_emails(event_id, emails),
        tickets=tickets,
        waitlist=_with_digests(first_waitlisted(event_id, count=lookahead(fresh)), digest),
        holders=_with_digests(holding_tickets(event_id, count=MOVES_AT_ONCE), digest) if closing else (),
    )
    repeated = [_of_request(known[r.key].outcome, r) for r in requests if r.key in known]
    return BatchContext(fresh, ledger, [*repeated, *(held.outcome for held in tickets.values())])


def with_digest(held: DecidedTicket, digest: Digest) -> DecidedTicket:
    """The ledger keeps the e-mail, Redis a digest of it."""
    known = digest(held.email_key, held.outcome.mark)
    return DecidedTicket(held.email_key, msgspec.structs.replace(held.outcome, email_digest=known))


def _with_digests(found: Iterable[DecidedTicket], digest: Digest) -> list[DecidedTicket]:
    return [with_digest(held, digest) for held in found]


def _of_request(outcome: Outcome, request: Request) -> Outcome:
    """What the ledger held already, with the digest that only the queue's entry carries."""
    return msgspec.structs.replace(outcome, email_digest=request.email_digest)


def _already_applied(event_id: int, commands: Sequence[Command]) -> set[str]:
    """Orders of the organizer's that were carried out before."""
    keys = [command.key for command in commands if isinstance(command, Resize)]
    if not keys:
        return set()
    rows = SizeChange.objects.filter(event_id=event_id, key__in=keys)
    return set(rows.values_list("key", flat=True))


def _without(commands: Sequence[Command], done: set[str]) -> list[Command]:
    """The requests and orders not `done`, and all cancellations: those name a ticket that has a decision.

    A key twice in one batch cannot come from the door; it would break the batch, so only the first one counts.
    """
    seen = set(done)
    fresh: list[Command] = []
    for command in commands:
        if isinstance(command, Cancellation):
            fresh.append(command)
        elif command.key not in seen:
            seen.add(command.key)
            fresh.append(command)
    return fresh
