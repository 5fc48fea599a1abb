"""Batches of calls to admission that load the event first where Redis has no copy of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from events.admission.errors import EventNotLoaded
from events.door.loader import Loader
from omnify.common.batcher import EventBatchers, Waiter

Item = TypeVar("Item")
Result = TypeVar("Result")


class LoadingBatchers(Generic[Item, Result]):
    """One batcher for each busy event, whose `call` may raise EventNotLoaded or have it as an item's result.

    With `lane_of`, events of which it says the same share a batcher, and `call` gets that in place of the event's id.
    All methods raise QueueUnavailable and DatabaseUnavailable, and return None if there is no such event.
    """

    __slots__ = ("_batchers", "_lane_of", "_loader")

    def __init__(
        self,
        loader: Loader,
        call: Callable[[int, list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        lane_of: Callable[[int], int] = int,
    ) -> None:
        self._loader = loader
        self._lane_of = lane_of
        self._batchers = EventBatchers[Item, Result](call)

    async def ask(self, event_id: int, item: Item) -> Result | None:
        """Returns the result for one item of one event."""
        try:
            return await self._batchers.ask(self._lane_of(event_id), item)
        except EventNotLoaded:
            return await self.load_and_ask(event_id, item)

    def put(self, event_id: int, item: Item, waiter: Waiter[Result]) -> None:
        """Has `waiter` told the result, or EventNotLoaded: then it goes on with `load_and_ask`."""
        self._batchers.put(self._lane_of(event_id), item, waiter)

    async def load_and_ask(self, event_id: int, item: Item) -> Result | None:
        """Copies the event from the ledger into Redis, then does the same."""
        if not await self._loader.load_event(event_id):
            return None
        try:
            return await self._batchers.ask(self._lane_of(event_id), item)
        except EventNotLoaded:
            # It is being deleted: Redis takes no copy of it any more.
            return None
