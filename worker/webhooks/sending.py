"""Sends claimed deliveries: prepare the request, make the HTTP call, hand the attempt to the recorder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from events.domain.webhooks.retry import AttemptResult
from events.ledger.webhooks.attempts import Attempt
from events.ledger.webhooks.claims import ClaimedDelivery, Destination
from omnify.common.logs import get_logger
from worker.webhooks.client import TIMEOUT_SECONDS, Response
from worker.webhooks.context import DispatchContext
from worker.webhooks.endpoint_queue import EndpointQueue
from worker.webhooks.signed_request import Unsendable

logger = get_logger(__name__)

# An attempt begins only while its claim outlives it, with time to record it.
ATTEMPT_LEASE = timedelta(seconds=TIMEOUT_SECONDS + 5)
IN_FLIGHT_TOTAL = 800  # sockets; many systems allow a process 1024 files


class Sender:
    """Sends from endpoints' queues until `stopping` is set; `completed` gets every attempt."""

    def __init__(
        self, context: DispatchContext, *, completed: Callable[[Attempt], None], stopping: asyncio.Event
    ) -> None:
        self._context = context
        self._completed = completed
        self._stopping = stopping
        self._attempt_lease = ATTEMPT_LEASE / context.haste
        self._destinations: dict[int, Destination] = {}
        self._in_flight = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def update_destinations(self, destinations: Mapping[int, Destination]) -> None:
        """Takes newer URLs and secrets, by webhook."""
        self._destinations.update(destinations)

    def fill(self, queue: EndpointQueue) -> None:
        """Starts as many requests as the endpoint may have now."""
        while queue.has_capacity and self._in_flight < IN_FLIGHT_TOTAL:
            queue.in_flight += 1
            self._in_flight += 1
            task = asyncio.create_task(self._send_from(queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Waits for the requests under way."""
        await asyncio.gather(*self._tasks)

    async def _send_from(self, queue: EndpointQueue) -> None:
        """Sends one delivery after the other, while the endpoint may have that many requests at once."""
        try:
            while self._goes_on(queue):
                delivery = queue.deliveries.popleft()
                if self._claim_ends_too_soon(delivery):
                    queue.done()
                    continue
                attempt = await self._dispatch(delivery)
                queue.completed(delivered=attempt.result.delivered)
                self._completed(attempt)
                self.fill(queue)
        finally:
            queue.in_flight -= 1
            self._in_flight -= 1

    def _goes_on(self, queue: EndpointQueue) -> bool:
        if not queue.deliveries or not queue.may_send or self._stopping.is_set():
            return False
        # `<=` because `in_flight` includes the task that asks, which sends one at a time.
        return queue.in_flight <= queue.concurrency_limit

    def _claim_ends_too_soon(self, delivery: ClaimedDelivery) -> bool:
        """Tells whether another worker could claim the delivery before this one has recorded an attempt."""
        return delivery.claimed_until - self._context.clock() < self._attempt_lease

    async def _dispatch(self, delivery: ClaimedDelivery) -> Attempt:
        started = self._context.clock()
        response = await self._make_http_call(delivery, started)
        result = AttemptResult(
            status=response.status,
            started_at=started,
            ended_at=self._context.clock(),
            retry_after=response.retry_after,
        )
        return Attempt(delivery=delivery, result=result, error=response.error, jitter=self._context.jitter())

    async def _make_http_call(self, delivery: ClaimedDelivery, now: datetime) -> Response:
        try:
            request = self._context.signer.sign(delivery, self._destinations[delivery.webhook_id], now=now)
        except Unsendable as problem:
            logger.throttled_warning("a message cannot be sent", problem=str(problem))
            return Response(None, str(problem))
        return await self._context.client.post(request.url, body=request.body, headers=request.headers)
