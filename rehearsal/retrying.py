"""One connection that is reopened after a failure, and repeats a request until there is a response.

Repeating is safe: a registration carries an Idempotency-Key, and reading a ticket changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter

from rehearsal.http import Connection, ConnectionLost, Response, Target

ANSWER_SECONDS = 30.0
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
# Servers close connections that are idle for some seconds, often just as the next request is sent.
LONGEST_IDLE = 1.0
_TRY_AGAIN = {429, 502, 503, 504}


class RetryingConnection:
    """A connection of the crowd. `retries` counts by cause, and is shared by all connections of a process.

    `first_sent_at` and `last_sent_at` are the times of the first and the last of the current request's `tries`.
    """

    def __init__(self, *, target: Target, retries: Counter[str], given_up: asyncio.Event) -> None:
        self._target = target
        self._retries = retries
        self._given_up = given_up
        self._connection: Connection | None = None
        self.first_sent_at = 0.0
        self.last_sent_at = 0.0
        self.tries = 0

    async def send(self, request: bytes) -> Response | None:
        """Returns the response; None if the rehearsal was given up before there was one.

        Raises:
            Unreadable: the response is not the service's.
        """
        pause, self.first_sent_at, self.tries = FIRST_PAUSE, 0.0, 0
        while not self._given_up.is_set():
            self.tries += 1
            try:
                response = await self._once(request)
            except ConnectionLost:
                self._retries["connection"] += 1
                wait, pause = pause, min(2 * pause, 2.0)
            else:
                if response.status not in _TRY_AGAIN:
                    return response
                self._retries[str(response.status)] += 1
                wait = retry_after(response, default=1.0)
            if wait >= LONGEST_IDLE:
                self.close()
            await self.pause(min(wait, LONGEST_PAUSE))
        return None

    async def pause(self, seconds: float) -> None:
        """Sleeps; returns early if the rehearsal is given up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._given_up.wait()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _once(self, request: bytes) -> Response:
        try:
            if self._connection is None or not self._connection.usable:
                self._connection = await Connection.open(self._target, seconds=ANSWER_SECONDS)
            self.last_sent_at = time.monotonic()
            self.first_sent_at = self.first_sent_at or self.last_sent_at
            response = await self._connection.exchange(request, seconds=ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise
        if response.closes:
            self.close()
        return response


def retry_after(response: Response, *, default: float) -> float:
    """Returns the seconds in `Retry-After`, or `default`."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else default
