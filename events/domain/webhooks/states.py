"""The states of a delivery, and why a subscription is switched off. Names are part of the public contract."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """pending → delivered | dead; a retry by hand or a replay leads back to pending."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class DisabledReason(StrEnum):
    """Why nothing is sent to a subscription."""

    GONE = "gone"  # the receiver answered 410
    FAILING = "failing"  # nothing but failures for days
    BY_HAND = "by_hand"
