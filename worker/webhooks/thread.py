"""The thread in which a Celery worker of the queue `webhooks` delivers.

Celery brings wake-ups when there is something to send. One may be lost: the dispatcher also looks once a second.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import uvloop

from omnify.common.logs import get_logger
from worker.webhooks.dispatcher import Dispatcher

logger = get_logger(__name__)

STOP_SECONDS = 17.0


class DispatcherThread:
    """Runs a dispatcher until `stop`. If it fails, it ends the process, for its supervisor to start again."""

    def __init__(self, make: Callable[[], Dispatcher]) -> None:
        self._make = make
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dispatcher: Dispatcher | None = None
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Starts the thread, and returns when the dispatcher can be woken."""
        self._thread.start()
        self._started.wait()

    def wake(self) -> None:
        """Wakes the dispatcher, if this process has one."""
        if self._loop and self._dispatcher:
            self._loop.call_soon_threadsafe(self._dispatcher.wake)

    def stop(self) -> None:
        """Stops the dispatcher, and waits `STOP_SECONDS` at most for the requests under way."""
        if self._loop and self._dispatcher and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._dispatcher.stop)
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            uvloop.run(self._dispatch())
        except BaseException:
            logger.exception("the dispatcher failed; this process ends")
            os.kill(os.getpid(), signal.SIGTERM)

    async def _dispatch(self) -> None:
        self._loop, self._dispatcher = asyncio.get_running_loop(), self._make()
        self._started.set()
        await self._dispatcher.run()
