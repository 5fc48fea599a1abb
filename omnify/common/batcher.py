"""Micro-batching: items that arrive while a call is in flight are sent together in the next one.

An idle batcher adds no delay; a busy one makes batches that grow with the crowd.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

# Bounds the time that one script call blocks Redis: about 3 ms.
BATCH_LIMIT = 500
# Turns of the event loop between two calls. A client that was just answered and sends its next request at once is then
# in the next batch. A call costs as much as several items, so at 32 connections this answers a fifth more requests. An
# idle loop makes these turns within microseconds.
TURNS = 6

Item = TypeVar("Item")
Result = TypeVar("Result")
Awaited = TypeVar("Awaited", contravariant=True)


class Waiter(Protocol[Awaited]):
    """Gets the result of one item."""

    def done(self) -> bool:
        """Tells whether nothing waits for the result any more."""

    def set_result(self, result: Awaited, /) -> None:
        """Gets the result; ignores it if nothing waits for it any more. Must not raise: the batch has other items."""

    def set_exception(self, problem: Exception, /) -> None:
        """Gets the exception of the whole batch, in the same way."""


class Batcher(Generic[Item, Result]):
    """Combines single items into calls of up to `limit` items, one call in flight at a time.

    `call` gets the items in order and returns as many results in the same order; one that is an exception fails its
    item. If `call` raises, every item of that batch gets the exception, and the next batch goes on. A client that
    disconnects loses only its own result.
    """

    __slots__ = ("_call", "_limit", "_on_idle", "_pump_task", "_waiting")

    def __init__(
        self,
        call: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        limit: int,
        on_idle: Callable[[], Any] = lambda: None,
    ) -> None:
        self._call = call
        self._limit = limit
        self._on_idle = on_idle
        self._waiting: deque[tuple[Item, Waiter[Result]]] = deque()
        self._pump_task: asyncio.Task[None] | None = None

    def ask(self, item: Item) -> asyncio.Future[Result]:
        """Returns a future of the item's result. Cancelling it withdraws nothing: an item once sent may take effect."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.put(item, _Future(future))
        return future

    def put(self, item: Item, waiter: Waiter[Result]) -> None:
        """Has `waiter` told the item's result. It costs no future and no task; it is not called before this returns."""
        self._waiting.append((item, waiter))
        if self._pump_task is None:
            self._pump_task = asyncio.get_running_loop().create_task(self._pump())

    async def _pump(self) -> None:
        try:
            while self._waiting:
                await self._next_batch()
                for _ in range(TURNS):
                    await asyncio.sleep(0)
        finally:
            self._pump_task = None
            self._on_idle()

    async def _next_batch(self) -> None:
        waiting = self._waiting
        batch = [waiting.popleft() for _ in range(min(self._limit, len(waiting)))]
        # Items whose clients disconnected before the call are not sent.
        batch = [pair for pair in batch if not pair[1].done()]
        if not batch:
            return
        try:
            results = await self._call([item for item, _ in batch])
        except Exception as problem:
            for _, waiter in batch:
                waiter.set_exception(problem)
            return
        for (_, waiter), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                waiter.set_exception(result)
            else:
                waiter.set_result(result)


class _Future(Generic[Result]):
    """Tells a future, which a client that disconnects may have cancelled."""

    __slots__ = ("_future",)

    def __init__(self, future: asyncio.Future[Result]) -> None:
        self._future = future

    def done(self) -> bool:
        return self._future.done()

    def set_result(self, result: Result, /) -> None:
        if not self._future.done():
            self._future.set_result(result)

    def set_exception(self, problem: Exception, /) -> None:
        if not self._future.done():
            self._future.set_exception(problem)


class EventBatchers(Generic[Item, Result]):
    """A batcher for each busy event. Idle ones are dropped, so a flood of event ids uses no memory."""

    __slots__ = ("_batchers", "_call", "_limit")

    def __init__(
        self, call: Callable[[int, list[Item]], Awaitable[Sequence[Result | Exception]]], *, limit: int = BATCH_LIMIT
    ) -> None:
        self._call = call
        self._limit = limit
        self._batchers: dict[int, Batcher[Item, Result]] = {}

    def ask(self, event_id: int, item: Item) -> asyncio.Future[Result]:
        """Returns a future of the result for one item of one event."""
        return (self._batchers.get(event_id) or self._begin(event_id)).ask(item)

    def put(self, event_id: int, item: Item, waiter: Waiter[Result]) -> None:
        """Has `waiter` told the result for one item of one event."""
        (self._batchers.get(event_id) or self._begin(event_id)).put(item, waiter)

    def _begin(self, event_id: int) -> Batcher[Item, Result]:
        batcher = Batcher(
            partial(self._call, event_id),
            limit=self._limit,
            on_idle=partial(self._batchers.pop, event_id, None),
        )
        self._batchers[event_id] = batcher
        return batcher
