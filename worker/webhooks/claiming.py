"""Claims due deliveries from the outbox, in one short transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from events.ledger.webhooks.claims import ClaimedDelivery, Destination, EndpointCapacity, claim, destinations
from worker.webhooks.context import DatabaseThread, DispatchContext
from worker.webhooks.endpoint_queue import FIRST_CLAIM_AHEAD

CLAIM_LEASE = timedelta(seconds=45)
CLAIM_TOTAL = 4000


class ClaimedBatch(NamedTuple):
    """Claimed deliveries, and the destination of each webhook among them, by its id."""

    deliveries: Sequence[ClaimedDelivery]
    destinations: Mapping[int, Destination]


class Claimer:
    """Claims on a connection of its own, so that it does not wait for the recorder."""

    def __init__(self, context: DispatchContext) -> None:
        self._context = context
        self._database = DatabaseThread("claim")

    async def claim(self, capacities: Mapping[int, EndpointCapacity]) -> ClaimedBatch:
        """Claims what is due, as far as the `capacities` (by endpoint) allow.

        Raises:
            django.db.DatabaseError, django.db.InterfaceError: nothing is claimed.
        """
        return await self._database.run(lambda: self._claim(capacities))

    def _claim(self, capacities: Mapping[int, EndpointCapacity]) -> ClaimedBatch:
        now = self._context.clock()
        until = now + CLAIM_LEASE / self._context.haste
        rows = claim(now=now, until=until, capacities=capacities, per_endpoint=FIRST_CLAIM_AHEAD, total=CLAIM_TOTAL)
        if not rows:
            return ClaimedBatch([], {})
        self._context.checkpoint("deliver.after_claim")
        return ClaimedBatch(rows, destinations(sorted({row.webhook_id for row in rows}), now=now))

    async def close(self) -> None:
        """Ends the thread and its connection."""
        await self._database.close()
