"""The deadline of each call of the door, by the clock of the server that it goes to."""

from __future__ import annotations

from omnify.common.redis_client import CALL_VALID_SECONDS


class ServerClock:
    """The deadline of each call, by the server's clock.

    A server that hangs (a stopped process, a full disk) may read a call long after the door has timed out and answered
    503. The call carries its own deadline, so that it has no effect then. Until the first reply the server's clock is
    unknown.
    """

    def __init__(self) -> None:
        self._ahead_ms: float | None = None

    def update(self, server_ms: int, sent: float) -> None:
        """Learns from a reply to a call that was sent at `sent` (seconds): the server is ahead by this much at most."""
        self._ahead_ms = server_ms - sent * 1000

    def deadline_ms(self, sent: float) -> int:
        """Returns the last moment at which a call sent now may take effect; 0 until the server's clock is known."""
        if self._ahead_ms is None:
            return 0
        return int(sent * 1000 + self._ahead_ms + CALL_VALID_SECONDS * 1000)
