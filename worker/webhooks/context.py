"""What the parts of a dispatcher share: what they are given, and a thread each to ask the database in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection

from events.ledger.webhooks.attempts import Attempt
from omnify.common.logs import get_logger
from worker.failpoints import Failpoint
from worker.webhooks.client import WebhookClient
from worker.webhooks.signed_request import RequestSigner

logger = get_logger(__name__)

DATABASE_ERRORS = (DatabaseError, InterfaceError)
BACK_OFF_SECONDS = 2.0

Found = TypeVar("Found")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchContext:
    """The dependencies of a dispatcher.

    Args:
        checkpoint: called at each failpoint, where a crash test may stop the process.
        jitter: returns a number from 0 to 1, each attempt's share of the longest jitter.
        on_recorded: told attempts once they are recorded, in the thread and on the connection that recorded them.
        done: called when due deliveries have been claimed, as long as the dispatcher's loop goes round.
        haste: for tests: claims run out this many times sooner. The client's timeout must be shorter by as much.
    """

    client: WebhookClient
    signer: RequestSigner
    checkpoint: Callable[[Failpoint], None] = lambda failpoint: None
    clock: Callable[[], datetime] = _utc_now
    jitter: Callable[[], float] = random.random
    on_recorded: Callable[[Sequence[Attempt]], None] | None = None
    done: Callable[[], None] = lambda: None
    haste: float = 1


class DatabaseThread:
    """One thread with a database connection of its own, so that a query does not block the event loop."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, query: Callable[[], Found]) -> Found:
        """Runs `query` in the thread. Raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _run_on_connection, query)

    async def close(self) -> None:
        """Closes the connection, in its own thread (`connection` is another object in each), and ends the thread."""
        await self.run(lambda: connection.close())
        self._pool.shutdown()


def _run_on_connection(query: Callable[[], Found]) -> Found:
    """Closes a connection that failed: the next query opens another one."""
    try:
        return query()
    except DATABASE_ERRORS:
        connection.close()
        raise


async def back_off(problem: Exception, stopping: asyncio.Event) -> None:
    """Waits before the database is asked again; not while the dispatcher is stopping."""
    logger.warning("the outbox is out of reach", problem=type(problem).__name__)
    if not stopping.is_set():
        await asyncio.sleep(BACK_OFF_SECONDS)


async def wait_for(event: asyncio.Event, *, seconds: float) -> None:
    """Waits until `event` is set, `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
