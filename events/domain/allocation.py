"""What an allocation is given and what it gives: the event's counters, what the ledger has, and changes of status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from events.domain.commands import Cancellation, Command, Request, Resize
from events.domain.outcome import Outcome
from events.domain.states import Reason

# How many tickets one transaction may change for a single command of the organizer; the rest follows in the next
# transaction. An unbounded transaction would run into its statement timeout each time, and block the event.
MOVES_AT_ONCE = 1000
NEVER = 1 << 62


class DecidedTicket(msgspec.Struct, frozen=True, gc=False):
    """A ticket that has been decided, with its e-mail."""

    email_key: str
    outcome: Outcome


class Sizing(StrEnum):
    """The result of a `Resize`."""

    APPLIED = "applied"
    BELOW_CONFIRMED = "below_confirmed"  # fewer seats than confirmed registrations
    BELOW_WAITLISTED = "below_waitlisted"  # the waitlist would be longer than its capacity
    EVENT_OVER = "event_over"  # admitted after the event's end


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """The event's counters before or after a batch. A command admitted at `ends_ms` or later changes no seat.

    A cancellation admitted at `cancel_until_ms` or later takes no seat from its holder, unless it is exempt.
    """

    capacity: int
    confirmed: int
    waitlist_capacity: int = 0
    waitlisted: int = 0
    cancelled: bool = False
    ends_ms: int = NEVER
    cancel_until_ms: int = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the ledger has about a batch's tickets and e-mails.

    Attributes:
        taken: the `email_key`s among the requests that hold a seat or wait for one.
        tickets: the decided tickets that the cancellations name, by key.
        waitlist: the first tickets on the waitlist in order of admission; `lookahead` says how many are needed.
        holders: for a `Closing`, up to `MOVES_AT_ONCE` tickets that hold a seat or wait for one.
    """

    taken: Set[str] = frozenset()
    tickets: Mapping[str, DecidedTicket] = field(default_factory=dict)
    waitlist: Sequence[DecidedTicket] = ()
    holders: Sequence[DecidedTicket] = ()


@dataclass(slots=True, kw_only=True)
class Allocation:
    """The result of a batch.

    Attributes:
        seats: the counters after it.
        changes: every change of status, in order; one ticket may have several.
        decided_requests: the requests that were decided, in order of admission.
        rejected: rejections by reason; `cancelled`: the number of cancelled tickets.
        resizes: the result of each finished resize.
        handled: how many commands are done. The next one, if any, is partly applied and must be applied again.
    """

    seats: Seats
    changes: list[Outcome] = field(default_factory=list)
    decided_requests: list[Request] = field(default_factory=list)
    rejected: dict[Reason, int] = field(default_factory=dict)
    cancelled: int = 0
    resizes: list[tuple[Resize, Sizing]] = field(default_factory=list)
    handled: int = 0


def lookahead(commands: Iterable[Command]) -> int:
    """Counts the waitlist's tickets that a batch may change: a cancellation may remove one and promote another."""
    needed = 0
    for command in commands:
        if isinstance(command, Cancellation):
            needed += 2
        elif isinstance(command, Resize):
            needed += MOVES_AT_ONCE
    return needed
