"""Records attempts in bulk, and releases claims that will not be used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from events.ledger.webhooks.attempts import Attempt, record
from events.ledger.webhooks.claims import ClaimedDelivery, release
from omnify.common.logs import get_logger
from worker.webhooks.context import DATABASE_ERRORS, DatabaseThread, DispatchContext, back_off, wait_for

logger = get_logger(__name__)

LOOK_SECONDS = 1.0
# Attempts gather this long before they are written: a transaction for each would cost more than the requests.
GATHER_SECONDS = 0.05


class Recorder:
    """Keeps attempts in memory until the database has them.

    Args:
        recorded: called with attempts that are written, and the endpoints that nothing should be sent to for now.
        stopping: set when the dispatcher stops: from then on, failures are retried without a pause.
    """

    def __init__(
        self,
        context: DispatchContext,
        *,
        recorded: Callable[[Sequence[Attempt], set[int]], Awaitable[None]],
        stopping: asyncio.Event,
    ) -> None:
        self._context = context
        self._recorded = recorded
        self._stopping = stopping
        self._database = DatabaseThread("record")
        self._attempts: list[Attempt] = []
        self._work = asyncio.Event()
        self._finishing = False

    def add(self, attempt: Attempt) -> None:
        """Takes a completed attempt."""
        self._attempts.append(attempt)
        self._work.set()

    async def run(self) -> None:
        """Writes attempts until `finish` is called and all are written."""
        while not (self._finishing and not self._attempts):
            await wait_for(self._work, seconds=LOOK_SECONDS)
            self._work.clear()
            await asyncio.sleep(GATHER_SECONDS)
            if self._attempts:
                await self._record()

    def finish(self) -> None:
        """Lets `run` end: no more attempts will be added."""
        self._finishing = True
        self._work.set()

    async def _record(self) -> None:
        attempts, self._attempts = self._attempts, []
        try:
            blocked_endpoints = await self._database.run(lambda: self._write(attempts))
        except DATABASE_ERRORS as problem:
            self._attempts = attempts + self._attempts
            await back_off(problem, self._stopping)
            self._work.set()
            return
        await self._recorded(attempts, blocked_endpoints)

    def _write(self, attempts: Sequence[Attempt]) -> set[int]:
        self._context.checkpoint("deliver.before_record")
        blocked_endpoints = record(attempts, now=self._context.clock())
        if self._context.on_recorded is not None:
            self._context.on_recorded(attempts)
        return blocked_endpoints

    async def release(self, deliveries: Sequence[ClaimedDelivery]) -> None:
        """Gives up claims on deliveries that will not be sent. If that fails, the claims expire."""
        if not deliveries:
            return
        try:
            await self._database.run(lambda: release(deliveries))
        except DATABASE_ERRORS as problem:
            logger.warning("claims were not given back", problem=type(problem).__name__)

    async def close(self) -> None:
        """Ends the thread and its connection."""
        await self._database.close()
