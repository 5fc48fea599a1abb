"""The people of one process who give their ticket back, at different moments.

    at once   right behind the 202, mostly while the ticket is queued
    later     when `LATER_AFTER` others of this process have been answered: queued or decided, as it comes
    decided   when the decision was read; whoever should have gone later, and for whom too few came, goes then as well

A cancellation without an answer is asked for again until there is one: asking twice is harmless.
"""

from __future__ import annotations

import time
from collections import deque

import msgspec

from rehearsal.crowd import Moment, Registration
from rehearsal.http import Reply, Target
from rehearsal.line import Line
from rehearsal.records import ACCEPTED, NO_ANSWER, Answer, Return

LATER_AFTER = 100


class _ReturnData(msgspec.Struct):
    cancellation_sequence: int | None = None


class _Body(msgspec.Struct):
    code: str = ""
    data: _ReturnData | None = None


_decoder = msgspec.json.Decoder(_Body)


class Returns:
    """`seen` holds what was answered so far."""

    def __init__(self, target: Target) -> None:
        self.seen: list[Return] = []
        self._target = target
        self._answered = 0
        self._waiting: dict[str, int] = {}  # ticket -> times
        self._later: deque[tuple[int, str]] = deque()

    async def registered(self, line: Line, registration: Registration, answer: Answer) -> None:
        """Somebody was answered: they, or somebody before them, may give their ticket back now."""
        self._answered += 1
        if answer.accepted and registration.gives_back is not None:
            moment, times = registration.gives_back
            self._waiting[answer.ticket_id] = times
            if moment is Moment.AT_ONCE:
                await self.give_back(line, answer.ticket_id)
            elif moment is Moment.LATER:
                self._later.append((self._answered + LATER_AFTER, answer.ticket_id))
        while self._later and self._later[0][0] <= self._answered:
            await self.give_back(line, self._later.popleft()[1])

    async def give_back(self, line: Line, ticket_id: str) -> None:
        """As often as is meant. Nothing for a ticket that is kept, or was given back before."""
        for _ in range(self._waiting.pop(ticket_id, 0)):
            reply = await line.ask(self._target.request("DELETE", f"/registrations/{ticket_id}"))
            self.seen.append(_return(ticket_id, line, reply))


def _return(ticket_id: str, line: Line, reply: Reply | None) -> Return:
    status, body = (NO_ANSWER, _Body()) if reply is None else (reply.status, _decode(reply))
    place = body.data.cancellation_sequence if status == ACCEPTED and body.data else None
    return Return(ticket_id, status, body.code, place, line.first_sent_at, time.monotonic(), line.tries)


def _decode(reply: Reply) -> _Body:
    """An answer that is not in the service's shape has neither code nor data, and fails the proofs."""
    try:
        return _decoder.decode(reply.body)
    except msgspec.MsgspecError:
        return _Body()
