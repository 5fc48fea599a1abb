"""Cancels tickets of one process, at different moments.

    at once   right after the 202, mostly while the ticket is queued
    later     after `LATER_AFTER` further responses to this process; the ticket may be queued or decided
    decided   after the decision was read; also tickets still due `later` then

A cancellation without a response is repeated until there is one: repeating is harmless.
"""

from __future__ import annotations

import time
from collections import deque

import msgspec

from rehearsal.crowd import Moment, Registration
from rehearsal.envelope import Envelope, decode
from rehearsal.http import Response, Target
from rehearsal.records import ACCEPTED, CancellationResult, RegistrationResult
from rehearsal.retrying import RetryingConnection

LATER_AFTER = 100


class _ReturnData(msgspec.Struct):
    cancellation_sequence: int | None = None


_decoder = msgspec.json.Decoder(Envelope[_ReturnData])


class Cancellations:
    """The cancellations of one process; `seen` holds the results so far."""

    def __init__(self, target: Target) -> None:
        self.seen: list[CancellationResult] = []
        self._target = target
        self._answered = 0
        self._waiting: dict[str, int] = {}  # ticket -> times
        self._later: deque[tuple[int, str]] = deque()

    async def registered(
        self, connection: RetryingConnection, registration: Registration, result: RegistrationResult
    ) -> None:
        """Takes the result of a registration, and cancels the tickets that are due now."""
        self._answered += 1
        if result.accepted and registration.cancels is not None:
            moment, times = registration.cancels
            self._waiting[result.ticket_id] = times
            if moment is Moment.AT_ONCE:
                await self.cancel(connection, result.ticket_id)
            elif moment is Moment.LATER:
                self._later.append((self._answered + LATER_AFTER, result.ticket_id))
        while self._later and self._later[0][0] <= self._answered:
            await self.cancel(connection, self._later.popleft()[1])

    async def cancel(self, connection: RetryingConnection, ticket_id: str) -> None:
        """Cancels a ticket, as often as planned. Does nothing if it is to be kept, or was cancelled before."""
        for _ in range(self._waiting.pop(ticket_id, 0)):
            response = await connection.send(self._target.request("DELETE", f"/registrations/{ticket_id}"))
            self.seen.append(_cancellation_result(ticket_id, connection, response))


def _cancellation_result(
    ticket_id: str, connection: RetryingConnection, response: Response | None
) -> CancellationResult:
    status, body = decode(_decoder, response)
    sequence = body.data.cancellation_sequence if status == ACCEPTED and body.data else None
    return CancellationResult(
        ticket_id, status, body.code, sequence, connection.first_sent_at, time.monotonic(), connection.tries
    )
