"""Delivers the outbox: claims what is due, sends many at once, records the results.

    claim (one short transaction) → queue of its endpoint → send → record (one short transaction)

Everything runs on one event loop; database queries run in threads beside it. Each endpoint has a queue of its own and
few requests under way, so one that hangs does not delay the others. A delivery that is claimed and not recorded when
the process dies is claimed again when the claim has expired: sent twice at worst, never lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from events.ledger.webhooks.attempts import Attempt
from events.ledger.webhooks.claims import ClaimedDelivery
from worker.webhooks.claiming import Claimer
from worker.webhooks.context import DATABASE_ERRORS, DispatchContext, back_off, wait_for
from worker.webhooks.endpoint_queue import EndpointQueue
from worker.webhooks.recording import Recorder
from worker.webhooks.reporting import report
from worker.webhooks.sending import Sender

LOOK_SECONDS = 1.0


class Dispatcher:
    """One worker's deliveries, on one event loop. `wake` and `stop` are to be called in the loop's thread."""

    def __init__(self, context: DispatchContext) -> None:
        self._client = context.client
        self._done = context.done
        self._queues: dict[int, EndpointQueue] = {}
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()
        self._claimer = Claimer(context)
        self._recorder = Recorder(context, recorded=self._on_recorded, stopping=self._stopping)
        self._sender = Sender(context, completed=self._recorder.add, stopping=self._stopping)

    async def run(self) -> None:
        """Delivers until `stop`; then finishes the requests under way and releases the other claims.

        Raises:
            BaseExceptionGroup: a part of it failed; without it nothing would be delivered, or recorded.
        """
        async with self._client, asyncio.TaskGroup() as parts:
            recording = parts.create_task(self._recorder.run())
            while not self._stopping.is_set():
                if recording.done():
                    # Not by an exception, which ends the group: cancelled, which does not.
                    raise RuntimeError("the recorder has ended")
                self._woken.clear()
                await self._claim()
                await wait_for(self._woken, seconds=LOOK_SECONDS)
            await self._release(self._queues.values())
            await self._sender.finish()
            self._recorder.finish()
        await self._claimer.close()
        await self._recorder.close()

    def wake(self) -> None:
        """Looks at the outbox now: there may be something to send."""
        self._woken.set()

    def stop(self) -> None:
        """Begins no new attempts from now on."""
        self._stopping.set()
        self._woken.set()

    async def _claim(self) -> None:
        """Distributes due deliveries to the endpoints' queues, and starts sending."""
        capacities = {endpoint: queue.capacity() for endpoint, queue in self._queues.items()}
        try:
            claimed = await self._claimer.claim(capacities)
        except DATABASE_ERRORS as problem:
            await back_off(problem, self._stopping)
            return
        self._done()
        self._sender.update_destinations(claimed.destinations)
        for endpoint, deliveries in _by_endpoint(claimed.deliveries).items():
            self._queues.setdefault(endpoint, EndpointQueue()).add(deliveries)
        for queue in self._queues.values():
            self._sender.fill(queue)
        self._queues = {endpoint: queue for endpoint, queue in self._queues.items() if not queue.is_idle}

    async def _on_recorded(self, attempts: Sequence[Attempt], blocked_endpoints: set[int]) -> None:
        for attempt in attempts:
            self._queues[attempt.delivery.endpoint_id].done()
        report(attempts)
        await self._release(self._queues[endpoint] for endpoint in blocked_endpoints)
        # More can be claimed, and a ticket's next message may be sent now that the one before it is delivered.
        self.wake()

    async def _release(self, queues: Iterable[EndpointQueue]) -> None:
        await self._recorder.release([delivery for queue in queues for delivery in queue.take_unsent()])


def _by_endpoint(deliveries: Iterable[ClaimedDelivery]) -> dict[int, list[ClaimedDelivery]]:
    found: dict[int, list[ClaimedDelivery]] = {}
    for delivery in deliveries:
        found.setdefault(delivery.endpoint_id, []).append(delivery)
    return found
