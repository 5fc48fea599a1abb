"""What an allocation is given and what it gives: the event's counters, what the ledger has, and changes of status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgspec

from events.domain.commands import Cancellation, Command, Expiry, Request, Resize
from events.domain.corrections import CorrectionResult
from events.domain.outcome import Outcome
from events.domain.seats import NEVER, NO_TYPE, Seats
from events.domain.states import Reason

__all__ = [
    "MOVES_AT_ONCE",
    "NEVER",
    "Allocation",
    "DecidedTicket",
    "LedgerView",
    "Seats",
    "Sizing",
    "Step",
    "lookahead",
]

# How many tickets one transaction may change for a single command of the organizer; the rest follows in the next
# transaction. An unbounded transaction would run into its statement timeout each time, and block the event.
MOVES_AT_ONCE = 1000


class DecidedTicket(msgspec.Struct, frozen=True, gc=False):
    """A ticket that has been decided, with its e-mail."""

    email_key: str
    outcome: Outcome


class Sizing(StrEnum):
    """The result of a `Resize`."""

    APPLIED = "applied"
    BELOW_CONFIRMED = "below_confirmed"  # fewer seats than confirmed registrations
    # The waitlist would be longer than its capacity, or a group on it would never get its seats.
    BELOW_WAITLISTED = "below_waitlisted"
    EVENT_OVER = "event_over"  # admitted after the event's end
    TYPE_IN_USE = "type_in_use"  # a ticket type that is to go has tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the ledger has about a batch's tickets and e-mails.

    Attributes:
        taken: the `email_key`s among the requests and corrections that hold a seat or wait for one.
        tickets: the decided tickets that cancellations, confirmations, expiries and corrections name, by key.
        waitlist: the first tickets on each line's waitlist in order of admission; `lookahead` says how many are needed.
        large_groups: for a `Resize`, tickets on the waitlist that ask for more seats than the new capacity.
        codes: by the id of an access code, for those that the requests came with: how many seats it still lets in.
        holders: for a `Closing`, up to `MOVES_AT_ONCE` tickets that hold a seat or wait for one.
    """

    taken: Set[str] = frozenset()
    tickets: Mapping[str, DecidedTicket] = field(default_factory=dict)
    waitlist: Sequence[DecidedTicket] = ()
    large_groups: Sequence[DecidedTicket] = ()
    holders: Sequence[DecidedTicket] = ()
    codes: Mapping[int, int] = field(default_factory=dict)


class Step(NamedTuple):
    """One command that is no registration, and the slice of the changes that it made, promotions included.

    `sizes` are (capacity, waitlist capacity) of every line after a `Resize`, as far as it was applied; else None.
    """

    command: Command
    first: int
    behind: int
    sizes: Mapping[int, tuple[int, int]] | None = None


@dataclass(slots=True, kw_only=True)
class Allocation:
    """The result of a batch.

    Attributes:
        seats: the counters after it.
        changes: every change of status, in order; one ticket may have several. `steps` says which command made those
            that are no first decisions.
        decided_requests: the requests that were decided, in order of admission.
        rejected: rejections by reason; `cancelled`, `expired`: how many tickets were cancelled, and how many
            holds ran out.
        resizes: the result of each finished resize; `corrections`: that of each correction.
        code_uses: by the id of an access code: how many more seats its tickets hold or wait for now.
        handled: how many commands are done. The next one, if any, is partly applied and must be applied again.
    """

    seats: Seats
    changes: list[Outcome] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    decided_requests: list[Request] = field(default_factory=list)
    rejected: dict[Reason, int] = field(default_factory=dict)
    cancelled: int = 0
    expired: int = 0
    resizes: list[tuple[Resize, Sizing]] = field(default_factory=list)
    corrections: list[CorrectionResult] = field(default_factory=list)
    code_uses: dict[int, int] = field(default_factory=dict)
    handled: int = 0


def lookahead(commands: Sequence[Command], *, seats: Seats, tickets: Mapping[str, DecidedTicket]) -> Mapping[int, int]:
    """Counts the waitlist's tickets of each line, by ticket type, that a batch may change or look at.

    A cancellation or an expiry may remove one, and promote as many as it frees seats; the kept ones may come free with
    it. One more says who is first then. `tickets` are the decided ones that these commands name.
    """
    asked = {c.key: (c.type_id, c.quantity) for c in commands if isinstance(c, Request)}
    asked |= {key: (held.outcome.type_id, held.outcome.quantity) for key, held in tickets.items()}
    needed: dict[int, int] = {}
    for command in commands:
        if isinstance(command, Cancellation | Expiry) and command.key in asked:
            type_id, quantity = asked[command.key]
            needed[type_id] = needed.get(type_id, 0) + 1 + quantity
        elif isinstance(command, Resize):
            for type_id in seats.types or (NO_TYPE,):
                needed[type_id] = needed.get(type_id, 0) + MOVES_AT_ONCE
    lines = {} if seats.cancelled else seats.types or {NO_TYPE: seats}
    return {
        type_id: count + 1 + lines[type_id].free
        for type_id, count in needed.items()
        if type_id in lines and lines[type_id].waitlisted
    }
