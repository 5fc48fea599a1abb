"""The kinds of mail, and which change of a ticket leads to which.

A refusal right after the registration is not mailed: it stands on the page that is still open, and a drop would send
more refusals than tickets. One that comes from a draw, days later, is.
"""

from __future__ import annotations

from enum import StrEnum

from events.domain.holds import ConfirmedBy
from events.domain.outcome import Outcome
from events.domain.states import HOLDING, Reason, Status


class MailKind(StrEnum):
    """What a mail is about. Names are part of the public contract (`GET /events/{id}/mails`)."""

    ENTERED = "entered"  # in the draw
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    PROMOTED = "promoted"  # from the waitlist to a seat
    HELD = "held"
    OFFERED = "offered"  # held, from the waitlist
    EXPIRED = "expired"
    REJECTED = "rejected"  # not drawn
    CANCELLED = "cancelled"
    EVENT_CANCELLED = "event_cancelled"
    EVENT_CHANGED = "event_changed"
    REMINDER = "reminder"
    RESEND = "resend"  # the ticket again, on request
    VERIFY = "verify"  # with the token that proves the address


class MailState(StrEnum):
    """How far a mail is. Names are part of the public contract."""

    PENDING = "pending"
    SENT = "sent"  # the mail server has taken it
    BOUNCED = "bounced"  # the mail server has refused this recipient for good
    FAILED = "failed"  # given up, for another reason than the recipient
    SKIPPED = "skipped"  # overtaken by a later mail, or its recipient is forgotten or wants none


# These are sent before all others: their readers wait for them, or have a time until which they must answer.
URGENT = (MailKind.HELD, MailKind.OFFERED, MailKind.RESEND, MailKind.VERIFY)
# The status that each of them tells.
_TOLD = {
    MailKind.ENTERED: Status.ENTERED,
    MailKind.WAITLISTED: Status.WAITLISTED,
    MailKind.CONFIRMED: Status.CONFIRMED,
    MailKind.PROMOTED: Status.CONFIRMED,
    MailKind.HELD: Status.HELD,
    MailKind.OFFERED: Status.HELD,
    MailKind.EXPIRED: Status.EXPIRED,
    MailKind.REJECTED: Status.REJECTED,
    MailKind.CANCELLED: Status.CANCELLED,
    MailKind.EVENT_CANCELLED: Status.CANCELLED,
}
# What a guest may unsubscribe from: the others are about what they asked for themselves.
UNSUBSCRIBABLE = frozenset({MailKind.EVENT_CHANGED, MailKind.REMINDER})
# A part of a mailbox's limit is kept for these: a proof is worth nothing once its hold is over, and what an organizer
# has mailed again is waited for.
RESERVED = frozenset({MailKind.VERIFY, MailKind.RESEND})


def still_holds(kind: MailKind, status: Status, *, unproved: bool = False) -> bool:
    """Tells whether a mail still says what is the case, now that its ticket has this status.

    No status comes back to a ticket that had it, so one that has moved on has a later mail, which says what holds. What
    is sent to all who have a place is not sent to a ticket that has lost it, and nothing but the mail that asks for the
    proof to an address that is `unproved`.
    """
    if kind is MailKind.VERIFY or unproved:
        return kind is MailKind.VERIFY and unproved
    told = _TOLD.get(kind)
    return status in HOLDING if told is None else status is told


_BY_STATUS = {
    Status.ENTERED: MailKind.ENTERED,
    Status.WAITLISTED: MailKind.WAITLISTED,
    Status.EXPIRED: MailKind.EXPIRED,
}


def kind_of(outcome: Outcome) -> MailKind | None:
    """Returns the kind of mail about a change of a ticket's status; None if it needs none.

    An address that is not proved gets nothing but the mail that asks for the proof.
    """
    if outcome.hold is not None and outcome.hold.confirmed_by is ConfirmedBy.ADDRESS:
        if outcome.is_unproved:
            return MailKind.VERIFY
        if outcome.was in (Status.HELD, Status.WAITLISTED) and outcome.status is not Status.CONFIRMED:
            return None
    status, waited = outcome.status, outcome.was is Status.WAITLISTED
    if status is Status.CONFIRMED:
        return MailKind.PROMOTED if waited else MailKind.CONFIRMED
    if status is Status.HELD:
        return MailKind.OFFERED if waited else MailKind.HELD
    if status is Status.CANCELLED:
        return MailKind.EVENT_CANCELLED if outcome.reason is Reason.EVENT_CANCELLED else MailKind.CANCELLED
    if status is Status.REJECTED:
        return MailKind.REJECTED if outcome.was is Status.ENTERED else None
    return _BY_STATUS.get(status)
