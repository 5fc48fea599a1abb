"""What the ledger decided about a ticket, as it travels from the ledger through Redis to the door."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

import msgspec

from events.domain.commands import Callback, Request
from events.domain.holds import ConfirmedBy, Hold
from events.domain.states import ACTIVE, Reason, Status

_DECISION = attrgetter("status", "reason")


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decision. Times in milliseconds since 1970, UTC; `revision` grows with every change of the status.

    The digest is empty where the outcome was read back from a store that does not keep it.
    """

    key: str
    status: Status
    reason: Reason | None
    sequence: int
    requested_ms: int
    decided_ms: int
    revision: int
    email_digest: str = ""
    checked_in_ms: int | None = None
    # How many seats it asks for, of which type (0: an event without types), and how many of a group have been let in
    # so far (None: all if any).
    quantity: int = 1
    type_id: int = 0
    partly_in: int | None = None
    # Of a ticket that is held or whose hold ran out, or that waits and has an address to prove; read from the ledger,
    # also of one that was confirmed since.
    hold: Hold | None = None
    # Its place in the order that was drawn, which comes before all sequences; 0 if it was not in a draw.
    turn: int = 0
    # None of these goes to Redis. `was` is the status before this change; unknown to what is read back from a store.
    # `mark` names the secret that made the ticket's id; `payment_reference` came with the
    # confirmation of a hold. The others are for webhooks: `position` is the position on the waitlist at the time of
    # this change. `code_id` is that of the access code.
    was: Status = Status.QUEUED
    mark: str = ""
    code_id: int = 0
    position: int | None = None
    callback: Callback | None = None
    payment_reference: str = ""

    @property
    def checked_in_quantity(self) -> int:
        """How many people have been let in."""
        if self.checked_in_ms is None:
            return 0
        return self.quantity if self.partly_in is None else self.partly_in

    @property
    def expires_ms(self) -> int | None:
        """When its hold ends or has ended, or the time to prove its address; None if there is no such time."""
        if self.hold is None:
            return None
        ends = self.status in (Status.HELD, Status.EXPIRED) or self.is_unproved
        return self.hold.expires_ms if ends else None

    @property
    def confirmed_by(self) -> ConfirmedBy | None:
        """Who may confirm it now; None if there is nothing to confirm."""
        if self.hold is None:
            return None
        return self.hold.confirmed_by if self.status is Status.HELD or self.is_unproved else None

    @property
    def is_unproved(self) -> bool:
        """Whether it keeps what it has only if its address is proved in time."""
        waits = self.status is Status.HELD or self.status is Status.WAITLISTED
        return waits and self.hold is not None and self.hold.confirmed_by is ConfirmedBy.ADDRESS

    @property
    def holds_email(self) -> bool:
        """Whether a second registration under this e-mail is a duplicate."""
        return self.status in ACTIVE


def first_outcome(
    request: Request,
    status: Status,
    reason: Reason | None,
    position: int | None = None,
    hold: Hold | None = None,
    *,
    decided_ms: int,
) -> Outcome:
    """Makes the first decision on a registration."""
    return Outcome(
        key=request.key,
        status=status,
        reason=reason,
        sequence=request.sequence,
        requested_ms=request.requested_ms,
        decided_ms=decided_ms,
        revision=1,
        email_digest=request.email_digest,
        quantity=request.quantity,
        type_id=request.type_id,
        hold=hold,
        mark=request.mark,
        position=position,
        callback=request.callback,
        code_id=request.code_id,
    )


def by_decision(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Sorts outcomes by what was decided: by the status, or the reason of a rejection.

    Most batches have a single decision, so runs of the same one are taken together: hashing a member of an enumeration
    for each calls Python code.
    """
    found: dict[str, list[Outcome]] = {}
    for (status, reason), run in groupby(outcomes, _DECISION):
        decision = str((status is Status.REJECTED and reason) or status)
        found.setdefault(decision, []).extend(run)
    return found
