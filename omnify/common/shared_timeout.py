"""One timeout for many awaits at once, nearly free for those that finish in time.

`asyncio.timeout` costs a twentieth of a registration. All awaits here have the same timeout, so one timer, set for the
oldest of them, is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

# For a whole body: a client that sends a byte now and then must not hold its request open for hours.
BODY_SECONDS = 15.0
# Not a divisor of the pauses of clients that send a byte every second: those would be swallowed again.
_AGAIN_SECONDS = 0.3

Result = TypeVar("Result")


class SharedTimeout:
    """Limits each await to `seconds`. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[asyncio.Task[Any], float] = {}  # oldest first
        self._cancelled: dict[asyncio.Task[Any], int] = {}  # how often each was cancelled here
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, work: Awaitable[Result]) -> Result:
        """Returns the result of `work`; raises TimeoutError if it takes too long. One call at a time for each task."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._due[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._cancel_overdue, loop)
        try:
            return await work
        except asyncio.CancelledError:
            # If the task was also cancelled from elsewhere, that goes on.
            if task in self._cancelled and self._uncancel(task) == 0:
                raise TimeoutError from None
            raise
        finally:
            self._due.pop(task, None)
            if task in self._cancelled:
                self._uncancel(task)

    def _uncancel(self, task: asyncio.Task[Any]) -> int:
        """Takes back the cancellations made here, and returns how many from elsewhere are left."""
        for _ in range(self._cancelled.pop(task)):
            task.uncancel()
        return task.cancelling()

    def _cancel_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        # Again: before Python 3.12 `asyncio.wait_for` swallows a cancellation if what it waits for happens in the same
        # turn of the loop, and a client that sends a byte now and then would stay.
        for task in list(self._cancelled):
            self._cancel(task)
        for task, due in list(self._due.items()):
            if due > now:
                break
            del self._due[task]
            self._cancel(task)
        following = [now + _AGAIN_SECONDS] if self._cancelled else []
        following += list(self._due.values())[:1]
        self._timer = loop.call_at(min(following), self._cancel_overdue, loop) if following else None

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        self._cancelled[task] = self._cancelled.get(task, 0) + 1
        task.cancel()
