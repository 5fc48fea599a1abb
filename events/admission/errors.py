"""What a call of the door on the queue may end with instead of an answer."""

from __future__ import annotations


class QueueUnavailable(Exception):
    """Redis cannot be reached, or refuses to work. `sentence` says so to clients."""

    sentence = "The queue is out of reach."


class QueueNotReplicated(QueueUnavailable):
    """Redis has done it, and too few replicas have it in time. A repeat waits for them again."""

    sentence = "The queue's replicas are out of reach. Keep the Idempotency-Key."


class EventNotLoaded(Exception):
    """Redis holds no copy of this event: it must be loaded from the ledger, or does not exist."""
