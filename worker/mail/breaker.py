"""No attempts while the mail server is away. One breaker for all connections of a mailer.

It opens when a connection cannot be made or this service is refused, for as long as a busy server asks for, or after
some attempts in a row that broke; then a single attempt is let through, and it opens for twice as long if that fails as
well. A refusal of a mail is an answer: the server is there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from worker.mail.answers import Verdict

BREAKS_TO_OPEN = 5
FIRST_OPEN_SECONDS = 5.0
LONGEST_OPEN_SECONDS = 300.0
# A server that limits connections refuses a further one while it serves the others.
ALIVE_SECONDS = 5.0


class Breaker:
    """Shared by the threads of a mailer. Times are of `clock`, in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, haste: float = 1) -> None:
        self._clock, self._haste = clock, haste
        self._lock = threading.Lock()
        self._breaks = self._trips = 0
        self._open_until = self._answered_at = float("-inf")

    @property
    def seconds_left(self) -> float:
        """For how long nothing is to be sent; 0 while it is closed."""
        return max(0.0, self._open_until - self._clock())

    @property
    def probing(self) -> bool:
        """Whether a single attempt is to show that the server is back."""
        return self._trips > 0

    @property
    def server_alive(self) -> bool:
        """Whether the server has answered just now."""
        return self._clock() < self._answered_at + ALIVE_SECONDS / self._haste

    def note(self, verdict: Verdict, *, retry_after: float = 0) -> None:
        """Notes what came of an attempt."""
        with self._lock:
            if verdict in (Verdict.UNREACHABLE, Verdict.BUSY):
                self._open(retry_after)
            elif verdict is Verdict.BROKEN:
                self._breaks += 1
                if self._trips or self._breaks >= BREAKS_TO_OPEN:
                    self._open()
            else:
                self._breaks = self._trips = 0
                self._open_until, self._answered_at = float("-inf"), self._clock()

    def _open(self, asked: float = 0) -> None:
        if self.seconds_left:
            return
        seconds = min(LONGEST_OPEN_SECONDS, asked or FIRST_OPEN_SECONDS * 2 ** min(self._trips, 10))
        self._trips += 1
        self._open_until = self._clock() + seconds / self._haste
