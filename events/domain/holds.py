"""Holds: seats that are set aside for a while, until they are confirmed or their time is over.

With `confirmed_by: organizer` it is a paid drop: the shop confirms after the payment. With `holder` it is an offer that
the holder of the ticket accepts. Whose turn decides, by the queue's clock: a confirmation that was admitted before
`expires_at` counts, however late it is applied; an expiry counts only if it was admitted at that time or later.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

SHORTEST_SECONDS, LONGEST_SECONDS = 60, 7 * 86_400
# What a shop calls a payment.
REFERENCE_MAX = 255


class ConfirmedBy(StrEnum):
    """Who may confirm a hold. Names are part of the public contract."""

    ORGANIZER = "organizer"
    HOLDER = "holder"


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


def new_hold(terms: HoldTerms, *, queue_ms: int, ends_ms: int) -> Hold:
    """Begins a hold at `queue_ms`, the queue's clock. It ends with the event at the latest."""
    return Hold(min(queue_ms + terms.seconds * 1000, ends_ms), terms.confirmed_by)
