"""Delivers the outbox: claims what is due, sends many at once, records what came of it.

    claim (one short transaction) → line of its endpoint → send → record (one short transaction)

Everything runs on one event loop; the database is asked in threads beside it. Each endpoint has a line of its own
and few requests under way, so that one that hangs delays nobody else. What is claimed and not recorded when the
process dies is claimed again when the claim has run out: sent twice at worst, never lost.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection

from events.domain.webhooks.retry import AttemptResult
from events.ledger.webhooks.attempts import Attempt, record
from events.ledger.webhooks.claims import ClaimedDelivery, Destination, EndpointCapacity, claim, destinations, release
from omnify.common.logs import get_logger
from worker.failpoints import Failpoint
from worker.webhooks.client import TIMEOUT_SECONDS, Reply, WebhookClient
from worker.webhooks.endpoint_queue import FIRST_ROOM, EndpointQueue
from worker.webhooks.reporting import report
from worker.webhooks.signed_request import RequestSigner, Unsendable

logger = get_logger(__name__)

LEASE = timedelta(seconds=45)
# An attempt begins only while its claim outlives it, with time to record it.
NEEDED = timedelta(seconds=TIMEOUT_SECONDS + 5)
LOOK_SECONDS = 1.0
# Results gather this long before they are written: a transaction for each would cost more than the requests.
GATHER_SECONDS = 0.05
TROUBLE_SECONDS = 2.0
CLAIM_TOTAL = 4000
IN_FLIGHT_TOTAL = 800  # sockets; many systems allow a process 1024 files

Found = TypeVar("Found")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchContext:
    """What a dispatcher works with; `checkpoint` is called at each failpoint, where a crash test may stop the process.

    `haste` is for crash tests too: claims run out so many times sooner. The client's timeout must be as much shorter.
    """

    client: WebhookClient
    signer: RequestSigner
    checkpoint: Callable[[Failpoint], None] = lambda failpoint: None
    clock: Callable[[], datetime] = _utc_now
    jitter: Callable[[], float] = random.random
    haste: int = 1


class Dispatcher:
    """One worker's deliveries, on one event loop."""

    def __init__(self, context: DispatchContext) -> None:
        self._context = context
        self._lines: dict[int, EndpointQueue] = {}
        self._destinations: dict[int, Destination] = {}
        self._done: list[Attempt] = []
        self._in_flight = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._news, self._results = asyncio.Event(), asyncio.Event()
        # One thread to claim and one to record, each with a connection: neither waits for the other.
        self._claiming = ThreadPoolExecutor(max_workers=1, thread_name_prefix="claim")
        self._recording = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")

    async def run(self) -> None:
        """Delivers until `stop`; then ends what is under way and gives the rest back."""
        recorder = asyncio.create_task(self._keep_recording())
        async with self._context.client:
            while not self._stopping:
                self._news.clear()
                await self._look()
                await _within(LOOK_SECONDS, self._news)
            await self._give_back(self._lines.values())
            await asyncio.gather(*self._tasks)
            self._results.set()
            await recorder
        for pool in (self._claiming, self._recording):
            # In that thread: `connection` is another object in each.
            await self._in(pool, lambda: connection.close())
            pool.shutdown()

    def wake(self) -> None:
        """There may be something to send. From the loop's own thread."""
        self._news.set()

    def stop(self) -> None:
        """No new attempts from now on. From the loop's own thread."""
        self._stopping = True
        self._news.set()

    # Claiming

    async def _look(self) -> None:
        """Takes what is due into the lines. Out of reach, the database is asked again a little later."""
        held = {endpoint: line.held() for endpoint, line in self._lines.items()}
        try:
            rows, found = await self._in(self._claiming, lambda: self._claim(held))
        except (DatabaseError, InterfaceError) as problem:
            await self._out_of_reach(problem)
            return
        self._destinations.update(found)
        for endpoint, mine in _by_endpoint(rows).items():
            self._lines.setdefault(endpoint, EndpointQueue()).took(mine)
        for line in self._lines.values():
            self._fill(line)
        self._lines = {endpoint: line for endpoint, line in self._lines.items() if not line.forgettable()}

    def _claim(self, held: Mapping[int, EndpointCapacity]) -> tuple[list[ClaimedDelivery], dict[int, Destination]]:
        now = self._context.clock()
        rows = claim(now=now, until=now + LEASE / self._context.haste, held=held, room=FIRST_ROOM, total=CLAIM_TOTAL)
        if not rows:
            return [], {}
        self._context.checkpoint("deliver.after_claim")
        return rows, destinations(sorted({row.webhook_id for row in rows}), now=now)

    async def _give_back(self, lines: Iterable[EndpointQueue]) -> None:
        rows = [row for line in lines for row in line.empty()]
        if not rows:
            return
        try:
            await self._in(self._recording, lambda: release(rows))
        except (DatabaseError, InterfaceError) as problem:
            # The claims run out by themselves.
            logger.warning("claims were not given back", problem=type(problem).__name__)

    # Sending

    def _fill(self, line: EndpointQueue) -> None:
        """Starts as many requests as the endpoint may have now."""
        while line.busy < min(line.window, len(line.rows)) and self._in_flight < IN_FLIGHT_TOTAL:
            line.busy += 1
            self._in_flight += 1
            task = asyncio.create_task(self._work(line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, line: EndpointQueue) -> None:
        """Sends one message of the line after the other, as long as the endpoint may have so many at once."""
        try:
            while line.rows and line.busy <= line.window and not self._stopping:
                row = line.rows.popleft()
                if row.claimed_until - self._context.clock() < NEEDED / self._context.haste:
                    # Somebody else may have it soon.
                    line.in_hand -= 1
                    continue
                attempt = await self._attempt(row)
                line.note(delivered=attempt.result.delivered)
                self._done.append(attempt)
                self._results.set()
                self._fill(line)
        finally:
            line.busy -= 1
            self._in_flight -= 1

    async def _attempt(self, row: ClaimedDelivery) -> Attempt:
        started = self._context.clock()
        reply = await self._send(row, started)
        result = AttemptResult(
            status=reply.status, started_at=started, ended_at=self._context.clock(), retry_after=reply.retry_after
        )
        return Attempt(delivery=row, result=result, error=reply.error, jitter=self._context.jitter())

    async def _send(self, row: ClaimedDelivery, now: datetime) -> Reply:
        try:
            letter = self._context.signer.write(row, self._destinations[row.webhook_id], now=now)
        except Unsendable as problem:
            return Reply(None, str(problem))
        return await self._context.client.post(letter.url, body=letter.body, headers=letter.headers)

    # Recording

    async def _keep_recording(self) -> None:
        """Writes results until there will be no more. They are kept until the database has them."""
        while not (self._stopping and not self._tasks and not self._done):
            await _within(LOOK_SECONDS, self._results)
            self._results.clear()
            await asyncio.sleep(GATHER_SECONDS)
            if self._done:
                await self._record()

    async def _record(self) -> None:
        attempts, self._done = self._done, []
        try:
            closed = await self._in(self._recording, lambda: self._write(attempts))
        except (DatabaseError, InterfaceError) as problem:
            self._done = attempts + self._done
            await self._out_of_reach(problem)
            self._results.set()
            return
        for attempt in attempts:
            self._lines[attempt.delivery.endpoint_id].in_hand -= 1
        report(attempts)
        await self._give_back([self._lines[endpoint] for endpoint in closed])
        # There is room for more, and a ticket's next message may go now that the one before it has arrived.
        self._news.set()

    def _write(self, attempts: list[Attempt]) -> set[int]:
        self._context.checkpoint("deliver.before_record")
        return record(attempts, now=self._context.clock())

    # The database

    async def _in(self, pool: ThreadPoolExecutor, call: Callable[[], Found]) -> Found:
        return await asyncio.get_running_loop().run_in_executor(pool, _with_a_connection, call)

    async def _out_of_reach(self, problem: Exception) -> None:
        logger.warning("the outbox is out of reach", problem=type(problem).__name__)
        if not self._stopping:
            await asyncio.sleep(TROUBLE_SECONDS)


def _with_a_connection(call: Callable[[], Found]) -> Found:
    """A connection that failed is closed: the next call opens another one."""
    try:
        return call()
    except (DatabaseError, InterfaceError):
        connection.close()
        raise


def _by_endpoint(rows: Iterable[ClaimedDelivery]) -> dict[int, list[ClaimedDelivery]]:
    found: dict[int, list[ClaimedDelivery]] = {}
    for row in rows:
        found.setdefault(row.endpoint_id, []).append(row)
    return found


async def _within(seconds: float, event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
