"""The thread in which a Celery worker of the queue `webhooks` delivers.

Celery brings hints that there is something to send; a hint may be lost, since the dispatcher looks by itself too.
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
    """Runs a dispatcher until `stop`. A dispatcher that cannot go on ends its process, which is then started again."""

    def __init__(self, make: Callable[[], Dispatcher]) -> None:
        self._make = make
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dispatcher: Dispatcher | None = None
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Returns when the dispatcher may be woken."""
        self._thread.start()
        self._started.wait()

    def wake(self) -> None:
        """Passes a hint on; without a dispatcher it is for another worker."""
        if self._loop and self._dispatcher:
            self._loop.call_soon_threadsafe(self._dispatcher.wake)

    def stop(self) -> None:
        """Waits for what is under way."""
        if self._loop and self._dispatcher and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._dispatcher.stop)
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            uvloop.run(self._deliver())
        except BaseException:
            logger.error("the dispatcher cannot go on", problem="see the exception")
            logger.exception("the dispatcher's last words")
            os.kill(os.getpid(), signal.SIGTERM)

    async def _deliver(self) -> None:
        self._loop, self._dispatcher = asyncio.get_running_loop(), self._make()
        self._started.set()
        await self._dispatcher.run()
