"""One connection that comes back after a failure, and asks again until there is an answer.

Asking again is safe: a registration carries an Idempotency-Key, and reading a ticket changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter

from rehearsal.http import Connection, ConnectionLost, Reply, Target

ANSWER_SECONDS = 30.0
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
# Servers close what is idle for some seconds, often just when the next request is on its way.
LONGEST_IDLE = 1.0
_TRY_AGAIN = {429, 502, 503, 504}


class Line:
    """One place of a crowd. `retries` counts by cause, and is shared by all lines of a process.

    `first_sent_at` and `last_sent_at` say when the first and the last of the present question's `tries` were sent.
    """

    def __init__(self, *, target: Target, retries: Counter[str], given_up: asyncio.Event) -> None:
        self._target = target
        self._retries = retries
        self._given_up = given_up
        self._connection: Connection | None = None
        self.first_sent_at = 0.0
        self.last_sent_at = 0.0
        self.tries = 0

    async def ask(self, request: bytes) -> Reply | None:
        """The answer, or None when the whole rehearsal was given up before there was one.

        Raises:
            Unreadable: what answers is not the service.
        """
        pause, self.first_sent_at, self.tries = FIRST_PAUSE, 0.0, 0
        while not self._given_up.is_set():
            self.tries += 1
            try:
                reply = await self._once(request)
            except ConnectionLost:
                self._retries["connection"] += 1
                wait, pause = pause, min(2 * pause, 2.0)
            else:
                if reply.status not in _TRY_AGAIN:
                    return reply
                self._retries[str(reply.status)] += 1
                wait = retry_after(reply, default=1.0)
            if wait >= LONGEST_IDLE:
                self.close()
            await self.pause(min(wait, LONGEST_PAUSE))
        return None

    async def pause(self, seconds: float) -> None:
        """Sleeps, or returns early because the rehearsal was given up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._given_up.wait()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _once(self, request: bytes) -> Reply:
        try:
            if self._connection is None or not self._connection.usable:
                self._connection = await Connection.open(self._target, seconds=ANSWER_SECONDS)
            self.last_sent_at = time.monotonic()
            self.first_sent_at = self.first_sent_at or self.last_sent_at
            reply = await self._connection.exchange(request, seconds=ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise
        if reply.closes:
            self.close()
        return reply


def retry_after(reply: Reply, *, default: float) -> float:
    """The seconds the service asks to wait."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else default
