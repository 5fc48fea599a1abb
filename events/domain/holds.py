"""Holds: seats that are set aside for a while, until they are confirmed or their time is over.

With `confirmed_by: organizer` it is a paid drop: the shop confirms after the payment. With `holder` it is an offer that
the holder of the ticket accepts. Whose turn decides, by the queue's clock: a confirmation that was admitted before
`expires_at` counts, however late it is applied; an expiry counts only if it was admitted at that time or later.

Where an event wants addresses proved (`verify_email`), what a registration gets is held first until its address is
proved: a seat, and also a position on the waitlist. Who does not prove it in time loses it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

SHORTEST_SECONDS, LONGEST_SECONDS = 60, 7 * 86_400
# What a shop calls a payment.
REFERENCE_MAX = 255
# For how long a registration waits for the proof of its address.
PROOF_SECONDS = 1800


class ConfirmedBy(StrEnum):
    """Who may confirm a hold. Names are part of the public contract."""

    ORGANIZER = "organizer"
    HOLDER = "holder"
    # The one who reads the mail to the ticket's address. Never in an event's terms.
    ADDRESS = "address"


IN_TERMS = (ConfirmedBy.ORGANIZER, ConfirmedBy.HOLDER)


class AppliesTo(StrEnum):
    """Which seats are held first: all, or those that the waitlist gets. Names are part of the public contract."""

    ALL = "all"
    WAITLIST = "waitlist"


class HoldTerms(msgspec.Struct, frozen=True, gc=False):
    """An event's hold. A change of it leaves the holds that run as they are."""

    seconds: int
    confirmed_by: ConfirmedBy
    applies_to: AppliesTo


class Hold(msgspec.Struct, frozen=True, gc=False):
    """A hold of one ticket: until when (ms, by the queue's clock), and who may confirm it."""

    expires_ms: int
    confirmed_by: ConfirmedBy


def proof_hold(seconds: int, *, queue_ms: int, ends_ms: int) -> Hold:
    """Begins the time that an address has to be proved in."""
    return Hold(min(queue_ms + seconds * 1000, ends_ms), ConfirmedBy.ADDRESS)


def new_hold(terms: HoldTerms, *, queue_ms: int, ends_ms: int) -> Hold:
    """Begins a hold at `queue_ms`, the queue's clock. It ends with the event at the latest."""
    return Hold(min(queue_ms + terms.seconds * 1000, ends_ms), terms.confirmed_by)
