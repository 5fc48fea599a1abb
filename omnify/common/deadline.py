"""A deadline for many awaits at once, nearly free for those that do not need it.

`asyncio.timeout` costs a twentieth of a registration. All who wait here have the same time, so one timer, set to the
oldest, does for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

# For a whole body: a client that sends a byte now and then must not keep its place for hours.
BODY_SECONDS = 15.0

Result = TypeVar("Result")


class SharedTimeout:
    """Gives each await `seconds`. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[asyncio.Task[Any], float] = {}  # oldest first
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, work: Awaitable[Result]) -> Result:
        """The result of `work`, one at a time for each task. Raises TimeoutError if it takes too long."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._due[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look, loop)
        try:
            return await work
        except asyncio.CancelledError:
            # Taken out by us; if somebody else cancels it too, theirs goes on.
            if task not in self._due and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._due.pop(task, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task, due in list(self._due.items()):
            if due > now:
                self._timer = loop.call_at(due, self._look, loop)
                return
            del self._due[task]
            task.cancel()
